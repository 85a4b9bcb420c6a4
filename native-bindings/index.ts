// What this library is to the outside. The parts below `connection.ts` are for those who add a family.

export { addressBytes, addressFamilies, addressText, writeAddress } from './address.ts';
export { AttributeReader } from './attribute-reader.ts';
export {
  address,
  type AttributeType,
  bytes,
  count64,
  flag,
  ignored,
  inNetworkOrder,
  s32,
  text,
  u16,
  u16be,
  u32,
  u32be,
  u64,
  u64be,
  u8,
} from './attribute-types.ts';
export {
  type AttributeSources,
  type AttributeSpec,
  AttributeTable,
  attributes,
  type AttributeValues,
  type Encode,
  list,
  nested,
  type ValuesOf,
} from './attributes.ts';
export { Batch, type Outcomes } from './batch.ts';
export { ByteWriter, type Frame } from './byte-writer.ts';
export { connect, Connection, type ConnectionOptions, type Decode, type OpenOptions } from './connection.ts';
export { conntrackStatus } from './conntrack-attributes.ts';
export { Conntrack } from './conntrack.ts';
export type { ConntrackEntry, ConntrackFilter, ConntrackTuple } from './conntrack-entry.ts';
export {
  hasCode,
  isAlreadyExists,
  isNotFound,
  isOutcomeUnknown,
  isPermissionDenied,
  NetlinkError,
  ownCodes,
} from './error.ts';
export { type GenericFamily, genericHeader, lookUpFamily, writeGenericHeader } from './generic.ts';
export { type IpSetSpec, IpSetBatch } from './ipset-batch.ts';
export { formatElement, parseElement } from './ipset-element.ts';
export { IpSets, type KernelSet, type TypeRevisions } from './ipset.ts';
export { IpvsBatch } from './ipvs-batch.ts';
export type { IpvsDestination, IpvsService, IpvsServiceId, IpvsStats } from './ipvs-values.ts';
export type { IpvsReadOptions } from './ipvs-decoding.ts';
export { Ipvs, type IpvsInfo, type IpvsTimeouts } from './ipvs.ts';
export { type Libc, loadLibc } from './libc.ts';
export { Meter, MeteredTransport } from './meter.ts';
export { type Message, messageFlags, type Request } from './message.ts';
export { netfilterHeader, netfilterSubsystems, netfilterType, writeNetfilterHeader } from './nfnetlink.ts';
export type { DefaultRoute } from './default-route.ts';
export { addressFlags, addressScopes, linkFlags } from './route-attributes.ts';
export { type NewInterfaceAddress, RouteBatch } from './route-batch.ts';
export type { FoundRoute } from './route-lookup.ts';
export { type RouteEvent, RouteMonitor, type RouteMonitorOptions } from './route-monitor.ts';
export type { InterfaceAddress, Link } from './route-values.ts';
export { type AddressFilter, Route } from './route.ts';
export { NetlinkSocket, protocols, type SocketOptions, type Transport } from './socket.ts';
export type { Dialect, MessageDescription } from './trace.ts';
