import type { IpvsDestination, IpvsService, IpvsStats } from '../../native-bindings/ipvs-values.ts';
import type { Protocol } from '../model/protocol.ts';
import { protocolNumbers } from '../model/protocol.ts';
import { virtualServerFlags, virtualServerKey } from '../model/virtual-server.ts';
import type { HeldVirtualServer } from './held.ts';
import { inIpvsadmOrder } from './output/ipvsadm.ts';
import { flagNames } from './output/scheduler-flags.ts';
import { isSelected, type KnownNames, type Selection } from './service-selection.ts';

/** A real server, as it is shown. */
export interface EndpointView {
  readonly address: string;
  readonly port: number;
  /** 0 takes no new connections. */
  readonly weight: number;
  readonly forwarding: string;
  readonly upperThreshold: number;
  readonly lowerThreshold: number;
  readonly activeConnections: number;
  readonly inactiveConnections: number;
  readonly persistentConnections: number;
  /** Since it was made. */
  readonly connections: number;
  readonly inBytes: number;
  readonly outBytes: number;
}

/** A virtual server, as it is shown. */
export interface ServiceView {
  /** `null` where Kubernetes' names are not known, or it is foreign. */
  readonly namespace: string | null;
  readonly name: string | null;
  readonly portName: string | null;
  /** Whether Kubernetes' names are known and this virtual server is none of them. */
  readonly foreign: boolean;
  /** `null` with a firewall mark. */
  readonly address: string | null;
  readonly port: number | null;
  readonly protocol: string | null;
  readonly firewallMark: number | null;
  readonly family: 'IPv4' | 'IPv6';
  readonly scheduler: string;
  readonly schedulerFlags: readonly string[];
  /** Whether each packet is scheduled by itself. */
  readonly onePacket: boolean;
  /** Seconds that a client stays on one endpoint, `null` where it does not. */
  readonly affinityTimeout: number | null;
  readonly persistenceEngine: string | null;
  /** Since it was made. */
  readonly connections: number;
  readonly inBytes: number;
  readonly outBytes: number;
  readonly endpoints: readonly EndpointView[];
}

/** A virtual server that the kernel holds, and how it is shown. */
export interface ShownService {
  readonly held: HeldVirtualServer;
  readonly view: ServiceView;
}

/** The selected virtual servers as they are shown, in ipvsadm's order. */
export function selectServices(
  held: readonly HeldVirtualServer[],
  names: KnownNames,
  selection: Selection,
): ShownService[] {
  return inIpvsadmOrder(held)
    .filter(({ service }) => isSelected(names?.get(virtualServerKeyOf(service)), selection))
    .map((server) => ({ held: server, view: serviceView(server, names) }));
}

/** Sorts by namespace and name, those without behind; what is equal keeps its order. */
export function sortByName(views: readonly ServiceView[]): ServiceView[] {
  return views.toSorted((a, b) => compareText(sortText(a), sortText(b)));
}

function compareText(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}

/** What comes last in every order of texts: beyond all that Kubernetes allows in names. */
function sortText({ namespace, name }: ServiceView): string {
  return namespace === null ? '~' : `${namespace}/${name ?? ''}`;
}

function serviceView({ service, destinations }: HeldVirtualServer, names: KnownNames): ServiceView {
  const known = names?.get(virtualServerKeyOf(service));
  const { flags, scheduler } = service;
  return {
    ...(known ?? nameless),
    foreign: names !== undefined && known === undefined,
    ...matchView(service),
    scheduler,
    schedulerFlags: flagNames(scheduler, flags),
    onePacket: (flags & virtualServerFlags.onePacket) !== 0,
    affinityTimeout: (flags & virtualServerFlags.persistent) === 0 ? null : service.timeout,
    persistenceEngine: service.persistenceEngine ?? null,
    ...totals(service.stats),
    endpoints: destinations.map(endpointView),
  };
}

/** Of what Kubernetes does not know, or is not asked about. */
export const nameless = { namespace: null, name: null, portName: null };

/** Counters of an entry; kernels before 4.1 tell none. */
function totals(stats: IpvsStats | undefined): Pick<ServiceView, 'connections' | 'inBytes' | 'outBytes'> {
  const { connections = 0, inBytes = 0, outBytes = 0 } = stats ?? {};
  return { connections, inBytes, outBytes };
}

type MatchView = Pick<ServiceView, 'address' | 'port' | 'protocol' | 'firewallMark' | 'family'>;

function matchView({ fwmark, family = 'IPv4', address, port, protocol }: IpvsService): MatchView {
  return fwmark === undefined
    ? { address, port, protocol: protocolName(protocol), firewallMark: null, family }
    : { address: null, port: null, protocol: null, firewallMark: fwmark, family };
}

/** `IP_VS_CONN_F_*` by number. */
const forwardings = ['masquerade', 'local', 'tunnel', 'route', 'bypass'];

/** What a forwarding method of the kernel is called. */
export function forwardingName(number: number): string {
  return forwardings[number] ?? String(number);
}

function endpointView(destination: IpvsDestination): EndpointView {
  const { address, port, weight, forwarding, upperThreshold, lowerThreshold, stats } = destination;
  const { activeConnections = 0, inactiveConnections = 0, persistentConnections = 0 } = destination;
  return {
    address,
    port,
    weight,
    forwarding: forwardingName(forwarding),
    upperThreshold,
    lowerThreshold,
    activeConnections,
    inactiveConnections,
    persistentConnections,
    ...totals(stats),
  };
}

/** The model's key of a virtual server; one that no model names for a mark or another protocol. */
export function virtualServerKeyOf({ fwmark, protocol, address, port }: IpvsService): string {
  if (fwmark !== undefined) return `mark ${fwmark}`;
  return virtualServerKey({ protocol: protocolName(protocol) as Protocol, address, port });
}

function protocolName(number: number): string {
  return Object.entries(protocolNumbers).find(([, value]) => value === number)?.[0] ?? String(number);
}
