import { type JsonObject, type KubeObject, listIn, objectIn } from '../kube/object.ts';
import { resourceNamed } from '../kube/resource-type.ts';
import type { NewObject, Store } from '../kube/store.ts';
import { cluster, nodeObject, ownNode, steady } from './cluster.ts';
import type { Dice } from './dice.ts';
import { randomLabels, randomPorts, randomService } from './random-service.ts';
import {
  randomConditions,
  randomEndpoint,
  randomEndpoints,
  randomSlice,
  randomSlicePorts,
  serviceLabel,
} from './random-slice.ts';

/** Something that a user or a controller of the cluster does. */
export interface ApiOperation {
  readonly kind: string;
  readonly weight: number;
  readonly run: (store: Store, dice: Dice) => void;
}

/** Everything that happens in the API. What finds nothing to work on does nothing. */
export const apiOperations: readonly ApiOperation[] = [
  { kind: 'put-service', weight: 18, run: putService },
  {
    kind: 'delete-service',
    weight: 4,
    run: (store, dice) => {
      remove(store, aService(store, dice));
    },
  },
  { kind: 'recreate-service', weight: 3, run: recreateService },
  { kind: 'hand-over-address', weight: 3, run: handOverAddress },
  { kind: 'change-ports', weight: 4, run: changePorts },
  { kind: 'change-labels', weight: 5, run: changeLabels },
  { kind: 'spoil-service', weight: 1, run: spoilService },
  { kind: 'put-slice', weight: 16, run: putSlice },
  {
    kind: 'delete-slice',
    weight: 3,
    run: (store, dice) => {
      remove(store, aSlice(store, dice));
    },
  },
  { kind: 'add-endpoint', weight: 8, run: addEndpoint },
  { kind: 'remove-endpoint', weight: 8, run: removeEndpoint },
  { kind: 'change-conditions', weight: 10, run: changeConditions },
  { kind: 'move-endpoint', weight: 5, run: moveEndpoint },
  { kind: 'copy-endpoint', weight: 3, run: copyEndpoint },
  { kind: 'change-slice-ports', weight: 3, run: changeSlicePorts },
  { kind: 'move-slice', weight: 3, run: moveSlice },
  { kind: 'spoil-slice', weight: 1, run: spoilSlice },
  { kind: 'put-endpoints', weight: 4, run: putEndpoints },
  {
    kind: 'delete-endpoints',
    weight: 1,
    run: (store, dice) => {
      remove(store, one(store, 'endpoints', dice));
    },
  },
  { kind: 'change-node', weight: 2, run: changeNode },
  { kind: 'recreate-node', weight: 0.3, run: recreateNode },
  { kind: 'roll-out', weight: 2, run: rollOut },
  { kind: 'empty-namespace', weight: 0.15, run: emptyNamespace },
];

function putService(store: Store, dice: Dice): void {
  store.put(randomService(dice.pick(cluster.namespaces), dice.pick(cluster.services), dice));
}

/** The same name, but another object. */
function recreateService(store: Store, dice: Dice): void {
  const held = aService(store, dice);
  if (held === undefined) return;
  remove(store, held);
  const next = dice.chance(0.5)
    ? bare(held)
    : randomService(held.metadata.namespace ?? '', held.metadata.name, dice);
  store.create(next);
}

/** A service takes the cluster address of another, which goes before, after, or not at all. */
function handOverAddress(store: Store, dice: Dice): void {
  const [from, to] = [aService(store, dice), aService(store, dice)];
  if (from === undefined || to === undefined || from === to) return;
  const { clusterIP, clusterIPs } = specOf(from);
  const order = dice.pick(['before', 'after', 'never']);
  if (order === 'before') remove(store, from);
  store.update({ ...bare(to), spec: { ...specOf(to), clusterIP, clusterIPs } });
  if (order === 'after') remove(store, from);
}

function changePorts(store: Store, dice: Dice): void {
  const held = aService(store, dice);
  if (held === undefined) return;
  const spec = specOf(held);
  store.update({ ...bare(held), spec: { ...spec, ports: randomPorts(String(spec['type']), dice) } });
}

