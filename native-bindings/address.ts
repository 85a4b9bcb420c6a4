import type { ByteWriter } from './byte-writer.ts';
import { invalidArgument, malformed } from './error.ts';

/** AF_INET and AF_INET6 (linux/socket.h). */
export const addressFamilies = { IPv4: 2, IPv6: 10 } as const;

/** Bytes of an address of each family. */
const ipv4Length = 4;
const ipv6Length = 16;

/** Appends an address in text, four bytes for IPv4 and sixteen for IPv6. Throws `invalid-argument` if it is neither. */
export function writeAddress(writer: ByteWriter, text: string): void {
  const start = writer.length;
  const isIpv6 = text.includes(':');
  writer.reserve(isIpv6 ? ipv6Length : ipv4Length);
  const valid = isIpv6 ? parseIpv6(text, writer.bytes, start) : parseIpv4(text, writer.bytes, start);
  if (!valid) {
    writer.length = start;
    throw invalidArgument(`expected an IPv4 or IPv6 address, got ${JSON.stringify(text)}`);
  }
}

/** The bytes of an address in text. Throws `invalid-argument` if it is none. */
export function addressBytes(text: string): Uint8Array {
  const isIpv6 = text.includes(':');
  const into = new Uint8Array(isIpv6 ? ipv6Length : ipv4Length);
  if (isIpv6 ? parseIpv6(text, into, 0) : parseIpv4(text, into, 0)) return into;
  throw invalidArgument(`expected an IPv4 or IPv6 address, got ${JSON.stringify(text)}`);
}

/** The canonical text of the address in `[start, end)`: dotted for four bytes, RFC 5952 for sixteen. */
export function addressText(bytes: Uint8Array, start = 0, end = bytes.length): string {
  if (end - start === ipv4Length) return ipv4Text(bytes, start);
  if (end - start === ipv6Length) return ipv6Text(bytes, start);
  throw malformed(`expected an address of 4 or 16 bytes, got ${end - start}`, start);
}

/** The dotted text of the four bytes at `start`. */
export function ipv4Text(bytes: Uint8Array, start = 0): string {
  return `${bytes[start] ?? 0}.${bytes[start + 1] ?? 0}.${bytes[start + 2] ?? 0}.${bytes[start + 3] ?? 0}`;
}

/**
 * The RFC 5952 text of the sixteen bytes at `start`. The dotted tail is used for IPv4-mapped addresses (section 5) and
 * for nothing else.
 */
export function ipv6Text(bytes: Uint8Array, start = 0): string {
  const groups: number[] = [];
  for (let at = start; at < start + ipv6Length; at += 2) {
    groups.push(((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0));
  }
  if (groups[5] === 0xffff && groups.slice(0, 5).every((group) => group === 0)) {
    return `::ffff:${ipv4Text(bytes, start + 12)}`;
  }
  const [from, to] = longestZeros(groups);
  const hex = (part: number[]) => part.map((group) => group.toString(16)).join(':');
  return to - from < 2 ? hex(groups) : `${hex(groups.slice(0, from))}::${hex(groups.slice(to))}`;
}

/** The first longest run of zero groups. */
function longestZeros(groups: readonly number[]): readonly [from: number, to: number] {
  let best: readonly [number, number] = [0, 0];
  let from = 0;
  for (let at = 0; at <= groups.length; at += 1) {
    if (groups[at] === 0) continue;
    if (at - from > best[1] - best[0]) best = [from, at];
    from = at + 1;
  }
  return best;
}

const zero = 48;
const dot = 46;

/** Four numbers without leading zeros (`010` means 8 to some programs and 10 to others, so it means nothing here). */
function parseIpv4(text: string, into: Uint8Array, start: number): boolean {
  let at = 0;
  for (let part = 0; part < ipv4Length; part += 1) {
    if (part > 0 && text.charCodeAt(at++) !== dot) return false;
    const end = endOfOctet(text, at);
    const value = octet(text, at, end);
    if (value === undefined) return false;
    into[start + part] = value;
    at = end;
  }
  return at === text.length;
}

/** Behind the digits at `first`, three at most. */
function endOfOctet(text: string, first: number): number {
  let at = first;
  while (at < text.length && at - first < 3 && digitAt(text, at) <= 9) at += 1;
  return at;
}

function octet(text: string, first: number, end: number): number | undefined {
  if (end === first || (end > first + 1 && digitAt(text, first) === 0)) return undefined;
  let value = 0;
  for (let at = first; at < end; at += 1) value = value * 10 + digitAt(text, at);
  return value <= 0xff ? value : undefined;
}

/** Above 9 where there is no digit. */
function digitAt(text: string, at: number): number {
  return (text.charCodeAt(at) - zero) & 0xffff;
}

const groupPattern = /^[0-9a-f]{1,4}$/i;

/** RFC 4291 section 2.2, all three forms. No zone: it is not part of an address. */
function parseIpv6(text: string, into: Uint8Array, start: number): boolean {
  const groups = groupsOfIpv6(text);
  if (groups?.length !== 8) return false;
  groups.forEach((group, index) => {
    into[start + index * 2] = group >> 8;
    into[start + index * 2 + 1] = group & 0xff;
  });
  return true;
}

/** The groups with `::` filled in; as many as there are where it is missing, `undefined` where one is no group. */
function groupsOfIpv6(text: string): readonly number[] | undefined {
  const [head = '', tail, ...more] = text.split('::');
  if (tail === undefined) return groupsOf(head, true);
  const first = groupsOf(head, false);
  const last = groupsOf(tail, true);
  if (more.length > 0 || first === undefined || last === undefined) return undefined;
  const missing = 8 - first.length - last.length;
  return missing < 1 ? undefined : [...first, ...Array<number>(missing).fill(0), ...last];
}

/** The groups of one side of `::`; the last part of an address may be dotted. */
function groupsOf(text: string, isLast: boolean): number[] | undefined {
  if (text === '') return [];
  const groups: number[] = [];
  const parts = text.split(':');
  for (const [index, part] of parts.entries()) {
    if (groupPattern.test(part)) {
      groups.push(Number.parseInt(part, 16));
    } else {
      const dotted = isLast && index === parts.length - 1 ? dottedGroups(part) : undefined;
      if (dotted === undefined) return undefined;
      groups.push(...dotted);
    }
  }
  return groups;
}

function dottedGroups(text: string): readonly [number, number] | undefined {
  const octets = new Uint8Array(ipv4Length);
  if (!parseIpv4(text, octets, 0)) return undefined;
  const [a = 0, b = 0, c = 0, d = 0] = octets;
  return [(a << 8) | b, (c << 8) | d];
}
