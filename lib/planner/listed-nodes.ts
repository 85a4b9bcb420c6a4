import { familyOf } from '../model/family.ts';
import type { NodeFacts } from '../model/node-facts.ts';
import type { Service } from '../model/service.ts';
import { localAddressesOf } from './addresses.ts';

/**
 * Whether an address stands in the status of a service's load balancer among addresses of nodes. Load balancers that are
 * made of the nodes themselves, as k3s's ServiceLB is, write the addresses of their nodes there, for every service the
 * same. Such a list is known by an address of this node in it, or of an API server, of the same family; not where this
 * node and the API servers have no part in it.
 */
export function isListedWithNodes(address: string, service: Service, node: NodeFacts): boolean {
  const { loadBalancerIngress } = service;
  if (!loadBalancerIngress.some((one) => one.ipMode === 'VIP' && one.address === address)) return false;
  const family = familyOf(address);
  return loadBalancerIngress.some(
    (one) => one.ipMode === 'VIP' && familyOf(one.address) === family && isKnownNode(one.address, node),
  );
}

function isKnownNode(address: string, node: NodeFacts): boolean {
  const { statusAddresses = [], reservedAddresses = [] } = node;
  return (
    localAddressesOf(node).includes(address) ||
    statusAddresses.includes(address) ||
    reservedAddresses.some((one) => one.address === address && one.use !== 'default gateway')
  );
}
