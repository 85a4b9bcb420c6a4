import type { IpvsDestination, IpvsService } from '../../native-bindings/ipvs-values.ts';
import type { IpvsReader } from './held.ts';
import type { ServiceName } from './service-names.ts';
import { virtualServerKeyOf } from './services-view.ts';

/** What services can be sorted by: new connections, connections now, bytes and packets of both directions. */
export const topSorts = ['connections', 'active', 'bytes', 'packets'] as const;

/** One of them. */
export type TopSort = (typeof topSorts)[number];

/** What has gone through a virtual server since it was made, and the connections that it has. */
export type Counted = Readonly<Record<TopSort, number>>;

/** What goes through a virtual server: connections, bytes and packets in a second, and the connections that it has now. */
export interface ServiceRate extends Counted {
  /** `TCP 10.96.0.10:80` */
  readonly virtualServer: string;
  /** `null` where nobody tells Kubernetes' names. */
  readonly namespace: string | null;
  readonly name: string | null;
  /** `""` where the Service has one unnamed port. */
  readonly portName: string | null;
}

/** Reads every virtual server, by its key. The real servers of one that has never had a connection are not asked for. */
export function countedServers(ipvs: IpvsReader): ReadonlyMap<string, Counted> {
  return new Map(
    ipvs.services({ stats: true }).map((service) => [virtualServerKeyOf(service), counted(service, ipvs)]),
  );
}

/**
 * What went through between two readings, the busiest first.
 * @param names by the keys of virtual servers
 */
export function serviceRates(
  before: ReadonlyMap<string, Counted>,
  after: ReadonlyMap<string, Counted>,
  seconds: number,
  names: ReadonlyMap<string, ServiceName>,
  sort: TopSort,
): ServiceRate[] {
  const rates = [...after].map(([virtualServer, now]): ServiceRate => {
    const past = before.get(virtualServer);
    // A server that was made anew, or whose counters somebody set to zero, has counted from there.
    const rate = (what: TopSort): number => {
      const had = past?.[what] ?? 0;
      return (now[what] < had ? now[what] : now[what] - had) / seconds;
    };
    const { namespace = null, name = null, portName = null } = names.get(virtualServer) ?? {};
    return {
      ...{ virtualServer, namespace, name, portName, active: now.active },
      ...{ connections: rate('connections'), bytes: rate('bytes'), packets: rate('packets') },
    };
  });
  return rates.sort((a, b) => b[sort] - a[sort] || b.active - a.active || compare(a, b));
}

function compare(a: ServiceRate, b: ServiceRate): number {
  return a.virtualServer < b.virtualServer ? -1 : 1;
}

function counted(service: IpvsService, ipvs: IpvsReader): Counted {
  const { connections = 0, inBytes = 0, outBytes = 0, inPackets = 0, outPackets = 0 } = service.stats ?? {};
  const servers: readonly IpvsDestination[] = connections === 0 ? [] : ipvs.destinations(service);
  const active = servers.reduce((sum, { activeConnections = 0 }) => sum + activeConnections, 0);
  return { connections, active, bytes: inBytes + outBytes, packets: inPackets + outPackets };
}
