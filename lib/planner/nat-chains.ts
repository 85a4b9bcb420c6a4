import type { IpFamily } from '../model/family.ts';
import type { FirewallChain } from '../model/firewall-program.ts';
import type { KubeSet } from '../model/ip-set.ts';
import type { kubeChains } from '../model/kube-chains.ts';
import type { PlannerOptions } from '../model/planner-options.ts';
import { comment, inSet, masqueradeMark, notInSet } from './firewall-rule.ts';
import { notLocal } from './local-traffic.ts';

/** Our chains in the nat table: which packets get the mark that asks for masquerading, and the masquerading itself. */
export function natChains(family: IpFamily, options: PlannerOptions): FirewallChain[] {
  return [
    chain('KUBE-SERVICES', servicesRules(family, options)),
    chain('KUBE-LOAD-BALANCER', loadBalancerRules(family)),
    chain('KUBE-NODE-PORT', nodePortRules(family)),
    chain('KUBE-POSTROUTING', postroutingRules(family, options)),
    chain('KUBE-MARK-MASQ', markRules(options)),
  ];
}

function chain(name: (typeof kubeChains)['nat'][number], rules: readonly string[]): FirewallChain {
  return { table: 'nat', name, rules };
}

/**
 * Traffic to services, before IPVS sees it. The ACCEPTs keep it from chains of others behind this one, such as those of
 * host ports, that would take it for theirs by its port number. A service's address has no node ports: it is kept from
 * their chain, for a port of its own may have the number of one.
 */
function servicesRules(family: IpFamily, options: PlannerOptions): string[] {
  return [
    `-s ${family === 'IPv4' ? '127.0.0.0/8' : '::1/128'} -j RETURN`,
    `${inSet('KUBE-LOAD-BALANCER', family, 'dst,dst')} -j KUBE-LOAD-BALANCER`,
    clusterIpRule(family, options),
    `${inSet('KUBE-EXTERNAL-IP', family, 'dst,dst')} -j KUBE-MARK-MASQ`,
    ...externalIpRules('KUBE-EXTERNAL-IP', family),
    ...externalIpRules('KUBE-EXTERNAL-IP-LOCAL', family),
    `${notInSet('KUBE-IPVS-IPS', family, 'dst')} -m addrtype --dst-type LOCAL -j KUBE-NODE-PORT`,
    `${inSet('KUBE-CLUSTER-IP', family, 'dst,dst')} -j ACCEPT`,
    `${inSet('KUBE-LOAD-BALANCER', family, 'dst,dst')} -j ACCEPT`,
  ];
}

/**
 * Which traffic to cluster IPs is masqueraded: all of it, or what does not come from this node's pods, or, where these
 * are not known, what has a service's address as its source because the node itself picked it from kube-ipvs0.
 */
function clusterIpRule(family: IpFamily, options: PlannerOptions): string {
  const foreign = notLocal(family, options);
  if (options.masqueradeAll) {
    return `${inSet('KUBE-CLUSTER-IP', family, 'dst,dst')} -j KUBE-MARK-MASQ`;
  }
  return foreign === undefined
    ? `${inSet('KUBE-CLUSTER-IP', family, 'src,dst')} -j KUBE-MARK-MASQ`
    : `${foreign} ${inSet('KUBE-CLUSTER-IP', family, 'dst,dst')} -j KUBE-MARK-MASQ`;
}

/** Traffic to external IPs from outside, neither over a bridge nor of the node's own, and to those that a node bears. */
function externalIpRules(set: KubeSet, family: IpFamily): string[] {
  const match = inSet(set, family, 'dst,dst');
  return [
    `${match} -m physdev ! --physdev-is-in -m addrtype ! --src-type LOCAL -j ACCEPT`,
    `${match} -m addrtype --dst-type LOCAL -j ACCEPT`,
  ];
}

/** Traffic to load balancer addresses keeps its source where only endpoints of this node are asked for. */
function loadBalancerRules(family: IpFamily): string[] {
  return [`${inSet('KUBE-LOAD-BALANCER-LOCAL', family, 'dst,dst')} -j RETURN`, '-j KUBE-MARK-MASQ'];
}

/** The same for node ports. */
function nodePortRules(family: IpFamily): string[] {
  return [
    `-p tcp ${inSet('KUBE-NODE-PORT-LOCAL-TCP', family, 'dst')} -j RETURN`,
    `-p tcp ${inSet('KUBE-NODE-PORT-TCP', family, 'dst')} -j KUBE-MARK-MASQ`,
    `-p udp ${inSet('KUBE-NODE-PORT-LOCAL-UDP', family, 'dst')} -j RETURN`,
    `-p udp ${inSet('KUBE-NODE-PORT-UDP', family, 'dst')} -j KUBE-MARK-MASQ`,
    `-p sctp ${inSet('KUBE-NODE-PORT-LOCAL-SCTP-HASH', family, 'dst,dst')} -j RETURN`,
    `-p sctp ${inSet('KUBE-NODE-PORT-SCTP-HASH', family, 'dst,dst')} -j KUBE-MARK-MASQ`,
  ];
}

/** The mark is taken off again, so that a packet that passes once more, out of a tunnel, is not masqueraded twice. */
function postroutingRules(family: IpFamily, options: PlannerOptions): string[] {
  const mark = masqueradeMark(options);
  const snat = comment('kubernetes service traffic requiring SNAT');
  return [
    `${inSet('KUBE-LOOP-BACK', family, 'dst,dst,src')} -j MASQUERADE`,
    `-m mark ! --mark ${mark}/${mark} -j RETURN`,
    `-j MARK --set-xmark ${mark}/0x0`,
    `${snat} -j MASQUERADE${options.randomFully ? ' --random-fully' : ''}`,
  ];
}

function markRules(options: PlannerOptions): string[] {
  const mark = masqueradeMark(options);
  return [`-j MARK --set-xmark ${mark}/${mark}`];
}
