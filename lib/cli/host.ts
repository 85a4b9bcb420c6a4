import { access } from 'node:fs/promises';
import { release } from 'node:os';
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
  return { families: await hostFamilies(), kernelRelease: release(), randomFully };
}
