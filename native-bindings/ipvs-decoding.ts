import { addressFamilies } from './address.ts';
import { AttributeReader } from './attribute-reader.ts';
import type { AttributeSpec } from './attributes.ts';
import type { Frame } from './byte-writer.ts';
import { malformed } from './error.ts';
import {
  hashedFlag,
  inetIpv4,
  inetIpv6,
  ipvsCommandAttributes,
  ipvsDestinationAttributes,
  ipvsServiceAttributes,
  ipvsStatsAttributes,
} from './ipvs-attributes.ts';
import { prefixOf } from './ipvs-encoding.ts';
import type { IpvsDestination, IpvsService, IpvsServiceId, IpvsStats } from './ipvs-values.ts';

/** The bits of `IP_VS_CONN_F_*` that tell the method. */
const forwardingMask = 0x7;

/** What is to be read of an entry besides what it is made of. */
export interface IpvsReadOptions {
  /** Whether counters and rates are wanted; reading them costs more than all the rest. False where it is left out. */
  readonly stats?: boolean;
}

/** What not every kernel tells of a destination. */
type OptionalNumber =
  | 'activeConnections'
  | 'inactiveConnections'
  | 'persistentConnections'
  | 'tunnelType'
  | 'tunnelPort'
  | 'tunnelFlags';

/** Reads services and destinations, one message after the other. */
export class IpvsDecoder {
  readonly #command = new AttributeReader(ipvsCommandAttributes);
  readonly #service = new AttributeReader(ipvsServiceAttributes);
  readonly #destination = new AttributeReader(ipvsDestinationAttributes);
  readonly #stats = new AttributeReader(ipvsStatsAttributes);

  /** The service that the attributes in `[start, end)` describe. Throws `malformed` where something is missing. */
  service(frame: Frame, start: number, end: number, options: IpvsReadOptions = {}): IpvsService {
    const values = this.#service;
    this.#command.open(frame, start, end);
    if (!this.#command.openNested('service', values)) throw lacksEntry('service');
    const isIpv6 = values.get('family') === addressFamilies.IPv6;
    const engine = values.get('persistenceEngine');
    return {
      ...this.#serviceId(isIpv6),
      scheduler: values.need('scheduler'),
      flags: values.need('flags') & ~hashedFlag,
      timeout: values.need('timeout'),
      netmask: prefixOf(isIpv6, values.need('netmask')),
      ...(engine === undefined ? undefined : { persistenceEngine: engine }),
      ...this.#statsOf(values, options),
    };
  }

  /**
   * The destination that the attributes in `[start, end)` describe. Throws `malformed` where something is missing.
   *
   * @param serviceIsIpv6 for kernels before 3.18, which do not tell the family: it is the service's then
   */
  destination(
    frame: Frame,
    start: number,
    end: number,
    serviceIsIpv6: boolean,
    options: IpvsReadOptions = {},
  ): IpvsDestination {
    const values = this.#destination;
    this.#command.open(frame, start, end);
    if (!this.#command.openNested('destination', values)) throw lacksEntry('destination');
    const destination = this.#readDestination(serviceIsIpv6);
    const stats = this.#statsOf(values, options);
    return stats === undefined ? destination : { ...destination, ...stats };
  }

  #serviceId(isIpv6: boolean): IpvsServiceId {
    const values = this.#service;
    const family = isIpv6 ? 'IPv6' : 'IPv4';
    const fwmark = values.get('fwmark');
    if (fwmark !== undefined) return { protocol: 0, address: '', port: 0, fwmark, family };
    return {
      protocol: values.need('protocol'),
      address: values.needAs('address', isIpv6 ? inetIpv6 : inetIpv4),
      port: values.need('port'),
      family,
    };
  }

  #readDestination(serviceIsIpv6: boolean): IpvsDestination {
    const values = this.#destination;
    const family = values.get('family');
    const isIpv6 = family === undefined ? serviceIsIpv6 : family === addressFamilies.IPv6;
    const orZero = (name: OptionalNumber): number => values.get(name) ?? 0;
    return {
      address: values.needAs('address', isIpv6 ? inetIpv6 : inetIpv4),
      port: values.need('port'),
      weight: values.need('weight'),
      forwarding: values.need('forwarding') & forwardingMask,
      upperThreshold: values.need('upperThreshold'),
      lowerThreshold: values.need('lowerThreshold'),
      activeConnections: orZero('activeConnections'),
      inactiveConnections: orZero('inactiveConnections'),
      persistentConnections: orZero('persistentConnections'),
      tunnelType: orZero('tunnelType'),
      tunnelPort: orZero('tunnelPort'),
      tunnelFlags: orZero('tunnelFlags'),
    };
  }

  #statsOf(
    entry: StatsHolder,
    { stats = false }: IpvsReadOptions,
  ): { readonly stats: IpvsStats } | undefined {
    if (!stats || !entry.openNested('stats', this.#stats)) return undefined;
    const read = (name: keyof IpvsStats): number => this.#stats.get(name) ?? 0;
    return {
      stats: {
        connections: read('connections'),
        inPackets: read('inPackets'),
        outPackets: read('outPackets'),
        inBytes: read('inBytes'),
        outBytes: read('outBytes'),
        connectionRate: read('connectionRate'),
        inPacketRate: read('inPacketRate'),
        outPacketRate: read('outPacketRate'),
        inByteRate: read('inByteRate'),
        outByteRate: read('outByteRate'),
      },
    };
  }
}

/** The reader of an entry with `IPVS_*_ATTR_STATS64` in it. */
interface StatsHolder {
  openNested<Inner extends AttributeSpec>(name: 'stats', reader: AttributeReader<Inner>): boolean;
}

function lacksEntry(name: string): Error {
  return malformed(`expected attribute ${name}, got none`, 0);
}
