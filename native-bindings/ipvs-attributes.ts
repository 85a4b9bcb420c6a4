import { addressText, ipv4Text, writeAddress } from './address.ts';
import {
  address,
  type AttributeType,
  bytes,
  count64,
  ignored,
  s32,
  text,
  u16,
  u16be,
  u32,
  u32be,
  u8,
} from './attribute-types.ts';
import { attributes, nested } from './attributes.ts';
import { littleEndianHost as host } from './byte-order.ts';

// The generic netlink family IPVS (linux/ip_vs.h), version 1: its commands and every level of its attributes.

/** IPVS_GENL_NAME and IPVS_GENL_VERSION. */
export const ipvsFamily = { name: 'IPVS', version: 1 } as const;

/** `IPVS_CMD_*`. */
export const ipvsCommands = {
  NEW_SERVICE: 1,
  SET_SERVICE: 2,
  DEL_SERVICE: 3,
  GET_SERVICE: 4,
  NEW_DEST: 5,
  SET_DEST: 6,
  DEL_DEST: 7,
  GET_DEST: 8,
  SET_CONFIG: 12,
  GET_CONFIG: 13,
  SET_INFO: 14,
  GET_INFO: 15,
  FLUSH: 17,
} as const;

/** Every bit of `struct ip_vs_flags` is meant. */
const allFlags = 0xffffffff;

/** IP_VS_SVC_F_HASHED: the kernel sets it on every service that it shows. */
export const hashedFlag = 0x2;

/** `struct ip_vs_flags`: the flags and, behind them, the mask of those that are meant; it is always all of them here. */
const serviceFlags: AttributeType<number> = {
  name: 'struct ip_vs_flags',
  minimum: 8,
  maximum: 8,
  idBits: 0,
  write(writer, value) {
    u32.write(writer, value);
    u32.write(writer, allFlags);
  },
  read: (frame, start) => frame.view.getUint32(start, host),
};

const anyBytes = bytes(4, 16);

/**
 * `union nf_inet_addr`. The kernel always sends 16 bytes, whatever the family, and takes 4 for IPv4; which of the two
 * it is, another attribute tells: see `inetIpv4` and `inetIpv6`. Text is written as well.
 */
const inetAddress: AttributeType<Uint8Array, Uint8Array | string> = {
  ...anyBytes,
  write(writer, value) {
    if (typeof value === 'string') writeAddress(writer, value);
    else anyBytes.write(writer, value);
  },
  show(frame, start, end) {
    const isIpv4 = frame.bytes.subarray(start + 4, end).every((byte) => byte === 0);
    return isIpv4 ? ipv4Text(frame.bytes, start) : addressText(frame.bytes, start, end);
  },
};

/** A `union nf_inet_addr` of IPv4: its first four bytes count, whether four came or sixteen. */
export const inetIpv4: AttributeType<string> = {
  ...address,
  read: (frame, start) => ipv4Text(frame.bytes, start),
};

/** A `union nf_inet_addr` of IPv6. */
export const inetIpv6: AttributeType<string> = { ...address, minimum: 16 };

/** The mask of IPv4 in network order, as a number; for IPv6 the prefix length in host order. */
const netmask: AttributeType<number> = { ...u32be, show: (frame, start) => ipv4Text(frame.bytes, start) };

/** `IPVS_STATS_ATTR_*` as they are within STATS64; rates are per second, averaged by the kernel. */
export const ipvsStatsAttributes = attributes({
  connections: [1, count64],
  inPackets: [2, count64],
  outPackets: [3, count64],
  inBytes: [4, count64],
  outBytes: [5, count64],
  connectionRate: [6, count64],
  inPacketRate: [7, count64],
  outPacketRate: [8, count64],
  inByteRate: [9, count64],
  outByteRate: [10, count64],
  padding: [11, ignored],
});

/** `IPVS_SVC_ATTR_*`. */
export const ipvsServiceAttributes = attributes({
  family: [1, u16],
  protocol: [2, u16],
  address: [3, inetAddress],
  port: [4, u16be],
  fwmark: [5, u32],
  scheduler: [6, text],
  flags: [7, serviceFlags],
  timeout: [8, u32],
  netmask: [9, netmask],
  stats32: [10, ignored],
  persistenceEngine: [11, text],
  stats: [12, nested(ipvsStatsAttributes)],
});

/** `IPVS_DEST_ATTR_*`. */
export const ipvsDestinationAttributes = attributes({
  address: [1, inetAddress],
  port: [2, u16be],
  forwarding: [3, u32],
  weight: [4, s32],
  upperThreshold: [5, u32],
  lowerThreshold: [6, u32],
  activeConnections: [7, u32],
  inactiveConnections: [8, u32],
  persistentConnections: [9, u32],
  stats32: [10, ignored],
  family: [11, u16],
  stats: [12, nested(ipvsStatsAttributes)],
  tunnelType: [13, u8],
  tunnelPort: [14, u16be],
  tunnelFlags: [15, u16],
});

/** `IPVS_CMD_ATTR_*`; time-outs are in seconds. */
export const ipvsCommandAttributes = attributes({
  service: [1, nested(ipvsServiceAttributes)],
  destination: [2, nested(ipvsDestinationAttributes)],
  daemon: [3, ignored],
  tcpTimeout: [4, u32],
  tcpFinTimeout: [5, u32],
  udpTimeout: [6, u32],
});

/** `IPVS_INFO_ATTR_*`. */
export const ipvsInfoAttributes = attributes({
  version: [1, u32],
  connectionTableSize: [2, u32],
});
