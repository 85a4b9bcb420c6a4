import type { IpFamily } from '../model/family.ts';
import type { FirewallChain } from '../model/firewall-program.ts';
import type { kubeChains } from '../model/kube-chains.ts';
import type { PlannerOptions } from '../model/planner-options.ts';
import { comment, inSet, masqueradeMark } from './firewall-rule.ts';
import { notLocal } from './local-traffic.ts';

/** Our chains in the filter table: what may be forwarded, and who may reach a service's addresses. */
export function filterChains(family: IpFamily, options: PlannerOptions): FirewallChain[] {
  return [
    chain('KUBE-FORWARD', forwardRules(options)),
    chain('KUBE-NODE-PORT', [`${inSet('KUBE-HEALTH-CHECK-NODE-PORT', family, 'dst')} -j ACCEPT`]),
    chain('KUBE-PROXY-FIREWALL', [
      `${inSet('KUBE-LOAD-BALANCER-FW', family, 'dst,dst')} -j KUBE-SOURCE-RANGES-FIREWALL`,
    ]),
    chain('KUBE-SOURCE-RANGES-FIREWALL', sourceRangesRules(family)),
    chain('KUBE-IPVS-FILTER', ipvsFilterRules(family, options)),
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
function ipvsFilterRules(family: IpFamily, options: PlannerOptions): string[] {
  return [
    ...unservedRules(family, options),
    `${inSet('KUBE-LOAD-BALANCER', family, 'dst,dst')} -j RETURN`,
    `${inSet('KUBE-CLUSTER-IP', family, 'dst,dst')} -j RETURN`,
    `${inSet('KUBE-EXTERNAL-IP', family, 'dst,dst')} -j RETURN`,
    `${inSet('KUBE-EXTERNAL-IP-LOCAL', family, 'dst,dst')} -j RETURN`,
    `${inSet('KUBE-HEALTH-CHECK-NODE-PORT', family, 'dst')} -j RETURN`,
    `-m conntrack --ctstate NEW ${inSet('KUBE-IPVS-IPS', family, 'dst')} -j REJECT --reject-with ${unreachable(family)}`,
  ];
}

/**
 * Refuses, before IPVS sees it, what nobody serves: every connection to a service without endpoints, and one from
 * outside to a service that serves these by endpoints of this node alone and has none here. Connections that are still
 * drained pass, and so do all where those from outside cannot be told.
 */
function unservedRules(family: IpFamily, options: PlannerOptions): string[] {
  const outside = notLocal(family, options);
  return [
    ...refusals(family, inSet('KUBE-NO-ENDPOINTS', family, 'dst,dst')),
    ...(outside === undefined
      ? []
      : refusals(family, inSet('KUBE-NO-LOCAL-ENDPOINTS', family, 'dst,dst'), `${outside} `)),
  ];
}

/**
 * Refuses new connections that match. TCP is reset: Linux takes an ICMP error for one that will pass while it still
 * sends the first packet.
 */
function refusals(family: IpFamily, match: string, source = ''): string[] {
  const isNew = '-m conntrack --ctstate NEW';
  return [
    `${source}-p tcp ${isNew} ${match} -j REJECT --reject-with tcp-reset`,
    `${source}${isNew} ${match} -j REJECT --reject-with ${unreachable(family)}`,
  ];
}

function unreachable(family: IpFamily): string {
  return family === 'IPv4' ? 'icmp-port-unreachable' : 'icmp6-port-unreachable';
}