function changeLabels(store: Store, dice: Dice): void {
  const held = aService(store, dice);
  if (held !== undefined) store.update(labelled(held, randomLabels(dice)));
}

/** What no API server would take, but a webhook or an older version may have let in. */
function spoilService(store: Store, dice: Dice): void {
  const held = aService(store, dice);
  if (held === undefined) return;
  const spoilt = dice.pick<JsonObject>([
    { ports: [{ port: 0 }] },
    { ports: 'none' },
    { clusterIP: 'nonsense', clusterIPs: ['nonsense'] },
    { sessionAffinity: 'Sometimes' },
  ]);
  store.update({ ...bare(held), spec: { ...specOf(held), ...spoilt } });
}

function putSlice(store: Store, dice: Dice): void {
  const service = dice.pick(cluster.services);
  const name = `${service}-${dice.pick(cluster.slices)}`;
  store.put(randomSlice(dice.pick(cluster.namespaces), name, service, dice));
}

function addEndpoint(store: Store, dice: Dice): void {
  const held = aSlice(store, dice);
  if (held === undefined || !isFamily(held['addressType'])) return;
  const endpoint = randomEndpoint(dice.pick(cluster.pods[held['addressType']]), dice);
  store.update({ ...bare(held), endpoints: [...listIn(held['endpoints']), endpoint] });
}

function removeEndpoint(store: Store, dice: Dice): void {
  const held = aSlice(store, dice);
  if (held !== undefined) takeEndpoint(store, held, dice);
}

function changeConditions(store: Store, dice: Dice): void {
  const held = aSlice(store, dice);
  if (held === undefined) return;
  const endpoints = listIn(held['endpoints']).map((endpoint) =>
    dice.chance(0.4) ? { ...objectIn(endpoint), conditions: randomConditions(dice) } : endpoint,
  );
  store.update({ ...bare(held), endpoints });
}

/** Within its service or to another, first out and then in, or the other way round. */
function moveEndpoint(store: Store, dice: Dice): void {
  const [from, to] = [aSlice(store, dice), aSlice(store, dice)];
  if (from === undefined || to === undefined || from === to || from['addressType'] !== to['addressType'])
    return;
  const first = dice.chance(0.5);
  const [endpoint] = first ? takeEndpoint(store, from, dice) : listIn(from['endpoints']);
  if (endpoint === undefined) return;
  store.update({ ...bare(to), endpoints: [...listIn(to['endpoints']), endpoint] });
  if (!first) store.update({ ...bare(from), endpoints: listIn(from['endpoints']).slice(1) });
}

/** The same endpoint stands in two slices, as it may while the control plane moves it. */
function copyEndpoint(store: Store, dice: Dice): void {
  const from = aSlice(store, dice);
  const endpoint = listIn(from?.['endpoints'])[0];
  if (from === undefined || endpoint === undefined) return;
  const service = from.metadata.labels?.[serviceLabel] ?? dice.pick(cluster.services);
  const { namespace } = from.metadata;
  store.put({
    ...bare(from),
    metadata: { namespace: namespace ?? '', name: `${service}-copy`, labels: { [serviceLabel]: service } },
    endpoints: [endpoint, ...(dice.chance(0.3) ? [endpoint] : [])],
  });
}

function changeSlicePorts(store: Store, dice: Dice): void {
  const held = aSlice(store, dice);
  if (held !== undefined) store.update({ ...bare(held), ports: randomSlicePorts(dice) });
}

/** A slice comes to belong to another service. */
function moveSlice(store: Store, dice: Dice): void {
  const held = aSlice(store, dice);
  if (held !== undefined) store.update(labelled(held, { [serviceLabel]: dice.pick(cluster.services) }));
}

function spoilSlice(store: Store, dice: Dice): void {
  const held = aSlice(store, dice);
  if (held === undefined) return;
  const spoilt = dice.pick<NewObject>([
    labelled(held, {}),
    { ...bare(held), endpoints: [{ addresses: ['nonsense'] }] },
    { ...bare(held), addressType: 'IPv5' },
    {
      ...bare(held),
      ports: [
        { name: 'a', port: 1 },
        { name: 'a', port: 2 },
      ],
    },
  ]);
  store.update(spoilt);
}

