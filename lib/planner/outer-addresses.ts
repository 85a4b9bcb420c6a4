import { familyOf, type IpFamily } from '../model/family.ts';
import type { NodeFacts } from '../model/node-facts.ts';
import type { PlannerOptions } from '../model/planner-options.ts';
import type { Service } from '../model/service.ts';
import { isRefused } from './refused-addresses.ts';

/** The addresses, other than cluster IPs, that a service is served on in one family. */
export interface OuterAddresses {
  readonly externalIPs: readonly string[];
  /** Ingress addresses of load balancers, without those of `ipMode: Proxy`, which the load balancer itself answers on. */
  readonly loadBalancers: readonly string[];
}

const none: OuterAddresses = { externalIPs: [], loadBalancers: [] };

/** The outer addresses of a service, without those that are refused. */
export function outerAddressesOf(
  service: Service,
  family: IpFamily,
  node: NodeFacts,
  options: PlannerOptions,
): OuterAddresses {
  const { externalIPs, loadBalancerIngress } = service;
  if (externalIPs.length === 0 && loadBalancerIngress.length === 0) return none;
  const isServed = (address: string): boolean =>
    familyOf(address) === family && !isRefused(address, service, node, options);
  return {
    externalIPs: options.serviceExternalIPs === false ? [] : externalIPs.filter(isServed),
    loadBalancers: loadBalancerIngress
      .filter(({ ipMode }) => ipMode === 'VIP')
      .map(({ address }) => address)
      .filter(isServed),
  };
}
