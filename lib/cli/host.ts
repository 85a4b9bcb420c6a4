import { access, constants } from 'node:fs/promises';
import { availableParallelism, release } from 'node:os';
import type { HostFacts } from '../config/planning.ts';
import type { IpFamily } from '../model/family.ts';

/** The families that this host has: IPv6 is missing where the kernel was told `ipv6.disable=1`. */
export async function hostFamilies(): Promise<readonly IpFamily[]> {
  try {
    await access('/proc/net/if_inet6');
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
 * /proc/sys is mounted read-only, the kernel only shows them.
 */
export async function canSetConntrackLimits(): Promise<boolean> {
  try {
    await access('/proc/sys/net/netfilter/nf_conntrack_max', constants.W_OK);
    return true;
  } catch (error) {
    // Where connection tracking is not loaded yet, loading it is the kernel's affair, and what is refused is told.
    return error instanceof Error && 'code' in error && error.code === 'ENOENT';
  }
}
