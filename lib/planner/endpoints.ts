import type { Endpoint, EndpointSlice } from '../model/endpoint-slice.ts';
import type { IpFamily } from '../model/family.ts';
import type { ServicePort } from '../model/service.ts';

/** An endpoint with the port on which it serves one service port. */
export interface PortEndpoint {
  readonly endpoint: Endpoint;
  readonly port: number;
  /** Whether it runs on the node that is planned for. */
  readonly local: boolean;
}

/**
 * Every endpoint of one family that serves a service port, whatever its conditions, sorted by address and port. Slices
 * belong to a port by its name and protocol. An address and port that several slices list is given once: ready
 * where one of them says so, else one that serves until it ends, and of equal ones that of this node. Which of several it
 * is does not depend on the order of the slices.
 */
export function endpointsOf(
  slices: readonly EndpointSlice[],
  port: ServicePort,
  family: IpFamily,
  nodeName: string,
): PortEndpoint[] {
  const found: PortEndpoint[] = [];
  for (const slice of slices) {
    if (slice.family === family) {
      collect(slice, port, nodeName, found);
    }
  }
  return isOrdered(found) ? found : merge(found.sort(compare));
}

/** The endpoints that are ready; the same list where all are. */
export function readyOf(endpoints: readonly PortEndpoint[]): readonly PortEndpoint[] {
  return endpoints.every(isReady) ? endpoints : endpoints.filter(isReady);
}

/**
 * Whether an endpoint serves although it terminates and is not ready: traffic goes to such ones where there are no others.
 * A ready one that terminates, as services with `publishNotReadyAddresses` have them, is among the ready ones.
 */
export function isLastResort({ endpoint }: PortEndpoint): boolean {
  return !endpoint.ready && endpoint.serving && endpoint.terminating;
}

function isReady({ endpoint }: PortEndpoint): boolean {
  return endpoint.ready;
}

function collect(slice: EndpointSlice, port: ServicePort, nodeName: string, found: PortEndpoint[]): void {
  for (const slicePort of slice.ports) {
    if (slicePort.name !== port.name || slicePort.protocol !== port.protocol) {
      continue;
    }
    for (const endpoint of slice.endpoints) {
      found.push({ endpoint, port: slicePort.port, local: endpoint.nodeName === nodeName });
    }
  }
}

/** By address, then port; of the same place the one to keep comes first. */
function compare(a: PortEndpoint, b: PortEndpoint): number {
  if (a.endpoint.address !== b.endpoint.address) {
    return a.endpoint.address < b.endpoint.address ? -1 : 1;
  }
  return a.port - b.port || preference(b) - preference(a) || compareRest(a.endpoint, b.endpoint);
}

/** Any order will do, as long as it does not depend on that of the slices. */
function compareRest(a: Endpoint, b: Endpoint): number {
  const [first, second] = [restOf(a), restOf(b)];
  return first === second ? 0 : first < second ? -1 : 1;
}

function restOf({ nodeName, zone, nodeHints, zoneHints }: Endpoint): string {
  return `${nodeName};${zone};${nodeHints.join()};${zoneHints.join()}`;
}

/** Readiness before service until the end before locality, as bits of one number; the rest only makes an order. */
function preference(one: PortEndpoint): number {
  const { ready, serving, terminating } = one.endpoint;
  return (
    (ready ? 16 : 0) |
    (isLastResort(one) ? 8 : 0) |
    (one.local ? 4 : 0) |
    (serving ? 2 : 0) |
    (terminating ? 0 : 1)
  );
}

/** Whether each stands behind the one before it, at another place: then there is nothing to sort and nothing to merge. */
function isOrdered(endpoints: readonly PortEndpoint[]): boolean {
  return endpoints.every((one, index) => {
    const last = endpoints[index - 1];
    return last === undefined || (compare(last, one) < 0 && !samePlace(last, one));
  });
}

function samePlace(a: PortEndpoint, b: PortEndpoint): boolean {
  return a.endpoint.address === b.endpoint.address && a.port === b.port;
}

/** Keeps the first of each place. */
function merge(sorted: readonly PortEndpoint[]): PortEndpoint[] {
  return sorted.filter((one, index) => {
    const last = sorted[index - 1];
    return last === undefined || !samePlace(last, one);
  });
}
