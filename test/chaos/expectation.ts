import { type JsonObject, type KubeObject, listIn, objectIn } from '../kube/object.ts';
import { resourceNamed } from '../kube/resource-type.ts';
import type { Store } from '../kube/store.ts';
import type { Contents } from './contents.ts';
import { serviceLabel } from './random-slice.ts';

/** Labels of what another proxy serves. */
const foreignLabels = ['service.kubernetes.io/service-proxy-name', 'service.kubernetes.io/headless'];

const anything = 'anything';

/** Where every cluster address lies, and nothing else that is served. */
const clusterAddress = /^(TCP|UDP|SCTP) (10\.96\.|\[fd00:96::)/;

/**
 * The virtual servers on cluster addresses by key, each with the real servers behind it as one text, as a simple reading
 * of the services gives them. Where it is not simple which endpoints serve (several services want the address, policies,
 * hints, endpoints that are not ready) the text is `anything`.
 */
export function expectedServers(store: Store): Map<string, string> {
  const servers = new Map<string, string>();
  const slices = store.list(resourceNamed('endpointslices')).filter(isOurs);
  for (const service of store.list(resourceNamed('services'))) {
    if (!isOurs(service)) continue;
    const spec = objectIn(service['spec']);
    const addresses = listIn(spec['clusterIPs']).map(String);
    if (spec['type'] === 'ExternalName' || addresses[0] === 'None') continue;
    for (const address of addresses) {
      for (const port of listIn(spec['ports']).map(objectIn)) {
        const key = `${String(port['protocol'])} ${bracketed(address)}:${String(port['port'])}`;
        const simple = !servers.has(key) && spec['internalTrafficPolicy'] !== 'Local';
        servers.set(key, simple ? behind(service, slices, port, address.includes(':')) : anything);
      }
    }
  }
  return servers;
}

/** The same as the kernel has it, with `anything` where nothing is expected. */
export function servedByClusterIP(
  contents: Contents,
  expected: ReadonlyMap<string, string>,
): Map<string, string> {
  const served = new Map<string, string[]>();
  for (const key of contents.get('virtualServers')?.keys() ?? []) {
    if (clusterAddress.test(key)) served.set(key, []);
  }
  for (const key of contents.get('realServers')?.keys() ?? []) {
    const [server = '', real = ''] = key.split(' -> ');
    served.get(server)?.push(real);
  }
  return new Map(
    [...served].map(([key, reals]) => [key, expected.get(key) === anything ? anything : sorted(reals)]),
  );
}

function behind(
  service: KubeObject,
  slices: readonly KubeObject[],
  port: JsonObject,
  isIPv6: boolean,
): string {
  const found = slices
    .filter((slice) => belongs(slice, service) && slice['addressType'] === (isIPv6 ? 'IPv6' : 'IPv4'))
    .flatMap((slice) => placesOf(slice, port));
  if (found.some(({ plain }) => !plain)) return anything;
  return sorted(found.map(({ place }) => place));
}

/** Where the endpoints of a slice serve a port, and whether they surely do. */
function placesOf(slice: KubeObject, port: JsonObject): { place: string; plain: boolean }[] {
  const own = listIn(slice['ports'])
    .map(objectIn)
    .find(({ name, protocol }) => (name ?? '') === (port['name'] ?? '') && protocol === port['protocol']);
  if (own?.['port'] === undefined) return [];
  return listIn(slice['endpoints'])
    .map(objectIn)
    .map(({ addresses, conditions, hints }) => ({
      place: `${bracketed(String(listIn(addresses)[0]))}:${String(own['port'])}`,
      plain: hints === undefined && objectIn(conditions)['ready'] !== false,
    }));
}

function belongs(slice: KubeObject, service: KubeObject): boolean {
  return (
    slice.metadata.namespace === service.metadata.namespace &&
    slice.metadata.labels?.[serviceLabel] === service.metadata.name
  );
}

function isOurs({ metadata: { labels = {} } }: KubeObject): boolean {
  return foreignLabels.every((label) => labels[label] === undefined);
}

function bracketed(address: string): string {
  return address.includes(':') ? `[${address}]` : address;
}

function sorted(texts: readonly string[]): string {
  return [...new Set(texts)].sort().join(' ');
}
