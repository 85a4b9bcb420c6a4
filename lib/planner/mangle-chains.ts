import type { IpFamily } from '../model/family.ts';
import type { FirewallChain } from '../model/firewall-program.ts';
import { inSet, notInSet } from './firewall-rule.ts';

/**
 * Our chain in the mangle table, through which the node's own packets go before IPVS. It drops what the node sends to a
 * load balancer address with source ranges when its own addresses lie in none of them: KUBE-LOAD-BALANCER-SOURCE-IP has
 * each such address with itself as the source where the node may pass. In the filter table it would be too late, IPVS
 * has given the packet another destination by then.
 */
export function mangleChains(family: IpFamily): FirewallChain[] {
  const restricted = inSet('KUBE-LOAD-BALANCER-FW', family, 'dst,dst');
  const notAdmitted = notInSet('KUBE-LOAD-BALANCER-SOURCE-IP', family, 'dst,dst,dst');
  return [{ table: 'mangle', name: 'KUBE-IPVS-OUT-FILTER', rules: [`${restricted} ${notAdmitted} -j DROP`] }];
}
