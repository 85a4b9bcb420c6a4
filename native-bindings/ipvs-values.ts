import { addressBytes, addressFamilies, addressText, ipv4Text } from './address.ts';
import { littleEndianHost } from './byte-order.ts';
import { invalidArgument, malformed } from './error.ts';
import type { IpvsDestinationValues, IpvsServiceValues } from './ipvs-attributes.ts';

/** What the kernel matches a packet on: an address, a port and a protocol, or a firewall mark. */
export interface IpvsServiceId {
  /** `IPPROTO_TCP` 6, `IPPROTO_UDP` 17, `IPPROTO_SCTP` 132; not looked at where there is a mark. */
  readonly protocol: number;
  /** Canonical text; `""` where there is a mark. */
  readonly address: string;
  readonly port: number;
  /** Firewall mark, instead of the three above. */
  readonly fwmark?: number;
  /** Needed with a mark; told by the address otherwise. */
  readonly family?: 'IPv4' | 'IPv6';
}

/** Counters since the entry was made, and rates per second. */
export type IpvsStats = Readonly<
  Record<
    | 'connections'
    | 'inPackets'
    | 'outPackets'
    | 'inBytes'
    | 'outBytes'
    | 'connectionRate'
    | 'inPacketRate'
    | 'outPacketRate'
    | 'inByteRate'
    | 'outByteRate',
    number
  >
>;

/** A virtual service. */
export interface IpvsService extends IpvsServiceId {
  /** The kernel's name: `rr`. */
  readonly scheduler: string;
  /** `IP_VS_SVC_F_*`. HASHED (0x2) is the kernel's own and neither sent nor shown. */
  readonly flags: number;
  /** Seconds that a persistence template lives. */
  readonly timeout: number;
  /** Prefix length that persistence groups clients by: 0–32 for IPv4, 1–128 for IPv6. */
  readonly netmask: number;
  /** `sip`, where there is one. */
  readonly persistenceEngine?: string;
  /** Told by the kernel (from 4.1 on), never sent. */
  readonly stats?: IpvsStats;
}

/** A real server behind a service. */
export interface IpvsDestination {
  /** Canonical text; of another family than the service only with the tunnel method. */
  readonly address: string;
  readonly port: number;
  /** 0 takes no new connections. */
  readonly weight: number;
  /** `IP_VS_CONN_F_*`: 0 masquerade, 1 local, 2 tunnel, 3 route, 4 bypass. */
  readonly forwarding: number;
  /** Connections above which it takes no new ones, 0 for no limit. */
  readonly upperThreshold: number;
  readonly lowerThreshold: number;
  /** 0 IPIP, 1 GUE, 2 GRE (from 5.3 on). */
  readonly tunnelType?: number;
  readonly tunnelPort?: number;
  /** `IP_VS_TUNNEL_ENCAP_FLAG_*`. */
  readonly tunnelFlags?: number;
  /** Told by the kernel, never sent. */
  readonly activeConnections?: number;
  readonly inactiveConnections?: number;
  readonly persistentConnections?: number;
  readonly stats?: IpvsStats;
}

/** IP_VS_SVC_F_HASHED: the kernel sets it on everything that it shows. */
const hashedFlag = 0x2;

/** The bits of `IP_VS_CONN_F_*` that tell the method. */
const forwardingMask = 0x7;

/** How a message names a service. Throws `invalid-argument` for an address that is none. */
export function idValues(id: IpvsServiceId): IpvsServiceValues {
  if (id.fwmark !== undefined) return { family: addressFamilies[id.family ?? 'IPv4'], fwmark: id.fwmark };
  const address = addressBytes(id.address);
  return { family: familyOf(address), protocol: id.protocol, address, port: id.port };
}

/** How a message describes a service. Throws `invalid-argument` for what cannot be. */
export function serviceValues(service: IpvsService): IpvsServiceValues {
  const id = idValues(service);
  return {
    ...id,
    scheduler: service.scheduler,
    flags: service.flags & ~hashedFlag,
    timeout: service.timeout,
    netmask: netmaskOf(id.family === addressFamilies.IPv6, service.netmask),
    persistenceEngine: service.persistenceEngine,
  };
}

/** How a message names a destination. Throws `invalid-argument` for an address that is none. */
export function destinationIdValues(
  destination: Pick<IpvsDestination, 'address' | 'port'>,
): IpvsDestinationValues {
  const address = addressBytes(destination.address);
  return { address, port: destination.port, family: familyOf(address) };
}