function putEndpoints(store: Store, dice: Dice): void {
  store.put(randomEndpoints(dice.pick(cluster.namespaces), dice.pick(cluster.services), dice));
}

function changeNode(store: Store, dice: Dice): void {
  store.put(randomNode(dice));
}

function recreateNode(store: Store, dice: Dice): void {
  if (store.get('nodes', '', ownNode) !== undefined) store.delete('nodes', '', ownNode);
  store.create(randomNode(dice));
}

function randomNode(dice: Dice): NewObject {
  return nodeObject(dice.some(cluster.nodeAddresses, dice.between(1, 3)), {
    ...(dice.chance(0.8) && { 'topology.kubernetes.io/zone': dice.pick(cluster.zones) }),
    note: String(dice.below(10)),
  });
}

/** A burst: every slice of a service is written anew, one after the other. */
function rollOut(store: Store, dice: Dice): void {
  const service = dice.pick(cluster.services);
  const namespace = dice.pick(cluster.namespaces);
  for (const name of cluster.slices) store.put(randomSlice(namespace, `${service}-${name}`, service, dice));
}

/** A burst: everything in a namespace goes. */
function emptyNamespace(store: Store, dice: Dice): void {
  const namespace = dice.pick(cluster.namespaces);
  for (const resource of ['endpoints', 'endpointslices', 'services'] as const) {
    for (const object of all(store, resource)) {
      if (object.metadata.namespace === namespace) remove(store, object);
    }
  }
}

/** Everything of a resource but what is never touched. */
function all(store: Store, resource: 'services' | 'endpointslices' | 'endpoints'): KubeObject[] {
  return store
    .list(resourceNamed(resource))
    .filter(({ metadata }) => metadata.name !== steady.name && metadata.name !== `${steady.name}-a`);
}

function one(
  store: Store,
  resource: 'services' | 'endpointslices' | 'endpoints',
  dice: Dice,
): KubeObject | undefined {
  const objects = all(store, resource);
  return objects[dice.below(objects.length)];
}

function aService(store: Store, dice: Dice): KubeObject | undefined {
  return one(store, 'services', dice);
}

function aSlice(store: Store, dice: Dice): KubeObject | undefined {
  return one(store, 'endpointslices', dice);
}

/** Removing a service or its Endpoints may have taken the object away: mirrored slices go with them. */
function remove(store: Store, object: KubeObject | undefined): void {
  if (object === undefined) return;
  const { namespace = '', name } = object.metadata;
  const resource = { Service: 'services', EndpointSlice: 'endpointslices', Endpoints: 'endpoints' }[
    object.kind
  ];
  if (resource !== undefined && store.get(resource, namespace, name) !== undefined) {
    store.delete(resource, namespace, name);
  }
}

function takeEndpoint(store: Store, slice: KubeObject, dice: Dice): unknown[] {
  const endpoints = [...listIn(slice['endpoints'])];
  const taken = endpoints.splice(dice.below(endpoints.length), 1);
  if (taken.length > 0) store.update({ ...bare(slice), endpoints });
  return taken;
}

/** The object without the marks of its version, so that it can be written whatever became of it. */
function bare(object: KubeObject): NewObject {
  const { namespace, name, labels, annotations } = object.metadata;
  return {
    ...object,
    metadata: {
      name,
      ...(namespace !== undefined && { namespace }),
      ...(labels && { labels }),
      ...(annotations && { annotations }),
    },
  };
}

function labelled(object: KubeObject, labels: Readonly<Record<string, string>>): NewObject {
  const next = bare(object);
  return { ...next, metadata: { ...next.metadata, labels } };
}

function specOf(object: KubeObject): JsonObject {
  return objectIn(object['spec']);
}

function isFamily(value: unknown): value is 'IPv4' | 'IPv6' {
  return value === 'IPv4' || value === 'IPv6';
}
