import type { Endpoint } from '../model/endpoint-slice.ts';
import type { NodeFacts } from '../model/node-facts.ts';
import { isLastResort, type PortEndpoint, readyOf } from './endpoints.ts';

/*
 * Which of a service port's endpoints traffic goes to (KEP-1669 for those that terminate, KEP-2433 and KEP-3015 for
 * hints). Each policy chooses by itself: one may have fallen back to endpoints that terminate while the other has not.
 */

/**
 * The endpoints for policy `Cluster`: those that are ready, as near as the hints lead; where none is ready anywhere,
 * those that still serve while they terminate.
 */
export function clusterEndpointsOf(
  endpoints: readonly PortEndpoint[],
  node: NodeFacts,
): readonly PortEndpoint[] {
  const ready = readyOf(endpoints);
  return ready.length === 0 ? endpoints.filter(isLastResort) : nearest(ready, node);
}

/**
 * The endpoints for policy `Local`: those of this node that are ready; where none of them is, those of this node that
 * still serve while they terminate. Hints have no say.
 */
export function localEndpointsOf(endpoints: readonly PortEndpoint[]): readonly PortEndpoint[] {
  const local = endpoints.filter(isLocal);
  const ready = readyOf(local);
  return ready.length === 0 ? local.filter(isLastResort) : ready;
}

function isLocal({ local }: PortEndpoint): boolean {
  return local;
}

/** Those hinted for this node, else those hinted for its zone, else all. */
function nearest(ready: readonly PortEndpoint[], node: NodeFacts): readonly PortEndpoint[] {
  return hintedFor(node.name, nodeHintsOf, ready) ?? hintedFor(node.zone, zoneHintsOf, ready) ?? ready;
}

/**
 * The endpoints that are hinted for a place. `undefined` where that decides nothing: the place is not known, no endpoint
 * is hinted for it, or one has no hints, which says that they are not (or not yet) to be followed.
 */
function hintedFor(
  place: string,
  hintsOf: (endpoint: Endpoint) => readonly string[],
  ready: readonly PortEndpoint[],
): readonly PortEndpoint[] | undefined {
  if (place === '' || !ready.every(({ endpoint }) => hintsOf(endpoint).length > 0)) return undefined;
  const near = ready.filter(({ endpoint }) => hintsOf(endpoint).includes(place));
  return near.length === 0 ? undefined : near;
}

function nodeHintsOf({ nodeHints }: Endpoint): readonly string[] {
  return nodeHints;
}

function zoneHintsOf({ zoneHints }: Endpoint): readonly string[] {
  return zoneHints;
}
