import { cidrContains } from '../model/cidr.ts';
import type { IpSet } from '../model/ip-set.ts';
import type { Flight } from './flight.ts';
import type { Side } from './rule.ts';
import type { SetLookup } from './step.ts';
import type { TracedTables } from './traced-tables.ts';

/** How many parts of a packet an element is compared with, by type of set. */
const dimensions = {
  'hash:ip': 1,
  'bitmap:port': 1,
  'hash:ip,port': 2,
  'hash:ip,port,ip': 3,
  'hash:ip,port,net': 3,
} as const satisfies Record<IpSet['type'], number>;

/**
 * Looks a packet up in a set, as the kernel does: one of the other family, or with fewer parts than the set's elements
 * have, is in none; a `bitmap:port` set knows ports of TCP and UDP alone.
 */
export function lookUp(
  { name, type, family }: IpSet,
  sides: readonly Side[],
  flight: Flight,
  { setEntries }: TracedTables,
): SetLookup {
  if (family !== flight.family || sides.length < dimensions[type]) return { set: name };
  if (type === 'bitmap:port' && flight.protocol === 'SCTP') return { set: name };
  const asked = askedBy(type, sides, flight);
  if (setEntries.has(`${name} ${asked}`)) return { set: name, asked, found: asked };
  const network =
    type === 'hash:ip,port,net' ? networkAround(`${name} `, asked, setEntries.keys()) : undefined;
  return { set: name, asked, ...(network === undefined ? {} : { found: network }) };
}

/** The element that is a packet alone. */
function askedBy(type: IpSet['type'], sides: readonly Side[], flight: Flight): string {
  const [first = 'dst', second = 'dst', third = 'dst'] = sides;
  if (type === 'bitmap:port') return `${portOf(flight, first)}`;
  const place = `${flight.protocol.toLowerCase()}:${portOf(flight, second)}`;
  const parts = [addressOf(flight, first), place, addressOf(flight, third)];
  return parts.slice(0, dimensions[type]).join(',');
}

function addressOf({ source, destination }: Flight, side: Side): string {
  return side === 'src' ? source : destination;
}

function portOf({ sourcePort, port }: Flight, side: Side): number {
  return side === 'src' ? sourcePort : port;
}

/** The element of a set, `10.0.0.1,tcp:80,192.168.0.0/16`, whose network the last part of what is asked for lies in. */
function networkAround(set: string, asked: string, keys: Iterable<string>): string | undefined {
  const end = asked.lastIndexOf(',') + 1;
  const [prefix, address] = [set + asked.slice(0, end), asked.slice(end)];
  for (const key of keys) {
    const network = key.startsWith(prefix) ? key.slice(prefix.length) : '';
    if (network.includes('/') && cidrContains(network, address)) return key.slice(set.length);
  }
  return undefined;
}
