import { type JsonObject, listIn, objectIn } from './object.ts';
import { resourceNamed } from './resource-type.ts';
import { badRequest, invalid } from './status.ts';
import type { NewObject, Store } from './store.ts';

/** Fills in what the API server fills in when an object is written through it: a Service's defaults and addresses. */
export function completed(object: NewObject, store: Store, held?: NewObject): NewObject {
  const named = object.metadata.name ?? held?.metadata.name;
  if (named === undefined && object.metadata.generateName === undefined) {
    throw badRequest('name or generateName is required');
  }
  if (object.kind === 'Namespace') return { ...object, status: object['status'] ?? { phase: 'Active' } };
  if (object.kind !== 'Service') return object;
  return {
    ...object,
    spec: serviceSpec(objectIn(object['spec']), store, objectIn(held?.['spec'])),
    ...statusOf(object),
  };
}

/** Throws 422 for the mistakes that people make most. */
export function validate(object: NewObject, held: NewObject | undefined): void {
  const { name = '' } = object.metadata;
  if (object.kind === 'EndpointSlice') validateSlice(object, held, name);
  if (object.kind === 'Service') validateService(object, held, name);
}

function validateSlice(object: NewObject, held: NewObject | undefined, name: string): void {
  const family = object['addressType'];
  if (family === undefined || family === '')
    throw invalid(object.kind, name, 'addressType', 'Required value');
  if (held && held['addressType'] !== family) {
    throw invalid(
      object.kind,
      name,
      'addressType',
      `Invalid value: ${JSON.stringify(family)}: field is immutable`,
    );
  }
}

function validateService(object: NewObject, held: NewObject | undefined, name: string): void {
  const spec = objectIn(object['spec']);
  const needsPorts = spec['type'] !== 'ExternalName' && spec['clusterIP'] !== 'None';
  if (needsPorts && listIn(spec['ports']).length === 0) {
    throw invalid(object.kind, name, 'spec.ports', 'Required value');
  }
  const [was, is] = [objectIn(held?.['spec']), spec];
  if (was['type'] === is['type'] && was['clusterIP'] !== undefined && was['clusterIP'] !== is['clusterIP']) {
    const message = `Invalid value: ${JSON.stringify(is['clusterIP'])}: field is immutable`;
    throw invalid(object.kind, name, 'spec.clusterIP', message);
  }
}

function statusOf(object: NewObject): JsonObject {
  return { status: object['status'] ?? { loadBalancer: {} } };
}

function serviceSpec(spec: JsonObject, store: Store, held: JsonObject): JsonObject {
  const type = spec['type'] ?? 'ClusterIP';
  const exposed = type === 'NodePort' || type === 'LoadBalancer';
  const ports = listIn(spec['ports']).map((port) => servicePort(objectIn(port), exposed, store, held));
  const filled = {
    ...spec,
    ...(ports.length > 0 && { ports }),
    type,
    sessionAffinity: spec['sessionAffinity'] ?? 'None',
    ...(exposed && { externalTrafficPolicy: spec['externalTrafficPolicy'] ?? 'Cluster' }),
  };
  return type === 'ExternalName' ? filled : { ...filled, ...clusterAddresses(spec, store, held) };
}

function clusterAddresses(spec: JsonObject, store: Store, held: JsonObject): JsonObject {
  const clusterIP = spec['clusterIP'] ?? held['clusterIP'] ?? freeAddress(store);
  return {
    internalTrafficPolicy: spec['internalTrafficPolicy'] ?? 'Cluster',
    ipFamilyPolicy: spec['ipFamilyPolicy'] ?? 'SingleStack',
    ipFamilies: spec['ipFamilies'] ?? [JSON.stringify(clusterIP).includes(':') ? 'IPv6' : 'IPv4'],
    clusterIP,
    clusterIPs: spec['clusterIPs'] ?? [clusterIP],
  };
}

function servicePort(port: JsonObject, exposed: boolean, store: Store, held: JsonObject): JsonObject {
  const before = listIn(held['ports'])
    .map(objectIn)
    .find((one) => one['port'] === port['port']);
  return {
    ...port,
    protocol: port['protocol'] ?? 'TCP',
    targetPort: port['targetPort'] ?? port['port'],
    ...(exposed && { nodePort: port['nodePort'] ?? before?.['nodePort'] ?? freeNodePort(store) }),
  };
}

function freeAddress(store: Store): string {
  const taken = new Set(servicesOf(store).map((spec) => spec['clusterIP']));
  for (let number = 10; number < 65_536; number += 1) {
    const address = `10.96.${number >> 8}.${number & 255}`;
    if (!taken.has(address)) return address;
  }
  throw new Error('expected a free address in 10.96.0.0/16, got none');
}

function freeNodePort(store: Store): number {
  const taken = new Set(
    servicesOf(store).flatMap((spec) => listIn(spec['ports']).map((port) => objectIn(port)['nodePort'])),
  );
  let port = 30_000;
  while (taken.has(port)) port += 1;
  return port;
}

function servicesOf(store: Store): JsonObject[] {
  return store.list(resourceNamed('services')).map((service) => objectIn(service['spec']));
}
