import { type JsonObject, listIn, objectIn } from './object.ts';
import { resourceNamed } from './resource-type.ts';
import type { NewObject, Store } from './store.ts';

const managedBy = 'endpointslice.kubernetes.io/managed-by';
const mirroringController = 'endpointslicemirroring-controller.k8s.io';
const serviceName = 'kubernetes.io/service-name';
const skipMirror = 'endpointslice.kubernetes.io/skip-mirror';

/**
 * Keeps slices for the Endpoints of services without selector, as Kubernetes' endpointslicemirroring controller does:
 * a slice for each subset and family. Returns what ends that.
 */
export function mirrorEndpoints(store: Store): () => void {
  return store.subscribe(({ storage, object }) => {
    const { namespace = '', name } = object.metadata;
    const concerned = storage === 'services' && store.get('endpoints', namespace, name) !== undefined;
    if (storage === 'endpoints' || concerned) mirror(store, namespace, name);
  });
}

function mirror(store: Store, namespace: string, name: string): void {
  const wanted = wantedSlices(store, namespace, name);
  for (const slice of wanted) store.put(slice);
  const names = new Set(wanted.map(({ metadata }) => metadata.name));
  for (const slice of store.list(resourceNamed('endpointslices'))) {
    const labels = slice.metadata.labels ?? {};
    if (slice.metadata.namespace !== namespace || labels[serviceName] !== name) continue;
    if (labels[managedBy] === mirroringController && !names.has(slice.metadata.name)) {
      store.delete('endpointslices', namespace, slice.metadata.name);
    }
  }
}

function wantedSlices(store: Store, namespace: string, name: string): NewObject[] {
  const service = store.get('services', namespace, name);
  const endpoints = store.get('endpoints', namespace, name);
  if (!service || !endpoints || endpoints.metadata.labels?.[skipMirror] === 'true') return [];
  if (Object.keys(objectIn(objectIn(service['spec'])['selector'])).length > 0) return [];
  return listIn(endpoints['subsets'])
    .flatMap((subset) => slicesOf(objectIn(subset)))
    .map((content, index) => ({
      apiVersion: 'discovery.k8s.io/v1',
      kind: 'EndpointSlice',
      metadata: {
        namespace,
        name: `${name}-mirrored-${index + 1}`,
        labels: { ...endpoints.metadata.labels, [serviceName]: name, [managedBy]: mirroringController },
      },
      ...content,
    }));
}

function slicesOf(subset: JsonObject): JsonObject[] {
  const endpoints = [
    ...listIn(subset['addresses']).map((address) => endpointOf(objectIn(address), true)),
    ...listIn(subset['notReadyAddresses']).map((address) => endpointOf(objectIn(address), false)),
  ];
  const ports = listIn(subset['ports']).map((port) => ({ name: '', protocol: 'TCP', ...objectIn(port) }));
  return ['IPv4', 'IPv6'].flatMap((addressType) => {
    const own = endpoints.filter(
      ({ addresses: [first] }) => first?.includes(':') === (addressType === 'IPv6'),
    );
    return own.length > 0 ? [{ addressType, ports, endpoints: own }] : [];
  });
}

function endpointOf(address: JsonObject, ready: boolean): { addresses: string[] } & JsonObject {
  return {
    addresses: [String(address['ip'])],
    conditions: { ready },
    ...(address['nodeName'] !== undefined && { nodeName: address['nodeName'] }),
  };
}
