import type { PortEndpoint } from './endpoints.ts';

/** The offset basis and the prime of 32-bit FNV-1a. */
const offsetBasis = 0x811c9dc5;
const prime = 0x01000193;

/** Schedulers that build a table out of the list of real servers, which is to be the same on every node. */
const hashing: readonly string[] = ['mh', 'sh', 'dh'];

/**
 * The turn of a node at a service: a number that differs between nodes and between services. `undefined` where every
 * node is to learn the real servers in one order.
 */
export function turnOf(nodeName: string, service: string, scheduler: string): number | undefined {
  return hashing.includes(scheduler) ? undefined : hash(service, hash(nodeName, offsetBasis));
}

/**
 * The endpoints from another one on for each turn, in their order around. `rr` and the schedulers that break ties by
 * the order begin where the list begins, so that without this every node would send its first connections to one
 * endpoint. Where the list is begun depends on what it begins with, so that it stays when others come and go.
 */
export function inTurn(
  endpoints: readonly PortEndpoint[],
  turn: number | undefined,
): readonly PortEndpoint[] {
  if (turn === undefined || endpoints.length < 2) return endpoints;
  let first = 0;
  let least = Infinity;
  for (let index = 0; index < endpoints.length; index += 1) {
    const rank = hash(endpoints[index]?.endpoint.address ?? '', turn);
    if (rank < least) {
      least = rank;
      first = index;
    }
  }
  return first === 0 ? endpoints : endpoints.slice(first).concat(endpoints.slice(0, first));
}

/** FNV-1a of the text, begun with a number, as an unsigned number whose high bits depend on every character. */
function hash(text: string, seed: number): number {
  let value = seed;
  for (let index = 0; index < text.length; index += 1) {
    value = Math.imul(value ^ text.charCodeAt(index), prime);
  }
  return Math.imul(value ^ (value >>> 15), 0x2c1b3c6d) >>> 0;
}
