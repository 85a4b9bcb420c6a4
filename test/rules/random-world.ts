import fc from 'fast-check';
import { family } from './addresses.ts';
import type { KubeProtocol, KubeService, KubeSlice } from './objects.ts';
import { type Pools, thinPools } from './pools.ts';
import { allocated, type Families, type Kind, portsArbitrary, serviceArbitrary } from './random-service.ts';
import { hintsArbitrary, type SliceDraft, sliceArbitrary } from './random-slice.ts';
import type { Packet, Sender, World } from './world.ts';

/*
 * Worlds as an API server lets them be. Addresses, names and ports come from small pools, so that what is drawn meets:
 * two Services with one external IP, an endpoint in two slices, a load balancer on the node's own address.
 */

/** Worlds made of what the pools have. */
export function worldArbitrary(pools: Pools = thinPools): fc.Arbitrary<World> {
  return fc
    .record({
      drafts: fc.array(draftArbitrary(pools), {
        minLength: pools.services.min,
        maxLength: pools.services.max,
      }),
      settings: pools.settings,
      hasZone: fc.boolean(),
    })
    .map(({ drafts, settings, hasZone }) => {
      const { zone, ...node } = pools.node;
      const services = drafts.map((draft, index) =>
        allocated(draft.service, index, draft.families, draft.nodePorts, pools),
      );
      return {
        services,
        slices: drafts.flatMap(({ slices }, index) =>
          slices.map((slice, number) => labelled(slice, services[index]!, number)),
        ),
        node: hasZone && zone !== undefined ? { ...node, zone } : node,
        settings,
      };
    });
}

/** Packets that come to the node of a world, most of them to an address and port that it serves. */
export function packetArbitrary(world: World, pools: Pools = thinPools): fc.Arbitrary<Packet> {
  const addresses = world.services.flatMap(({ spec, status }) => [
    ...(spec.clusterIPs ?? []).filter((address) => address !== 'None'),
    ...(spec.externalIPs ?? []),
    ...(status?.loadBalancer?.ingress ?? []).flatMap(({ ip }) => (ip === undefined ? [] : [ip])),
  ]);
  const ports = world.services.flatMap(({ spec }) => spec.ports ?? []);
  const toService = fc.record({
    address: fc.constantFrom(...addresses, ...world.node.addresses),
    port: fc.constantFrom(...ports.map(({ port }) => port), 9),
  });
  const nodePorts = ports.flatMap(({ nodePort }) => (nodePort === undefined ? [] : [nodePort]));
  const toNode = fc.record({
    address: fc.constantFrom(...world.node.addresses, ...world.node.addresses, ...addresses),
    port: fc.constantFrom(...nodePorts, 30_099),
  });
  return fc
    .tuple(fc.oneof(toService, toNode), fc.constantFrom<KubeProtocol>('TCP', 'UDP', 'SCTP'), senderArbitrary)
    .chain(([destination, protocol, from]) => {
      const sources = pools.sources[from].filter((source) => family(source) === family(destination.address));
      const packet = { destination, protocol, from };
      const given = sources.map((source) => ({ ...packet, source }));
      return fc.constantFrom<Packet>(...given, ...(from === 'node' ? [packet] : []));
    });
}

const senderArbitrary = fc.constantFrom<Sender>('node', 'own pod', 'other pod', 'outside');

/** A Service before the API server has allocated what is the cluster's to give, and its slices. */
interface Draft {
  readonly service: KubeService;
  readonly families: Families;
  /** Whether its ports get node ports. */
  readonly nodePorts: boolean;
  readonly slices: readonly SliceDraft[];
}

const kindArbitrary = fc.oneof(
  { weight: 12, arbitrary: fc.constantFrom<Kind>('ClusterIP', 'NodePort', 'LoadBalancer') },
  { weight: 1, arbitrary: fc.constantFrom<Kind>('ExternalName', 'headless') },
);

const familiesArbitrary = fc.constantFrom<Families>(['IPv4'], ['IPv6'], ['IPv4', 'IPv6'], ['IPv6', 'IPv4']);

function draftArbitrary(pools: Pools): fc.Arbitrary<Draft> {
  return fc
    .record({
      ports: portsArbitrary,
      kind: kindArbitrary,
      nodePorts: fc.boolean(),
      hints: hintsArbitrary(pools),
    })
    .chain(({ ports, kind, nodePorts, hints }) =>
      fc.record({
        service: serviceArbitrary(pools, kind, ports, nodePorts),
        families: familiesArbitrary,
        nodePorts: fc.constant(kind === 'NodePort' || (kind === 'LoadBalancer' && nodePorts)),
        slices: fc.array(sliceArbitrary(pools, ports, hints), { maxLength: 4 }),
      }),
    );
}

function labelled({ isStray, label, ...slice }: SliceDraft, of: KubeService, index: number): KubeSlice {
  const { namespace, name } = of.metadata;
  return {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: {
      namespace: isStray ? `not-${namespace}` : namespace,
      name: `${name}-${index}`,
      labels: { ...label, 'kubernetes.io/service-name': name },
    },
    ...slice,
  };
}
