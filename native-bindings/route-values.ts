import { addressFamilies } from './address.ts';
import { littleEndianHost as host } from './byte-order.ts';
import type { ByteWriter, Frame } from './byte-writer.ts';
import { malformed } from './error.ts';
import type { Message } from './message.ts';
import { interfaceAddressAttributes, linkAttributes } from './route-attributes.ts';

/** A network interface. */
export interface Link {
  /** Unique while it exists; never 0. */
  readonly index: number;
  readonly name: string;
  /** `dummy`, `veth`, `bridge`; `undefined` for hardware and loopback. */
  readonly kind: string | undefined;
  /** `IFF_*`. */
  readonly flags: number;
  readonly mtu: number;
  /** Index of the bridge or bond that it is part of, 0 for none. */
  readonly master: number;
}

/** An address of an interface. */
export interface InterfaceAddress {
  /** Index of the interface. */
  readonly index: number;
  readonly family: 'IPv4' | 'IPv6';
  /** Canonical text of the address itself, not of a peer. */
  readonly address: string;
  /** Prefix length. */
  readonly prefix: number;
  /** `RT_SCOPE_*`. */
  readonly scope: number;
  /** `IFA_F_*`. */
  readonly flags: number;
  /** IPv4 alone has one: the interface's name, or that with a suffix. */
  readonly label?: string;
}

/** Bytes of `struct ifinfomsg`. */
export const linkHeader = 16;

/** Bytes of `struct ifaddrmsg`. */
export const interfaceAddressHeader = 8;

/** Appends `struct ifinfomsg`. Only the flags in `mask` are meant. */
export function writeLinkHeader(writer: ByteWriter, index: number, flags: number, mask: number): void {
  const at = writer.reserve(linkHeader);
  writer.view.setInt32(at + 4, index, host);
  writer.view.setUint32(at + 8, flags, host);
  writer.view.setUint32(at + 12, mask, host);
}

/** Reads `struct ifinfomsg`. Throws `malformed` where it is not there whole. */
export function readLinkHeader(
  frame: Frame,
  message: Message,
): { index: number; flags: number; mask: number } {
  needHeader(message, linkHeader, 'ifinfomsg');
  const { view } = frame;
  const at = message.payload;
  return {
    index: view.getInt32(at + 4, host),
    flags: view.getUint32(at + 8, host),
    mask: view.getUint32(at + 12, host),
  };
}

/** `struct ifaddrmsg` without its flags, for which there is an attribute with more room. */
export interface InterfaceAddressHeader {
  /** AF_INET, AF_INET6, or 0 for both. */
  readonly family: number;
  readonly prefix: number;
  readonly scope: number;
  readonly index: number;
}

/** Appends `struct ifaddrmsg`. */
export function writeInterfaceAddressHeader(writer: ByteWriter, header: InterfaceAddressHeader): void {
  const at = writer.reserve(interfaceAddressHeader);
  writer.view.setUint8(at, header.family);
  writer.view.setUint8(at + 1, header.prefix);
  writer.view.setUint8(at + 3, header.scope);
  writer.view.setUint32(at + 4, header.index, host);
}

/** Reads `struct ifaddrmsg`. Throws `malformed` where it is not there whole. */
export function readInterfaceAddressHeader(frame: Frame, message: Message): InterfaceAddressHeader {
  needHeader(message, interfaceAddressHeader, 'ifaddrmsg');
  const { view } = frame;
  const at = message.payload;
  return {
    family: view.getUint8(at),
    prefix: view.getUint8(at + 1),
    scope: view.getUint8(at + 3),
    index: view.getUint32(at + 4, host),
  };
}

/** The link that a message describes. Throws `malformed`. */
export function decodeLink(frame: Frame, message: Message): Link {
  const { index, flags } = readLinkHeader(frame, message);
  const values = linkAttributes.decode(frame, message.payload + linkHeader, message.end);
  return {
    index,
    name: values.name ?? '',
    kind: values.info?.kind,
    flags,
    mtu: values.mtu ?? 0,
    master: values.master ?? 0,
  };
}

/**
 * The interface address that a message describes; `undefined` for a family that is neither IPv4 nor IPv6. Throws
 * `malformed`.
 */
export function decodeInterfaceAddress(frame: Frame, message: Message): InterfaceAddress | undefined {
  const header = readInterfaceAddressHeader(frame, message);
  const family = familyName(header.family);
  if (family === undefined) return undefined;
  const start = message.payload;
  const values = interfaceAddressAttributes.decode(frame, start + interfaceAddressHeader, message.end);
  const address = values.local ?? values.address;
  if (address === undefined) throw malformed('expected attribute local or address, got neither', start);
  return {
    index: header.index,
    family,
    address,
    prefix: header.prefix,
    scope: header.scope,
    flags: values.flags ?? frame.view.getUint8(start + 2),
    ...(values.label === undefined ? {} : { label: values.label }),
  };
}

function familyName(family: number): 'IPv4' | 'IPv6' | undefined {
  if (family === addressFamilies.IPv4) return 'IPv4';
  return family === addressFamilies.IPv6 ? 'IPv6' : undefined;
}

function needHeader(message: Message, size: number, name: string): void {
  const got = message.end - message.payload;
  if (got < size) throw malformed(`expected ${size} bytes of ${name}, got ${got}`, message.payload);
}
