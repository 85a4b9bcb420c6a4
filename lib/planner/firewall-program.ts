import type { IpFamily } from '../model/family.ts';
import type { FirewallJump, FirewallProgram } from '../model/firewall-program.ts';
import type { PlannerOptions } from '../model/planner-options.ts';
import { filterChains } from './filter-chains.ts';
import { comment } from './firewall-rule.ts';
import { mangleChains } from './mangle-chains.ts';
import { natChains } from './nat-chains.ts';

/**
 * The iptables program of a family, in kube-proxy's chains and their meaning in IPVS mode. Every rule always stands,
 * for every set always exists: it depends on the configuration alone, and what services there are makes no difference.
 */
export function firewallProgram(family: IpFamily, options: PlannerOptions): FirewallProgram {
  return {
    key: family,
    family,
    chains: [...natChains(family, options), ...filterChains(family, options), ...mangleChains(family)],
    jumps,
  };
}

/** Within a hook, in the order in which a packet meets them: on INPUT the service's ports before anything else. */
const jumps: readonly FirewallJump[] = [
  jump('nat', 'PREROUTING', 'KUBE-SERVICES', 'kubernetes service portals'),
  jump('nat', 'OUTPUT', 'KUBE-SERVICES', 'kubernetes service portals'),
  jump('nat', 'POSTROUTING', 'KUBE-POSTROUTING', 'kubernetes postrouting rules'),
  jump('filter', 'INPUT', 'KUBE-IPVS-FILTER', 'kubernetes ipvs access filter'),
  jump('filter', 'INPUT', 'KUBE-PROXY-FIREWALL', 'kube-proxy firewall rules'),
  jump('filter', 'INPUT', 'KUBE-NODE-PORT', 'kubernetes health check rules'),
  jump('filter', 'FORWARD', 'KUBE-PROXY-FIREWALL', 'kube-proxy firewall rules'),
  jump('filter', 'FORWARD', 'KUBE-FORWARD', 'kubernetes forwarding rules'),
  jump('mangle', 'OUTPUT', 'KUBE-IPVS-OUT-FILTER', 'kubernetes ipvs access filter'),
];

function jump(table: FirewallJump['table'], hook: string, chain: string, text: string): FirewallJump {
  return { table, hook, rule: `${comment(text)} -j ${chain}` };
}
