import type { Endpoint, EndpointSlice, SlicePort } from '../model/endpoint-slice.ts';
import type { IpFamily } from '../model/family.ts';
import type { Endpoints, EndpointsAddress } from './objects/endpoints-decoder.ts';

/** Addresses of one subset that are mirrored; those behind are left out (Kubernetes' --mirroring-max-endpoints-per-subset). */
export const mostAddresses = 1000;

/** A slice in the making: all addresses of one family that listen on the same ports, whatever subset they stand in. */
interface Mirror {
  readonly family: IpFamily;
  readonly ports: readonly SlicePort[];
  readonly endpoints: Map<string, Endpoint>;
}

/**
 * Turns an Endpoints object into slices as Kubernetes' endpointslicemirroring controller does: one for each family and
 * set of ports, `notReadyAddresses` as endpoints that are not ready. The n-th slice of an object always has the same
 * name. Whether the object is to be mirrored at all is for the caller to know: only that of a service without selector.
 */
export function mirrorEndpoints(endpoints: Endpoints): EndpointSlice[] {
  const mirrors = new Map<string, Mirror>();
  for (const subset of endpoints.subsets) {
    for (const address of subset.addresses.slice(0, mostAddresses)) {
      addAddress(mirrors, subset.ports, address);
    }
  }
  return [...mirrors.values()].map((mirror, index) => ({
    namespace: endpoints.namespace,
    name: `${endpoints.name}-mirrored-${index + 1}`,
    service: endpoints.name,
    family: mirror.family,
    ports: mirror.ports,
    endpoints: [...mirror.endpoints.values()],
    triggered: endpoints.triggered,
  }));
}

function addAddress(
  mirrors: Map<string, Mirror>,
  ports: readonly SlicePort[],
  address: EndpointsAddress,
): void {
  const key = `${address.family} ${portsKey(ports)}`;
  const mirror = mirrors.get(key) ?? {
    family: address.family,
    ports,
    endpoints: new Map<string, Endpoint>(),
  };
  mirrors.set(key, mirror);
  // Listed twice, an address is ready if it is ready once.
  if (mirror.endpoints.get(address.address)?.ready === true) return;
  mirror.endpoints.set(address.address, {
    address: address.address,
    ready: address.ready,
    serving: true,
    terminating: false,
    nodeName: address.nodeName,
    zone: '',
    zoneHints: [],
    nodeHints: [],
  });
}

function portsKey(ports: readonly SlicePort[]): string {
  return ports
    .map(({ name, protocol, port }) => `${name}/${protocol}/${port}`)
    .sort()
    .join(' ');
}
