import type { KernelRelease, PlannerOptions } from '../model/planner-options.ts';
import type { Sysctl } from '../model/sysctl.ts';
import { conntrackSysctls } from './conntrack-sysctls.ts';

/** The kernel settings that forwarding depends on (Documentation/networking/ipvs-sysctl.rst, ip-sysctl.rst). */
export function sysctlsOf(options: PlannerOptions): Sysctl[] {
  const values: [key: string, value: string][] = [
    // Without conntrack entries of IPVS connections no rule of the nat table sees them, and none is masqueraded.
    ['net/ipv4/vs/conntrack', '1'],
    ...reuseMode(options.kernel),
    // A connection whose real server is gone ends at its next packet instead of vanishing in silence.
    ['net/ipv4/vs/expire_nodest_conn', '1'],
    // Affinity does not outlast a real server's weight.
    ['net/ipv4/vs/expire_quiescent_template', '1'],
    ['net/ipv4/ip_forward', '1'],
    ...strictArp(options.strictArp),
  ];
  return [...values.map(([key, value]) => ({ key, value })), ...conntrackSysctls(options)];
}

/**
 * Until 5.9 the kernel's own mode 1 delays by a second every new connection that reuses a port of an old one when
 * conntrack is on. Before 4.1 there is no such setting; from 5.9 on the default is right.
 */
function reuseMode({ major, minor }: KernelRelease): [key: string, value: string][] {
  const delays = (major === 4 && minor >= 1) || (major === 5 && minor < 9);
  return delays ? [['net/ipv4/vs/conn_reuse_mode', '0']] : [];
}

function strictArp(strict: boolean): [key: string, value: string][] {
  return strict
    ? [
        ['net/ipv4/conf/all/arp_ignore', '1'],
        ['net/ipv4/conf/all/arp_announce', '2'],
      ]
    : [];
}