/** How a message describes a destination. Throws `invalid-argument` for an address that is none. */
export function destinationValues(destination: IpvsDestination): IpvsDestinationValues {
  const address = addressBytes(destination.address);
  return {
    address,
    port: destination.port,
    forwarding: destination.forwarding,
    weight: destination.weight,
    upperThreshold: destination.upperThreshold,
    lowerThreshold: destination.lowerThreshold,
    family: familyOf(address),
    tunnelType: destination.tunnelType,
    tunnelPort: destination.tunnelPort,
    tunnelFlags: destination.tunnelFlags,
  };
}

/** The service that a message describes. Throws `malformed` where something is missing. */
export function serviceOf(values: IpvsServiceValues): IpvsService {
  const isIpv6 = values.family === addressFamilies.IPv6;
  return {
    ...serviceIdOf(values, isIpv6),
    scheduler: values.scheduler ?? missing('scheduler'),
    flags: (values.flags ?? missing('flags')) & ~hashedFlag,
    timeout: values.timeout ?? missing('timeout'),
    netmask: prefixOf(isIpv6, values.netmask ?? missing('netmask')),
    ...(values.persistenceEngine === undefined ? {} : { persistenceEngine: values.persistenceEngine }),
    ...(values.stats === undefined ? {} : { stats: statsOf(values.stats) }),
  };
}

function serviceIdOf(values: IpvsServiceValues, isIpv6: boolean): IpvsServiceId {
  const family = isIpv6 ? 'IPv6' : 'IPv4';
  if (values.fwmark !== undefined)
    return { protocol: 0, address: '', port: 0, fwmark: values.fwmark, family };
  return {
    protocol: values.protocol ?? missing('protocol'),
    address: textOf(values.address ?? missing('address'), isIpv6),
    port: values.port ?? missing('port'),
    family,
  };
}

/**
 * The destination that a message describes. Kernels before 3.18 do not tell its family: it is the service's then.
 * Throws `malformed` where something is missing.
 */
export function destinationOf(values: IpvsDestinationValues, serviceIsIpv6: boolean): IpvsDestination {
  const isIpv6 = values.family === undefined ? serviceIsIpv6 : values.family === addressFamilies.IPv6;
  return {
    address: textOf(values.address ?? missing('address'), isIpv6),
    port: values.port ?? missing('port'),
    weight: values.weight ?? missing('weight'),
    forwarding: (values.forwarding ?? missing('forwarding')) & forwardingMask,
    ...thresholdsOf(values),
    ...countsOf(values),
    ...tunnelOf(values),
  };
}

function thresholdsOf(
  values: IpvsDestinationValues,
): Pick<IpvsDestination, 'upperThreshold' | 'lowerThreshold'> {
  return {
    upperThreshold: values.upperThreshold ?? missing('upperThreshold'),
    lowerThreshold: values.lowerThreshold ?? missing('lowerThreshold'),
  };
}

function countsOf(values: IpvsDestinationValues): Partial<IpvsDestination> {
  return {
    activeConnections: values.activeConnections ?? 0,
    inactiveConnections: values.inactiveConnections ?? 0,
    persistentConnections: values.persistentConnections ?? 0,
    ...(values.stats === undefined ? {} : { stats: statsOf(values.stats) }),
  };
}

function tunnelOf(values: IpvsDestinationValues): Partial<IpvsDestination> {
  if (values.tunnelType === undefined) return {};
  return {
    tunnelType: values.tunnelType,
    tunnelPort: values.tunnelPort ?? 0,
    tunnelFlags: values.tunnelFlags ?? 0,
  };
}

function statsOf(values: NonNullable<IpvsServiceValues['stats']>): IpvsStats {
  const read = (value: number | undefined): number => value ?? 0;
  return {
    connections: read(values.connections),
    inPackets: read(values.inPackets),
    outPackets: read(values.outPackets),
    inBytes: read(values.inBytes),
    outBytes: read(values.outBytes),
    connectionRate: read(values.connectionRate),
    inPacketRate: read(values.inPacketRate),
    outPacketRate: read(values.outPacketRate),
    inByteRate: read(values.inByteRate),
    outByteRate: read(values.outByteRate),
  };
}

/** The first four bytes count for IPv4, whether four came or sixteen. */
function textOf(address: Uint8Array, isIpv6: boolean): string {
  return isIpv6 ? addressText(address) : ipv4Text(address);
}

function familyOf(address: Uint8Array): number {
  return address.length === 4 ? addressFamilies.IPv4 : addressFamilies.IPv6;
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

function prefixOf(isIpv6: boolean, netmask: number): number {
  if (isIpv6) return littleEndianHost ? swapped(netmask) : netmask;
  return Math.clz32(~netmask);
}

/** The four bytes of a number the other way round. */
function swapped(value: number): number {
  return ((value << 24) | ((value & 0xff00) << 8) | ((value >>> 8) & 0xff00) | (value >>> 24)) >>> 0;
}

function missing(name: string): never {
  throw malformed(`expected attribute ${name}, got none`, 0);
}
