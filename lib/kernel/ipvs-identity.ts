import type { IpvsServiceId } from '../../native-bindings/ipvs-values.ts';
import { type Protocol, protocolNumbers } from '../model/protocol.ts';
import { type VirtualServerId, virtualServerKey } from '../model/virtual-server.ts';
import type { Keyed } from '../model/keyed.ts';

const protocolsByNumber = new Map<number, Protocol>(
  (Object.entries(protocolNumbers) as [Protocol, number][]).map(([name, number]) => [number, name]),
);

/** How IPVS names a virtual server. */
export function ipvsServiceId(id: VirtualServerId): IpvsServiceId {
  return { protocol: protocolNumbers[id.protocol], address: id.address, port: id.port };
}

/** The virtual server that IPVS names so; `undefined` for firewall marks and for protocols that Kubernetes has not. */
export function virtualServerId(service: IpvsServiceId): (VirtualServerId & Keyed) | undefined {
  const protocol = protocolsByNumber.get(service.protocol);
  if (protocol === undefined || service.fwmark !== undefined) return undefined;
  const id = { protocol, address: service.address, port: service.port };
  return { ...id, key: virtualServerKey(id) };
}
