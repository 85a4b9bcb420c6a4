import { fnv1a } from '../model/fnv.ts';
import type { Service } from '../model/service.ts';
import type { PortEndpoint } from './endpoints.ts';

/** Schedulers that build a table out of the list of real servers, which is to be the same on every node. */
const hashing: readonly string[] = ['mh', 'sh', 'dh'];

/**
 * The turn of a node at a service: a number that differs between nodes and between services. `undefined` where every
 * node is to learn the real servers in one order.
 */
export function turnOf(
  nodeName: string,
  { namespace, name }: Service,
  scheduler: string,
): number | undefined {
  return hashing.includes(scheduler) ? undefined : hash(name, hash(namespace, hash(nodeName)));
}

/**
 * The endpoints from another one on for each turn, in their order around. The kernel puts each new real server in front
 * of its list, and `rr` and the schedulers that break ties by the order begin there, so that without this every node
 * would send its first connections to one endpoint. Where the list is begun depends on the endpoint there, so that it stays when others come and go.
 */
export function inTurn(
  endpoints: readonly PortEndpoint[],
  turn: number | undefined,
): readonly PortEndpoint[] {
  if (turn === undefined || endpoints.length < 2) return endpoints;
  let first = 0;
  let least = Infinity;
  for (let index = 0; index < endpoints.length; index += 1) {
    const rank = rankOf(endpoints[index]?.endpoint.address ?? '', turn);
    if (rank < least) {
      least = rank;
      first = index;
    }
  }
  return first === 0 ? endpoints : endpoints.slice(first).concat(endpoints.slice(0, first));
}

/** By the end of the address alone, where those of one service differ: it is asked of every endpoint. */
function rankOf(address: string, turn: number): number {
  const { length } = address;
  const low = address.charCodeAt(length - 1) | (address.charCodeAt(length - 2) << 8);
  const high = address.charCodeAt(length - 3) | (address.charCodeAt(length - 4) << 8);
  return mixed((low | (high << 16)) ^ turn);
}

/** FNV-1a of the text, begun with a number where one is given. */
function hash(text: string, begin?: number): number {
  return mixed(fnv1a(text, begin));
}

/** Spreads every bit over the whole of an unsigned 32-bit number, as the last steps of MurmurHash3 do. */
function mixed(number: number): number {
  const once = Math.imul(number ^ (number >>> 16), 0x85ebca6b);
  const twice = Math.imul(once ^ (once >>> 13), 0xc2b2ae35);
  return (twice ^ (twice >>> 16)) >>> 0;
}
