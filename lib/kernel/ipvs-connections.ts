import { createReadStream } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import ipaddr from 'ipaddr.js';

/** An address with a port. */
export interface Place {
  /** Canonical text. */
  readonly address: string;
  readonly port: number;
}

/** A connection that IPVS remembers, or the affinity of a client, which it keeps in the same table. */
export interface IpvsConnection {
  /** As the kernel names it: `TCP`, `UDP`, `SCTP`. */
  readonly protocol: string;
  /** Its port is 0 where this is a client's affinity, whatever ports it comes from. */
  readonly client: Place;
  readonly virtualServer: Place;
  readonly endpoint: Place;
  /** `ESTABLISHED`, `TIME_WAIT`, … by the kernel's names. */
  readonly state: string;
  /** Seconds until it is forgotten unless a packet comes. */
  readonly expires: number;
  /** The persistence engine with what it remembers; empty where there is none. */
  readonly engine: string;
}

/**
 * Every connection that IPVS remembers in the network namespace of this process, in the kernel's order, which says
 * nothing. They are read as they are asked for, for there may be a million.
 *
 * @param proc where proc(5) is mounted
 * @throws the error of `open` where there is no such table: IPVS is not loaded
 */
export async function* readConnections(proc = '/proc'): AsyncGenerator<IpvsConnection> {
  const input = createReadStream(join(proc, 'net/ip_vs_conn'), { highWaterMark: 1 << 18 });
  for await (const line of createInterface({ input, crlfDelay: Infinity })) {
    const connection = parseConnection(line);
    if (connection !== undefined) yield connection;
  }
}

/** Reads a line of /proc/net/ip_vs_conn (ip_vs_conn_seq_show, ip_vs_conn.c); `undefined` for the headings. */
export function parseConnection(line: string): IpvsConnection | undefined {
  const [protocol = '', ...fields] = line.trim().split(/\s+/);
  const [client, virtualServer, endpoint] = [0, 2, 4].map((at) => placeOf(fields[at], fields[at + 1]));
  const [state = '', expires = '', ...engine] = fields.slice(6);
  if (client === undefined || virtualServer === undefined || endpoint === undefined) return undefined;
  if (!/^\d+$/.test(expires)) return undefined;
  return {
    ...{ protocol, client, virtualServer, endpoint, state },
    ...{ expires: Number(expires), engine: engine.join(' ') },
  };
}

/** IPv4 stands there as one number, IPv6 as eight groups; ports as numbers. All of it in hexadecimal. */
function placeOf(address = '', port = ''): Place | undefined {
  if (!/^[0-9A-Fa-f]{4}$/.test(port)) return undefined;
  const canonical = addressOf(address);
  return canonical === undefined ? undefined : { address: canonical, port: Number.parseInt(port, 16) };
}

function addressOf(text: string): string | undefined {
  if (/^[0-9A-Fa-f]{8}$/.test(text)) {
    const number = Number.parseInt(text, 16);
    return [24, 16, 8, 0].map((shift) => (number >>> shift) & 0xff).join('.');
  }
  return ipaddr.IPv6.isValid(text) ? ipaddr.IPv6.parse(text).toRFC5952String() : undefined;
}
