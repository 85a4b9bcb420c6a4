import { among, canonical, family, inAny, same } from './addresses.ts';
import type { ListedTarget, Target } from './endpoints.ts';
import { boundAddresses, type Listener, listenerKey, listenersOf } from './listeners.ts';
import { isOfNode } from './outer-addresses.ts';
import { affinityTimeout, clusterIPs, externalPolicy, isServed, nameOf, sourceRanges } from './services.ts';
import type { Packet, World } from './world.ts';

/** An endpoint that a packet may be sent on to, and whom it sees as the sender. */
export interface Candidate extends Target {
  /**
   * `kept`: the packet's own source. `node`: an address of the node, which the packet has been given, or has had from the
   * first: for packets of the node that is all one.
   */
  readonly source: 'kept' | 'node';
}

/** What becomes of the first packet of a connection. */
export type Expectation =
  /** It goes to one of the candidates, at least one. `affinity`: seconds that the client stays there, 0 for no matter. */
  | {
      readonly kind: 'served';
      readonly service: string;
      readonly candidates: readonly Candidate[];
      readonly affinity: number;
    }
  /** It is answered at once with a refusal: a TCP reset or an ICMP error. */
  | { readonly kind: 'refused' }
  /** It disappears without an answer. */
  | { readonly kind: 'dropped' }
  /** There is no endpoint for it, and its sender is not let in: it may be refused or dropped, no document says which. */
  | { readonly kind: 'refused or dropped' }
  /** No Service has to do with it. */
  | { readonly kind: 'none' };

/** What becomes of the first packet of a connection that comes to the world's node, by the rules of Kubernetes and ours. */
export function expectationOf(world: World, packet: Packet): Expectation {
  return expectationsIn(world)(packet);
}

/** The same for many packets in one world: what does not depend on the packet is worked out once. */
export function expectationsIn(world: World): (packet: Packet) => Expectation {
  const listeners = new Map(
    listenersOf(world).map((one) => [listenerKey(one.protocol, one.address, one.port), one]),
  );
  const bound = boundAddresses(world);
  return (packet) => {
    const { protocol, destination } = packet;
    const listener = listeners.get(listenerKey(protocol, destination.address, destination.port));
    return listener === undefined
      ? withoutListener(world, bound, packet)
      : atListener(world, listener, packet);
  };
}

function atListener(world: World, listener: Listener, packet: Packet): Expectation {
  const dropped = !isLetIn(world, listener, packet);
  const refused = listener.targets.length === 0 || isOnlyForOthers(world, listener, packet);
  if (dropped) return { kind: refused ? 'refused or dropped' : 'dropped' };
  if (refused) return { kind: 'refused' };
  return {
    kind: 'served',
    service: nameOf(listener.service),
    candidates: listener.targets.map((target) => ({
      address: target.address,
      port: target.port,
      source: isMasqueraded(world, listener, packet, target) ? 'node' : 'kept',
    })),
    affinity: affinityTimeout(listener.service),
  };
}

/**
 * An address that the node has for services alone has nothing else: other ports are refused, with one exception, where the
 * health check of a Service listens (chain KUBE-IPVS-FILTER of kube-proxy's IPVS mode).
 */
function withoutListener(world: World, bound: ReadonlySet<string>, { destination }: Packet): Expectation {
  if (!bound.has(canonical(destination.address))) return { kind: 'none' };
  const isHealthCheck = world.services.some(
    (service) => isServed(service) && service.spec.healthCheckNodePort === destination.port,
  );
  return { kind: isHealthCheck ? 'none' : 'refused' };
}

/**
 * Source ranges are those of load balancers' addresses alone. The node is judged as a whole, for its processes may take any
 * of its addresses as their source: they are let in where one of these is in a range (docs/decisions/firewall.md).
 */
function isLetIn({ node }: World, { role, service, address }: Listener, { from, source }: Packet): boolean {
  const ranges = sourceRanges(service, family(address));
  if (role !== 'load balancer' || ranges.length === 0) return true;
  const sources = from === 'node' ? node.addresses : [source ?? address];
  return sources.some((one) => inAny(ranges, one));
}

/**
 * External policy Local without an endpoint on the node: those from outside are refused, where they are told from the
 * node's pods; the node itself is not outside (docs/decisions/local-policy.md).
 */
function isOnlyForOthers(world: World, { onlyElsewhere, address }: Listener, packet: Packet): boolean {
  if (!onlyElsewhere || packet.from === 'node') return false;
  return areOwnPodsTold(world, address) && !isOwnPod(world, packet);
}

/**
 * Whether the endpoint sees an address of the node as the sender. Masquerading is done on the way out, which what goes to
 * the node itself, such as a pod in its network, never takes. A pod that reaches itself would drop what bears its own
 * address as the source; that is for its node to prevent.
 */
function isMasqueraded(world: World, listener: Listener, packet: Packet, target: ListedTarget): boolean {
  if (packet.from === 'node') return true;
  if (isOfNode(world, target.address)) return false;
  if (!target.isElsewhere && packet.source !== undefined && same(packet.source, target.address)) return true;
  return listener.role === 'cluster IP'
    ? isMasqueradedToClusterIP(world, listener, packet)
    : isMasqueradedFromOutside(world, listener);
}

/**
 * Pods keep their source on the way to a cluster IP. What is known to come from elsewhere loses it, and so does everything
 * with masqueradeAll. Where pods are not told, only a source that is itself a cluster IP is replaced.
 */
function isMasqueradedToClusterIP(world: World, { address }: Listener, packet: Packet): boolean {
  if (world.settings.masqueradeAll === true) return true;
  if (areOwnPodsTold(world, address)) return !isOwnPod(world, packet);
  return among(world.services.filter(isServed).flatMap(clusterIPs), packet.source ?? address);
}

/**
 * Policy Cluster hides every source on the way through an outer address or a node port, policy Local none: but where it has
 * to do with endpoints of other nodes, these would answer past this node, and it hides all that pass.
 */
function isMasqueradedFromOutside(world: World, { service, onlyElsewhere, address }: Listener): boolean {
  if (externalPolicy(service) === 'Cluster') return true;
  return onlyElsewhere && areOwnPodsTold(world, address);
}

/** Whether the node's pods can be told from others in the family of an address. */
function areOwnPodsTold({ settings }: World, address: string): boolean {
  const { ownPods } = settings;
  if (ownPods === undefined) return false;
  return ownPods.by === 'interface' || ownPods.cidrs.some((cidr) => family(cidr) === family(address));
}

function isOwnPod({ settings }: World, { from, source }: Packet): boolean {
  if (settings.ownPods?.by !== 'source') return from === 'own pod';
  return source !== undefined && inAny(settings.ownPods.cidrs, source);
}
