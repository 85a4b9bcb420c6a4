import type { Endpoint, EndpointSlice } from '../model/endpoint-slice.ts';
import type { EndpointTraits, SharedValues } from './shared-values.ts';

/**
 * A slice as it is kept: an endpoint costs the text of its address and one reference, about 20 bytes where an `Endpoint`
 * with its strings costs 200. It is unpacked whenever its service is planned.
 */
export interface PackedSlice extends Omit<EndpointSlice, 'endpoints'> {
  /** The addresses of all endpoints, each behind a space but the first. */
  readonly addresses: string;
  /** The rest of each endpoint, in the same order. */
  readonly traits: readonly EndpointTraits[];
}

const noTraits: readonly EndpointTraits[] = [];

/** No address has one in it. */
const separator = ' ';

/** Packs a slice. What it has in common with others is shared with them. */
export function packSlice(slice: EndpointSlice, shared: SharedValues): PackedSlice {
  const { name, family, endpoints, triggered } = slice;
  return {
    namespace: shared.text(slice.namespace),
    name,
    service: slice.service,
    family,
    ports: shared.ports(slice.ports),
    triggered,
    addresses: endpoints.map(({ address }) => address).join(separator),
    traits: endpoints.length === 0 ? noTraits : endpoints.map((endpoint) => shared.traits(endpoint)),
  };
}

/** The slice that was packed. */
export function unpackSlice(packed: PackedSlice): EndpointSlice {
  const { namespace, name, service, family, ports, triggered } = packed;
  return { namespace, name, service, family, ports, endpoints: unpackEndpoints(packed), triggered };
}

function unpackEndpoints({ addresses, traits }: PackedSlice): Endpoint[] {
  const texts = addresses.split(separator);
  // Spelled out, for this is done for every endpoint of every plan: spreading the traits takes three times as long.
  return traits.map(({ ready, serving, terminating, nodeName, zone, zoneHints, nodeHints }, index) => {
    return { address: texts[index] ?? '', ready, serving, terminating, nodeName, zone, zoneHints, nodeHints };
  });
}
