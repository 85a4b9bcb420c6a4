import { familyOf, type IpFamily } from '../../model/family.ts';
import type { NodeFacts } from '../../model/node-facts.ts';
import type { PlannerOptions } from '../../model/planner-options.ts';
import type { Service, ServicePort } from '../../model/service.ts';
import { virtualServerKey } from '../../model/virtual-server.ts';
import { outerAddressesOf } from '../../planner/outer-addresses.ts';

/** What an address is to a Service. */
export type WayKind = 'cluster IP' | 'node port' | 'external IP' | 'load balancer';

/** An address and port at which this node is to serve a port of a Service. */
export interface Way {
  readonly kind: WayKind;
  readonly family: IpFamily;
  readonly address: string;
  /** The one that clients ask. */
  readonly number: number;
  readonly port: ServicePort;
  /** The key of its virtual server. */
  readonly key: string;
}

/** Every way to a Service on a node, in the order in which they are planned; of two to one virtual server the first. */
export function waysOf(service: Service, node: NodeFacts, options: PlannerOptions): Way[] {
  const found = new Map<string, Way>();
  for (const clusterIp of service.clusterIPs) {
    const family = familyOf(clusterIp);
    if (!options.families.includes(family)) continue;
    const { externalIPs, loadBalancers } = outerAddressesOf(service, family, node, options);
    const nodeAddresses = node.addresses.filter((address) => familyOf(address) === family);
    for (const port of service.ports) {
      const ways = [
        wayTo('cluster IP', clusterIp, port, port.port),
        ...(port.nodePort === 0
          ? []
          : nodeAddresses.map((one) => wayTo('node port', one, port, port.nodePort))),
        ...externalIPs.map((one) => wayTo('external IP', one, port, port.port)),
        ...loadBalancers.map((one) => wayTo('load balancer', one, port, port.port)),
      ];
      for (const way of ways) if (!found.has(way.key)) found.set(way.key, way);
    }
  }
  return [...found.values()];
}

function wayTo(kind: WayKind, address: string, port: ServicePort, number: number): Way {
  const { protocol } = port;
  const key = virtualServerKey({ protocol, address, port: number });
  return { kind, family: familyOf(address), address, number, port, key };
}
