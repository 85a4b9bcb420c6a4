import { access, constants } from 'node:fs/promises';
import { availableParallelism, release } from 'node:os';
import { join } from 'node:path';
import type { HostFacts } from '../config/planning.ts';
import { writableSysctls } from '../kernel/sysctls.ts';
import type { IpFamily } from '../model/family.ts';

/**
 * The families that this host has: IPv6 is missing where the kernel was told `ipv6.disable=1`.
 *
 * @param proc where proc(5) is mounted
 */
export async function hostFamilies(proc = '/proc'): Promise<readonly IpFamily[]> {
  try {
    await access(join(proc, 'net/if_inet6'));
    return ['IPv4', 'IPv6'];
  } catch {
    return ['IPv4'];
  }
}

/** What planning needs to know of this host, but for what the source of the services tells. */
export async function hostFacts(randomFully: boolean): Promise<Omit<HostFacts, 'podCidrs'>> {
  const [families, conntrackLimits] = await Promise.all([hostFamilies(), canSetConntrackLimits()]);
  return { families, kernelRelease: release(), randomFully, cores: availableParallelism(), conntrackLimits };
}

/**
 * Whether the limits of connection tracking can be set from here. In all network namespaces but the first, and where
 * settings can only be read, the kernel only shows them.
 *
 * @param proc where proc(5) is mounted
 * @param writable where settings are written when they cannot be there
 */
export async function canSetConntrackLimits(proc = '/proc', writable = writableSysctls): Promise<boolean> {
  const limit = 'net/netfilter/nf_conntrack_max';
  try {
    await access(join(proc, 'sys', limit), constants.W_OK);
    return true;
  } catch (error) {
    // Where connection tracking is not loaded yet, loading it is the kernel's affair, and what is refused is told.
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return true;
  }
  return access(join(writable, limit), constants.W_OK).then(
    () => true,
    () => false,
  );
}
