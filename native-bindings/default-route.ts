import { addressFamilies } from './address.ts';
import { address, type AttributeType, longestPayload, u32 } from './attribute-types.ts';
import { attributes } from './attributes.ts';
import { littleEndianHost as host } from './byte-order.ts';
import type { ByteWriter, Frame } from './byte-writer.ts';
import { invalidArgument, malformed } from './error.ts';
import type { Message } from './message.ts';

/** A default route of the main table: where packets go that no other route is for. */
export interface DefaultRoute {
  readonly family: 'IPv4' | 'IPv6';
  /** Canonical text, in the order of the kernel; several where the route has several next hops, none on a point-to-point link. */
  readonly gateways: readonly string[];
}

/** Bytes of `struct rtmsg` (linux/rtnetlink.h). */
export const routeHeader = 12;

/** Bytes of `struct rtnexthop`. */
const nextHopHeader = 8;

/** Bytes of the family in `struct rtvia`, before the address. */
const viaHeader = 2;

/** RT_TABLE_MAIN. */
const mainTable = 254;

/** RTN_UNICAST: a gateway or a direct route, and none that refuses. */
const unicast = 1;

/** `RTA_VIA`: a gateway of another family than the route's. */
const via: AttributeType<string> = {
  name: 'gateway with its family',
  minimum: viaHeader + 4,
  maximum: viaHeader + 16,
  idBits: 0,
  write: unwritten,
  read: (frame, start, end) => address.read(frame, start + viaHeader, end),
};

const hopAttributes = attributes({ gateway: [5, address], via: [18, via] });

/** `RTA_MULTIPATH`: the gateways of next hops, each of which is a `struct rtnexthop` with attributes behind it. */
const nextHops: AttributeType<readonly string[]> = {
  name: 'next hops',
  minimum: 0,
  maximum: longestPayload,
  idBits: 0,
  write: unwritten,
  read(frame, start, end) {
    const gateways: string[] = [];
    for (let at = start; at + nextHopHeader <= end;) {
      const length = frame.view.getUint16(at, host);
      if (length < nextHopHeader || at + length > end) {
        throw malformed(`expected a next hop of 8 to ${end - at} bytes, got ${length}`, at);
      }
      gateways.push(...gatewaysOf(hopAttributes.decode(frame, at + nextHopHeader, at + length)));
      at += (length + 3) & ~3;
    }
    return gateways;
  },
};

/** `RTA_*`, as far as they are used. */
export const routeAttributes = attributes({
  gateway: [5, address],
  multipath: [9, nextHops],
  table: [15, u32],
  via: [18, via],
});

/** Appends `struct rtmsg` as a dump of the main table's usable routes wants it. */
export function writeRouteHeader(writer: ByteWriter, family: number): void {
  const at = writer.reserve(routeHeader);
  writer.view.setUint8(at, family);
  writer.view.setUint8(at + 4, mainTable);
  writer.view.setUint8(at + 7, unicast);
}

/** What `struct rtmsg` says of a route. */
export interface RouteHeader {
  /** AF_INET, AF_INET6 or another one. */
  readonly family: number;
  /** Length of the prefix that the route is for. */
  readonly prefix: number;
  /** `RT_TABLE_*`; a number above 255 is in an attribute. */
  readonly table: number;
  /** `RTN_*`. */
  readonly type: number;
}

/** Reads `struct rtmsg`. Throws `malformed` where it is not there whole. */
export function readRouteHeader({ view }: Frame, { payload, end }: Message): RouteHeader {
  if (end - payload < routeHeader) {
    throw malformed(`expected ${routeHeader} bytes of rtmsg, got ${end - payload}`, payload);
  }
  return {
    family: view.getUint8(payload),
    prefix: view.getUint8(payload + 1),
    table: view.getUint8(payload + 4),
    type: view.getUint8(payload + 7),
  };
}

/** The family of the default route of the main table that a message is about; `undefined` for every other route. */
export function defaultRouteFamily(frame: Frame, message: Message): DefaultRoute['family'] | undefined {
  const { family, prefix, table, type } = readRouteHeader(frame, message);
  if (prefix !== 0 || table !== mainTable || type !== unicast) return undefined;
  if (family === addressFamilies.IPv4) return 'IPv4';
  return family === addressFamilies.IPv6 ? 'IPv6' : undefined;
}

/** The default route of the main table that a message describes; `undefined` for every other route. Throws `malformed`. */
export function decodeDefaultRoute(frame: Frame, message: Message): DefaultRoute | undefined {
  const family = defaultRouteFamily(frame, message);
  if (family === undefined) return undefined;
  const values = routeAttributes.decode(frame, message.payload + routeHeader, message.end);
  return { family, gateways: [...gatewaysOf(values), ...(values.multipath ?? [])] };
}

function gatewaysOf(hop: {
  readonly gateway?: string | undefined;
  readonly via?: string | undefined;
}): string[] {
  return [hop.gateway, hop.via].filter((gateway) => gateway !== undefined);
}

function unwritten(): never {
  throw invalidArgument('expected no route to be written: routes are read alone');
}
