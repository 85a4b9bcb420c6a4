import type { IpvsDestination, IpvsStats } from '../../native-bindings/ipvs-values.ts';
import type { Ipvs } from '../../native-bindings/ipvs.ts';
import type { EndpointTraffic, Traffic } from '../model/traffic.ts';
import type { VirtualServerId } from '../model/virtual-server.ts';
import { ipvsServiceId } from './ipvs-identity.ts';

/** What has gone through one virtual server, and through what is behind it now. */
export interface VirtualServerTraffic extends Traffic {
  readonly endpoints: readonly EndpointTraffic[];
}

/**
 * What IPVS counts. It adds its counters up every two seconds, as long as net/ipv4/vs/run_estimation is on, so that they
 * are late by so much. Those of a virtual server keep what real servers did that are gone.
 */
export class ServerStatistics {
  readonly #ipvs: Pick<Ipvs, 'service' | 'destinations'>;

  constructor(ipvs: Pick<Ipvs, 'service' | 'destinations'>) {
    this.#ipvs = ipvs;
  }

  /**
   * Reads one virtual server; undefined where the kernel has no such.
   * @param endpointCounters whether the counters of its endpoints are wanted too: else they are 0
   * @throws NetlinkError where the kernel cannot be read
   */
  read(id: VirtualServerId, endpointCounters: boolean): VirtualServerTraffic | undefined {
    const serviceId = ipvsServiceId(id);
    const service = this.#ipvs.service(serviceId, { stats: true });
    if (service === undefined) return undefined;
    const endpoints = this.#ipvs.destinations(serviceId, { stats: endpointCounters });
    return { ...trafficOf(service.stats), endpoints: endpoints.map(endpointOf) };
  }
}

const none: Traffic = { connections: 0, inPackets: 0, outPackets: 0, inBytes: 0, outBytes: 0 };

/** Kernels before 4.1 tell none. */
function trafficOf(stats: IpvsStats | undefined): Traffic {
  if (stats === undefined) return none;
  const { connections, inPackets, outPackets, inBytes, outBytes } = stats;
  return { connections, inPackets, outPackets, inBytes, outBytes };
}

function endpointOf(destination: IpvsDestination): EndpointTraffic {
  const { address, port, weight, activeConnections = 0, inactiveConnections = 0, stats } = destination;
  return {
    ...{ address, port, weight },
    ...{ active: activeConnections, inactive: inactiveConnections },
    ...trafficOf(stats),
  };
}
