import type { PortEndpoint } from './endpoints.ts';

/** The shares that endpoints of a service get of its new connections, by where they are seen from one node. */
export interface Weights {
  /** Of endpoints on nodes that are named. */
  readonly nodes: Readonly<Record<string, number>>;
  /** Of endpoints on the same node as the client; `undefined` where nothing is said of them. */
  readonly sameNode: number | undefined;
  /** Of endpoints in the zone of the node; `undefined` where nothing is said of them. */
  readonly sameZone: number | undefined;
  /** Of all others. */
  readonly other: number;
}

/** The largest weight that can be asked for. */
const mostWeight = 1000;

/** How weights are written, for messages. */
export const weightsForm = `a list of same-node, same-zone, node/NAME or other, each with = and a whole number from 1 to ${mostWeight}`;

const weightsHint = 'write WHO=WEIGHT, with commas between: same-node=4,other=1';

const nodePrefix = 'node/';

/** One item: who, and its weight. Names of nodes are DNS names (RFC 1123). */
const itemForm = /^(same-node|same-zone|other|node\/[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?) *= *([1-9]\d{0,3})$/;

/** Reads weights. Gives the hint for whoever wrote them where they cannot be read. */
export function parseWeights(text: string): Weights | string {
  const found = new Map<string, number>();
  for (const item of text.split(',')) {
    const [, who = '', weight = ''] = itemForm.exec(item.trim()) ?? [];
    if (who === '' || Number(weight) > mostWeight) return weightsHint;
    if (found.has(who)) return `write ${who} once`;
    found.set(who, Number(weight));
  }
  return weightsOf(found);
}

function weightsOf(found: ReadonlyMap<string, number>): Weights {
  const nodes = [...found].filter(([who]) => who.startsWith(nodePrefix));
  return {
    nodes: Object.fromEntries(nodes.map(([who, weight]) => [who.slice(nodePrefix.length), weight])),
    sameNode: found.get('same-node'),
    sameZone: found.get('same-zone'),
    other: found.get('other') ?? 1,
  };
}

/**
 * The weight of an endpoint as seen from a node: what is said of its node by name goes before what is said of places.
 *
 * @param zone that of the node, `""` where it is not known
 */
export function weightOf(weights: Weights, { endpoint, local }: PortEndpoint, zone: string): number {
  const { nodeName } = endpoint;
  const named = Object.hasOwn(weights.nodes, nodeName) ? weights.nodes[nodeName] : undefined;
  return named ?? placeWeight(weights, local, local || (zone !== '' && endpoint.zone === zone));
}

function placeWeight({ sameNode, sameZone, other }: Weights, onNode: boolean, inZone: boolean): number {
  if (onNode && sameNode !== undefined) return sameNode;
  return inZone && sameZone !== undefined ? sameZone : other;
}
