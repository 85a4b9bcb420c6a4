import { addressFamilies } from './address.ts';
import type { Encode } from './attributes.ts';
import { littleEndianHost } from './byte-order.ts';
import { invalidArgument } from './error.ts';
import { hashedFlag, ipvsDestinationAttributes, ipvsServiceAttributes } from './ipvs-attributes.ts';
import type { IpvsDestination, IpvsService, IpvsServiceId } from './ipvs-values.ts';

/** What names a destination behind its service. */
export type IpvsDestinationId = Pick<IpvsDestination, 'address' | 'port'>;

const familyNumber = (isIpv6: boolean): number => (isIpv6 ? addressFamilies.IPv6 : addressFamilies.IPv4);

/** Either the mark, or protocol, address and port. */
const serviceId = {
  family: (id: IpvsServiceId) => familyNumber(isIpv6Service(id)),
  protocol: (id: IpvsServiceId) => (id.fwmark === undefined ? id.protocol : undefined),
  address: (id: IpvsServiceId) => (id.fwmark === undefined ? id.address : undefined),
  port: (id: IpvsServiceId) => (id.fwmark === undefined ? id.port : undefined),
  fwmark: (id: IpvsServiceId) => id.fwmark,
};

const destinationId = {
  address: (id: IpvsDestinationId) => id.address,
  port: (id: IpvsDestinationId) => id.port,
  family: (id: IpvsDestinationId) => familyNumber(id.address.includes(':')),
};

/** Writes what names a service. Throws `invalid-argument` for an address that is none. */
export const encodeServiceId: Encode<IpvsServiceId> = ipvsServiceAttributes.encoder(serviceId);

/** Writes everything that a service is made of. Throws `invalid-argument` for what cannot be written. */
export const encodeService: Encode<IpvsService> = ipvsServiceAttributes.encoder<IpvsService>({
  ...serviceId,
  scheduler: (service) => service.scheduler,
  flags: (service) => service.flags & ~hashedFlag,
  timeout: (service) => service.timeout,
  netmask: (service) => netmaskOf(isIpv6Service(service), service.netmask),
  persistenceEngine: (service) => service.persistenceEngine,
});

/** Writes what names a destination. Throws `invalid-argument` for an address that is none. */
export const encodeDestinationId: Encode<IpvsDestinationId> =
  ipvsDestinationAttributes.encoder(destinationId);

/** Writes everything that a destination is made of. Throws `invalid-argument` for what cannot be written. */
export const encodeDestination: Encode<IpvsDestination> = ipvsDestinationAttributes.encoder<IpvsDestination>({
  ...destinationId,
  forwarding: (destination) => destination.forwarding,
  weight: (destination) => destination.weight,
  upperThreshold: (destination) => destination.upperThreshold,
  lowerThreshold: (destination) => destination.lowerThreshold,
  tunnelType: (destination) => destination.tunnelType,
  tunnelPort: (destination) => destination.tunnelPort,
  tunnelFlags: (destination) => destination.tunnelFlags,
});

/** Whether a service is of IPv6, as its address or, with a mark, its family says. */
export function isIpv6Service({ fwmark, address, family }: IpvsServiceId): boolean {
  return fwmark === undefined ? address.includes(':') : family === 'IPv6';
}

/**
 * IPVS_SVC_ATTR_NETMASK as a number in network order: the mask for IPv4, and for IPv6 the prefix length, which the
 * kernel keeps in host order (ip_vs_genl_parse_service).
 */
function netmaskOf(isIpv6: boolean, prefix: number): number {
  const longest = isIpv6 ? 128 : 32;
  if (!Number.isInteger(prefix) || prefix < 0 || prefix > longest) {
    throw invalidArgument(`expected a prefix length of 0 to ${longest}, got ${prefix}`);
  }
  if (isIpv6) return littleEndianHost ? swapped(prefix) : prefix;
  return prefix === 0 ? 0 : (0xffffffff << (32 - prefix)) >>> 0;
}

/** The prefix length that such a number stands for. */
export function prefixOf(isIpv6: boolean, netmask: number): number {
  if (isIpv6) return littleEndianHost ? swapped(netmask) : netmask;
  return Math.clz32(~netmask);
}

/** The four bytes of a number the other way round. */
function swapped(value: number): number {
  return ((value << 24) | ((value & 0xff00) << 8) | ((value >>> 8) & 0xff00) | (value >>> 24)) >>> 0;
}
