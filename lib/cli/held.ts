import type { IpvsReadOptions } from '../../native-bindings/ipvs-decoding.ts';
import type { IpvsDestination, IpvsService } from '../../native-bindings/ipvs-values.ts';

/** A virtual server that the kernel holds, whoever made it, with its real servers, in the kernel's order. */
export interface HeldVirtualServer {
  readonly service: IpvsService;
  readonly destinations: readonly IpvsDestination[];
}

/** What is used of the IPVS client. */
export interface IpvsReader {
  services(options?: IpvsReadOptions): IpvsService[];
  destinations(id: IpvsService): IpvsDestination[];
}

/** Reads every virtual server, with its counters, and its real servers. */
export function readHeld(ipvs: IpvsReader): HeldVirtualServer[] {
  return ipvs
    .services({ stats: true })
    .map((service) => ({ service, destinations: ipvs.destinations(service) }));
}
