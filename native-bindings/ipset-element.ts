import { invalidArgument } from './error.ts';
import type { IpsetElementValues } from './ipset-attributes.ts';

/** Protocols that ipset(8) writes by name; others stand as their number. */
const protocolNumbers = new Map([
  ['tcp', 6],
  ['udp', 17],
  ['sctp', 132],
  ['udplite', 136],
]);

const protocolNames = new Map(Array.from(protocolNumbers, ([name, number]) => [number, name]));

/**
 * Reads an element in the notation of ipset(8): `30080`, `10.0.0.1`, `10.0.0.1,tcp:80`, `10.0.0.1,tcp:80,10.0.0.2`,
 * `10.0.0.1,tcp:80,10.0.0.0/8`. Throws `invalid-argument` where it is none of these; addresses are looked at when they
 * are written.
 */
export function parseElement(element: string): IpsetElementValues {
  const [first = '', second, third, ...more] = element.split(',');
  if (more.length > 0) throw notAnElement(element);
  if (second === undefined) {
    return /^\d+$/.test(first) ? { port: number(first, 0xffff, element) } : { address: first };
  }
  const service = parseService(first, second, element);
  return third === undefined ? service : { ...service, ...parseNetwork(third, element) };
}

/** Writes an element in the notation of ipset(8), IPv6 without brackets, a prefix that is a whole address left out. */
export function formatElement(values: IpsetElementValues): string {
  const { address, address2, port, protocol } = values;
  if (address === undefined) return String(port ?? '');
  if (port === undefined) return address;
  const service = `${address},${protocolName(protocol ?? 0)}:${port}`;
  return address2 === undefined ? service : `${service},${formatNetwork(address2, values.prefix2)}`;
}

/** An address with `tcp:80` behind it. */
function parseService(address: string, text: string, element: string): IpsetElementValues {
  const colon = text.indexOf(':');
  if (colon < 0) throw notAnElement(element);
  const name = text.slice(0, colon);
  return {
    address,
    protocol: protocolNumbers.get(name) ?? number(name, 0xff, element),
    port: number(text.slice(colon + 1), 0xffff, element),
  };
}

/** `10.0.0.0/8` or `10.0.0.1`. */
function parseNetwork(text: string, element: string): IpsetElementValues {
  const [address2 = '', prefix, ...more] = text.split('/');
  if (more.length > 0) throw notAnElement(element);
  if (prefix === undefined) return { address2 };
  return { address2, prefix2: number(prefix, address2.includes(':') ? 128 : 32, element) };
}

function formatNetwork(address: string, prefix: number | undefined): string {
  const whole = address.includes(':') ? 128 : 32;
  return prefix === undefined || prefix === whole ? address : `${address}/${prefix}`;
}

function protocolName(protocol: number): string {
  return protocolNames.get(protocol) ?? String(protocol);
}

function number(text: string, maximum: number, element: string): number {
  const value = /^\d{1,5}$/.test(text) ? Number(text) : Number.NaN;
  if (value <= maximum) return value;
  throw notAnElement(element);
}

function notAnElement(element: string): Error {
  return invalidArgument(
    `expected an element of a set (PORT, IP, IP,PROTOCOL:PORT, IP,PROTOCOL:PORT,IP[/PREFIX]), got ${JSON.stringify(element)}`,
  );
}
