import { isIPv6 } from 'node:net';
import ipaddr from 'ipaddr.js';
import { familyOf, type IpFamily } from './family.ts';

/** An IP address that was read from text. */
export interface Address {
  /** Canonical text: dotted decimal without leading zeros, or RFC 5952. */
  readonly address: string;
  readonly family: IpFamily;
  /** True where an octet was written with leading zeros, which are read as decimal (Kubernetes' ParseIPSloppy). */
  readonly leadingZeros: boolean;
}

/** An IP network that was read from text. */
export interface Cidr {
  /** Canonical text, with the bits behind the prefix cleared. */
  readonly cidr: string;
  readonly family: IpFamily;
  /** True where an octet was written with leading zeros, which are read as decimal. */
  readonly leadingZeros: boolean;
  /** True where bits behind the prefix were set in the text: `10.0.0.1/8`. */
  readonly hostBits: boolean;
}

/** Why a text is no address or no CIDR. */
export interface AddressFault {
  /** What the text is instead: `an IPv4-mapped IPv6 address`. */
  readonly reason: string;
  /** What to do, in the imperative. */
  readonly hint: string;
}

/** What an address is for, as far as that forbids to balance to it or on it. */
export type AddressKind = 'unicast' | 'unspecified' | 'loopback' | 'link-local' | 'multicast' | 'broadcast';

const plainIPv4 = /^(?:(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)(?:\.|$)){4}(?<!\.)$/;
const sloppyIPv4 = /^0*(\d{1,3})\.0*(\d{1,3})\.0*(\d{1,3})\.0*(\d{1,3})$/;

/**
 * Reads an IP address strictly: no white space, zone, prefix length, port or short form. Leading zeros of an octet are
 * read as decimal and reported; an IPv4-mapped IPv6 address is refused, because it names two things at once.
 */
export function parseAddress(text: string): Address | AddressFault {
  if (plainIPv4.test(text)) return { address: text, family: 'IPv4', leadingZeros: false };
  if (isIPv6(text) && !text.includes('%')) return parseIPv6(text);
  const octets = sloppyIPv4.exec(text)?.slice(1).map(Number);
  if (octets?.every((octet) => octet <= 255) === true) {
    return { address: octets.join('.'), family: 'IPv4', leadingZeros: true };
  }
  return faultOf(text);
}

/** Reads `address/prefix` with the same strictness. Bits behind the prefix are cleared and reported. */
export function parseCidr(text: string): Cidr | AddressFault {
  const slash = text.indexOf('/');
  if (slash < 0) {
    return 'reason' in parseAddress(text)
      ? { reason: 'no CIDR', hint: 'write a network as address/prefix, such as 10.0.0.0/8 or fd00::/64' }
      : { reason: 'an address without prefix length', hint: 'add the prefix length: /32, or /128 for IPv6' };
  }
  const parsed = parseAddress(text.slice(0, slash));
  if ('reason' in parsed) return parsed;
  const longest = parsed.family === 'IPv4' ? 32 : 128;
  const prefix = text.slice(slash + 1);
  if (!/^(?:0|[1-9]\d{0,2})$/.test(prefix) || Number(prefix) > longest) {
    return { reason: 'an impossible prefix length', hint: `write a prefix length from 0 to ${longest}` };
  }
  const network = networkOf(parsed, prefix);
  return {
    cidr: `${network}/${prefix}`,
    family: parsed.family,
    leadingZeros: parsed.leadingZeros,
    hostBits: network !== parsed.address,
  };
}

/** What an address in canonical text is for. */
export function addressKind(address: string): AddressKind {
  return familyOf(address) === 'IPv4' ? kindOfIPv4(address) : kindOfIPv6(address);
}

function kindOfIPv4(address: string): AddressKind {
  if (address === '0.0.0.0') return 'unspecified';
  if (address === '255.255.255.255') return 'broadcast';
  if (address.startsWith('127.')) return 'loopback';
  if (address.startsWith('169.254.')) return 'link-local';
  const first = Number(address.slice(0, address.indexOf('.')));
  return first >= 224 && first <= 239 ? 'multicast' : 'unicast';
}

function kindOfIPv6(address: string): AddressKind {
  if (address === '::') return 'unspecified';
  if (address === '::1') return 'loopback';
  if (/^fe[89ab][0-9a-f]:/.test(address)) return 'link-local';
  return /^ff[0-9a-f]{2}:/.test(address) ? 'multicast' : 'unicast';
}

function parseIPv6(text: string): Address | AddressFault {
  const parsed = ipaddr.IPv6.parse(text);
  if (parsed.isIPv4MappedAddress()) {
    return {
      reason: 'an IPv4-mapped IPv6 address',
      hint: `write the IPv4 address itself: ${parsed.toIPv4Address().toString()}`,
    };
  }
  return { address: parsed.toRFC5952String(), family: 'IPv6', leadingZeros: false };
}

function networkOf(parsed: Address, prefix: string): string {
  const cidr = `${parsed.address}/${prefix}`;
  return parsed.family === 'IPv4'
    ? ipaddr.IPv4.networkAddressFromCIDR(cidr).toString()
    : ipaddr.IPv6.networkAddressFromCIDR(cidr).toRFC5952String();
}

function faultOf(text: string): AddressFault {
  if (text === '') return { reason: 'an empty text', hint: 'write an address or leave the field out' };
  if (text.trim() !== text) {
    return { reason: 'a text with white space around it', hint: 'remove the white space' };
  }
  if (text.includes('%')) return { reason: 'an address with a zone', hint: 'remove the zone behind %' };
  if (text.includes('/')) {
    return { reason: 'a network, not an address', hint: 'remove the prefix length behind /' };
  }
  if (/^\[.*\](?::\d+)?$|^[\d.]+:\d+$/.test(text)) {
    return { reason: 'an address with brackets or a port', hint: 'write the address alone' };
  }
  return { reason: 'no IP address', hint: 'write an address such as 10.0.0.1 or fd00::1' };
}
