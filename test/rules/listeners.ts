import { canonical, family, inAny } from './addresses.ts';
import { type Choice, choose, type ListedTarget } from './endpoints.ts';
import type { KubePolicy, KubeProtocol, KubeService, KubeServicePort } from './objects.ts';
import { externalIPs, isAllowed, isOfNode, loadBalancerAddresses } from './outer-addresses.ts';
import { byAge, clusterIPs, externalPolicy, hasFamily, internalPolicy, isServed } from './services.ts';
import type { World } from './world.ts';

/** What kind of address of a Service a packet is sent to. */
export type Role = 'cluster IP' | 'external IP' | 'load balancer' | 'node port';

/** An address, port and protocol at which a node answers for a port of a Service. */
export interface Listener {
  readonly protocol: KubeProtocol;
  /** Canonical text. */
  readonly address: string;
  readonly port: number;
  readonly role: Role;
  readonly service: KubeService;
  readonly servicePort: KubeServicePort;
  /** The endpoints that packets are sent on to, whoever sends them; none where every packet is refused. */
  readonly targets: readonly ListedTarget[];
  /**
   * The external policy is Local and there are endpoints, on other nodes alone: `targets` are these, and not for those from
   * outside (docs/decisions/local-policy.md).
   */
  readonly onlyElsewhere: boolean;
}

/** Everything that a node answers on, each address, port and protocol once: of two Services the older one has it. */
export function listenersOf(world: World): readonly Listener[] {
  const first = new Map<string, Listener>();
  for (const service of [...world.services].filter(isServed).sort(byAge)) {
    for (const listener of wantedBy(world, service)) {
      const key = listenerKey(listener.protocol, listener.address, listener.port);
      if (!first.has(key)) first.set(key, listener);
    }
  }
  return [...first.values()];
}

/** The text by which listeners are told apart: `TCP 10.96.0.10 53`. */
export function listenerKey(protocol: KubeProtocol, address: string, port: number): string {
  return `${protocol} ${canonical(address)} ${port}`;
}

/** The addresses that the node takes for its own on behalf of services: all of theirs but those that it has anyway. */
export function boundAddresses(world: World): ReadonlySet<string> {
  const wanted = world.services.filter(isServed).flatMap((service) => wantedBy(world, service));
  return new Set(
    wanted
      .filter(({ role, address }) => role === 'cluster IP' || !isOfNode(world, address))
      .map(({ address }) => address),
  );
}

/** A load balancer's address stands before an external IP that is the same: its source ranges are to be kept. */
function wantedBy(world: World, service: KubeService): readonly Listener[] {
  return (service.spec.ports ?? []).flatMap((port) => {
    const outer = (role: Role, addresses: readonly string[]) =>
      addresses
        .filter((address) => isAllowed(world, service, address))
        .flatMap((address) => listener(world, service, port, role, address));
    return [
      ...clusterIPs(service).flatMap((address) => listener(world, service, port, 'cluster IP', address)),
      ...outer('load balancer', loadBalancerAddresses(service)),
      ...outer('external IP', externalIPs(world, service)),
      ...nodePortAddresses(world, port).flatMap((address) =>
        listener(world, service, port, 'node port', address),
      ),
    ];
  });
}

/** The node's addresses where a port has a node port (`nodePortAddresses`; a load balancer's Service may have none). */
function nodePortAddresses({ node, settings }: World, { nodePort = 0 }: KubeServicePort): readonly string[] {
  if (nodePort === 0) return [];
  const { nodePortAddresses: networks } = settings;
  return networks === undefined
    ? node.addresses
    : node.addresses.filter((address) => inAny(networks, address));
}

function listener(
  world: World,
  service: KubeService,
  servicePort: KubeServicePort,
  role: Role,
  address: string,
): readonly Listener[] {
  if (!hasFamily(world, service, family(address))) return [];
  const { protocol = 'TCP', port, nodePort = 0 } = servicePort;
  return [
    {
      protocol,
      address: canonical(address),
      port: role === 'node port' ? nodePort : port,
      role,
      service,
      servicePort,
      ...answering(world, service, servicePort, role, address),
    },
  ];
}

/**
 * Whom the packets go to. IPVS has one list for all clients, so with external policy Local and no endpoint on the node it
 * is that of policy Cluster. A cluster address with internal policy Local has no endpoints then (Service Internal Traffic
 * Policy: the Service "behaves as if it has zero endpoints" there).
 */
function answering(
  world: World,
  service: KubeService,
  port: KubeServicePort,
  role: Role,
  address: string,
): Choice {
  const chosen = (policy: KubePolicy) => choose(world, service, port, family(address), policy);
  if (role === 'cluster IP') return { ...chosen(internalPolicy(service)), onlyElsewhere: false };
  const choice = chosen(externalPolicy(service));
  return choice.onlyElsewhere ? { ...chosen('Cluster'), onlyElsewhere: true } : choice;
}
