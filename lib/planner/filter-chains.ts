import type { IpFamily } from '../model/family.ts';
import type { FirewallChain } from '../model/firewall-program.ts';
import type { kubeChains } from '../model/kube-chains.ts';
import type { PlannerOptions } from '../model/planner-options.ts';
import { comment, inSet, masqueradeMark } from './firewall-rule.ts';

/** Our chains in the filter table: what may be forwarded, and who may reach a service's addresses. */
export function filterChains(family: IpFamily, options: PlannerOptions): FirewallChain[] {
  return [
    chain('KUBE-FORWARD', forwardRules(options)),
    chain('KUBE-NODE-PORT', [`${inSet('KUBE-HEALTH-CHECK-NODE-PORT', family, 'dst')} -j ACCEPT`]),
    chain('KUBE-PROXY-FIREWALL', [
      `${inSet('KUBE-LOAD-BALANCER-FW', family, 'dst,dst')} -j KUBE-SOURCE-RANGES-FIREWALL`,
    ]),
    chain('KUBE-SOURCE-RANGES-FIREWALL', sourceRangesRules(family)),
    chain('KUBE-IPVS-FILTER', ipvsFilterRules(family)),
    chain('KUBE-IPVS-OUT-FILTER', []),
  ];
}

function chain(name: (typeof kubeChains)['filter'][number], rules: readonly string[]): FirewallChain {
  return { table: 'filter', name, rules };
}

/** Lets the traffic of services pass where the policy of FORWARD is to drop. */
function forwardRules(options: PlannerOptions): string[] {
  const mark = masqueradeMark(options);
  const text = comment('kubernetes forwarding rules');
  return [
    `${text} -m mark --mark ${mark}/${mark} -j ACCEPT`,
    `${text} -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT`,
  ];
}

/** Drops what is for a load balancer address with source ranges and comes from none of them. */
function sourceRangesRules(family: IpFamily): string[] {
  return [
    `${inSet('KUBE-LOAD-BALANCER-SOURCE-CIDR', family, 'dst,dst,src')} -j RETURN`,
    `${inSet('KUBE-LOAD-BALANCER-SOURCE-IP', family, 'dst,dst,src')} -j RETURN`,
    '-j DROP',
  ];
}

/**
 * A service's addresses answer on the service's ports alone: whatever else listens on the node is not reached through
 * them. Only what opens a connection is rejected, so ICMP errors of existing ones (path MTU) pass as related.
 */
function ipvsFilterRules(family: IpFamily): string[] {
  const unreachable = family === 'IPv4' ? 'icmp-port-unreachable' : 'icmp6-port-unreachable';
  return [
    `${inSet('KUBE-LOAD-BALANCER', family, 'dst,dst')} -j RETURN`,
    `${inSet('KUBE-CLUSTER-IP', family, 'dst,dst')} -j RETURN`,
    `${inSet('KUBE-EXTERNAL-IP', family, 'dst,dst')} -j RETURN`,
    `${inSet('KUBE-EXTERNAL-IP-LOCAL', family, 'dst,dst')} -j RETURN`,
    `${inSet('KUBE-HEALTH-CHECK-NODE-PORT', family, 'dst')} -j RETURN`,
    `-m conntrack --ctstate NEW ${inSet('KUBE-IPVS-IPS', family, 'dst')} -j REJECT --reject-with ${unreachable}`,
  ];
}
