import { canonical } from './addresses.ts';
import type {
  KubeEndpoint,
  KubeFamily,
  KubePolicy,
  KubeService,
  KubeServicePort,
  KubeSlice,
} from './objects.ts';
import { isForThisProxy } from './services.ts';
import type { World } from './world.ts';

/** An address and port that a packet may be sent on to. */
export interface Target {
  readonly address: string;
  readonly port: number;
}

/** A target among those of a service. */
export interface ListedTarget extends Target {
  /** It is known to be on another node. */
  readonly isElsewhere: boolean;
}

/** An endpoint of one port of a service, with what the choice depends on. */
interface Backend extends ListedTarget {
  readonly ready: boolean;
  /** It ends, and answers until it has: the last resort of KEP-1669. */
  readonly lastResort: boolean;
  readonly local: boolean;
  readonly zoneHints: readonly string[];
  readonly nodeHints: readonly string[];
}

/** What a traffic policy leaves: the endpoints, and whether there are others that it leaves out. */
export interface Choice {
  readonly targets: readonly ListedTarget[];
  /** The policy is Local, the service has endpoints to send to, and none of them is on this node. */
  readonly onlyElsewhere: boolean;
}

/**
 * The endpoints that one port of a service has for a policy (Service `internalTrafficPolicy`, `externalTrafficPolicy`;
 * KEP-2086, KEP-1669). `Cluster`: any, hints permitting. `Local`: those of this node alone. The two fall back to
 * endpoints that terminate each for itself.
 */
export function choose(
  world: World,
  service: KubeService,
  port: KubeServicePort,
  family: KubeFamily,
  policy: KubePolicy,
): Choice {
  const backends = backendsOf(world, service, port, family);
  const anywhere = hinted(world, readyOrLastResort(backends));
  if (policy === 'Cluster') return { targets: anywhere.map(target), onlyElsewhere: false };
  const local = readyOrLastResort(backends.filter((backend) => backend.local));
  return { targets: local.map(target), onlyElsewhere: local.length === 0 && anywhere.length > 0 };
}

/** Ready endpoints; where there is none at all, those that terminate and serve still (KEP-1669). */
function readyOrLastResort(backends: readonly Backend[]): readonly Backend[] {
  const ready = backends.filter((backend) => backend.ready);
  return ready.length > 0 ? ready : backends.filter(({ lastResort }) => lastResort);
}

/**
 * Those that hints leave (KEP-2433 for zones, KEP-3015 for nodes): hints count only where every ready endpoint has some
 * and at least one of them is meant for this node, or else for its zone. Endpoints that terminate are not hinted.
 */
function hinted(world: World, backends: readonly Backend[]): readonly Backend[] {
  if (!backends.every(({ ready }) => ready)) return backends;
  const { name, zone } = world.node;
  const onNode = meant(backends, ({ nodeHints }) => nodeHints, name);
  if (onNode.length > 0) return onNode;
  const inZone = zone === undefined ? [] : meant(backends, ({ zoneHints }) => zoneHints, zone);
  return inZone.length > 0 ? inZone : backends;
}

function meant(
  backends: readonly Backend[],
  hints: (backend: Backend) => readonly string[],
  name: string,
): readonly Backend[] {
  if (!backends.every((backend) => hints(backend).length > 0)) return [];
  return backends.filter((backend) => hints(backend).includes(name));
}

/** Every endpoint of one port, in all slices of the service and family, each address and port once. */
function backendsOf(
  world: World,
  service: KubeService,
  port: KubeServicePort,
  family: KubeFamily,
): readonly Backend[] {
  const found = new Map<string, Backend>();
  for (const slice of slicesOf(world, service, family)) {
    for (const number of portNumbers(slice, port)) {
      for (const endpoint of slice.endpoints) {
        const backend = backendOf(world, endpoint, number);
        const key = `${backend.address} ${backend.port}`;
        found.set(key, better(backend, found.get(key)));
      }
    }
  }
  return [...found.values()];
}

/** The slices of a service: by the label `kubernetes.io/service-name`, in its namespace, of one family. */
function slicesOf(world: World, service: KubeService, family: KubeFamily): readonly KubeSlice[] {
  return world.slices.filter(
    ({ metadata, addressType }) =>
      addressType === family &&
      metadata.namespace === service.metadata.namespace &&
      metadata.labels?.['kubernetes.io/service-name'] === service.metadata.name &&
      isForThisProxy(metadata),
  );
}

/** Ports are matched by name and protocol, so a named target port may be another number in each slice. */
function portNumbers(slice: KubeSlice, port: KubeServicePort): readonly number[] {
  return slice.ports
    .filter(
      ({ name, protocol }) =>
        (name ?? '') === (port.name ?? '') && (protocol ?? 'TCP') === (port.protocol ?? 'TCP'),
    )
    .flatMap((one) => (one.port === undefined ? [] : [one.port]));
}

/** Conditions that are not given: ready and serving, not terminating (discovery/v1 EndpointConditions). */
function backendOf(world: World, endpoint: KubeEndpoint, port: number): Backend {
  const { ready = true, serving = true, terminating = false } = endpoint.conditions ?? {};
  return {
    address: canonical(endpoint.addresses[0]!),
    port,
    ready,
    lastResort: !ready && serving && terminating,
    local: endpoint.nodeName === world.node.name,
    isElsewhere: endpoint.nodeName !== undefined && endpoint.nodeName !== world.node.name,
    zoneHints: (endpoint.hints?.forZones ?? []).map(({ name }) => name),
    nodeHints: (endpoint.hints?.forNodes ?? []).map(({ name }) => name),
  };
}

/**
 * Of one endpoint in two slices the ready one counts, then one that serves until it ends, before the local one
 * (docs/decisions/firewall.md).
 */
function better(one: Backend, other: Backend | undefined): Backend {
  if (other === undefined) return one;
  return rank(one) > rank(other) ? one : other;
}

function rank({ ready, lastResort, local }: Backend): number {
  return (ready ? 4 : 0) + (lastResort ? 2 : 0) + (local ? 1 : 0);
}

function target({ address, port, isElsewhere }: Backend): ListedTarget {
  return { address, port, isElsewhere };
}
