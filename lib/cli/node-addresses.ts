import type { DefaultRoute } from '../../native-bindings/default-route.ts';
import type { InterfaceAddress, Link } from '../../native-bindings/route-values.ts';
import { primaryAddresses } from '../config/configuration.ts';
import { cidrContains } from '../model/cidr.ts';
import { familyOf } from '../model/family.ts';
import { addressKind } from '../model/address.ts';
import type { NodeFacts, ReservedAddress } from '../model/node-facts.ts';

/** The interface that cluster IPs are bound to, by kube-proxy's name. */
export const serviceInterface = 'kube-ipvs0';

/**
 * The CIDRs of the configuration's `nodePortAddresses`, with the node's primary addresses in the place of `primary`: none
 * where there are none.
 */
export function nodePortCidrs(configured: readonly string[], primary: readonly string[]): string[] {
  const own = primary.map((address) => `${address}/${familyOf(address) === 'IPv4' ? 32 : 128}`);
  return configured.flatMap((cidr) => (cidr === primaryAddresses ? own : [cidr]));
}

/** What is used of the route client. */
export interface AddressReader {
  link(name: string): Link | undefined;
  addresses(): InterfaceAddress[];
  defaultRoutes(): DefaultRoute[];
}

/** IFA_F_DADFAILED (linux/if_addr.h): another host has the address too, so the kernel does not use it. */
const duplicate = 0x08;

/** The addresses that planning needs: those of the node for node ports, all of the node, and those that it needs. */
export type NodeAddresses = Required<Pick<NodeFacts, 'addresses' | 'localAddresses' | 'reservedAddresses'>>;

/**
 * The addresses of this node as they are now: those of every interface but kube-ipvs0, without loopback, link-local and
 * multicast ones; for node ports only those within one of the `cidrs`. Sorted, without duplicates. With them come those
 * that no service may take from it: the gateways of its default routes, and where its API servers are.
 */
export function nodeAddresses(
  reader: AddressReader,
  cidrs: readonly string[],
  apiServers: readonly ReservedAddress[] = [],
): NodeAddresses {
  const own = reader.link(serviceInterface)?.index;
  const addresses = reader
    .addresses()
    .filter(({ index, flags }) => index !== own && (flags & duplicate) === 0)
    .map(({ address }) => address)
    .filter((address) => addressKind(address) === 'unicast');
  const localAddresses = [...new Set(addresses)].sort();
  return {
    addresses: localAddresses.filter((address) => cidrs.some((cidr) => cidrContains(cidr, address))),
    localAddresses,
    reservedAddresses: [...gateways(reader), ...apiServers],
  };
}

function gateways(reader: AddressReader): ReservedAddress[] {
  const addresses = reader.defaultRoutes().flatMap((route) => route.gateways);
  return [...new Set(addresses)]
    .filter((address) => addressKind(address) === 'unicast')
    .sort()
    .map((address) => ({ address, port: 0, use: 'default gateway' }));
}
