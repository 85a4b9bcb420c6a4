import { cidrContains } from '../model/cidr.ts';
import { familyOf } from '../model/family.ts';
import {
  type IpSet,
  type KubeSet,
  kubeSetsByName,
  type SetEntry,
  setEntry,
  setName,
} from '../model/ip-set.ts';
import type { BoundAddress } from '../model/bound-address.ts';
import type { Protocol } from '../model/protocol.ts';
import type { VirtualServer, VirtualServerId } from '../model/virtual-server.ts';

/** Sets whose elements name virtual servers by address, protocol and port. */
const serverSets = [
  'KUBE-CLUSTER-IP',
  'KUBE-EXTERNAL-IP',
  'KUBE-EXTERNAL-IP-LOCAL',
  'KUBE-LOAD-BALANCER',
  'KUBE-LOAD-BALANCER-LOCAL',
  'KUBE-LOAD-BALANCER-FW',
  'KUBE-NODE-PORT-SCTP-HASH',
  'KUBE-NODE-PORT-LOCAL-SCTP-HASH',
] as const satisfies readonly KubeSet[];

/** Sets whose elements name virtual servers on the node's own addresses by their port. */
const portSets: Readonly<Record<Protocol, readonly KubeSet[]>> = {
  TCP: ['KUBE-NODE-PORT-TCP', 'KUBE-NODE-PORT-LOCAL-TCP'],
  UDP: ['KUBE-NODE-PORT-UDP', 'KUBE-NODE-PORT-LOCAL-UDP'],
  SCTP: [],
};

/** What the kernel was read to hold, as far as it tells whose a virtual server is; a table that could not be read is left out. */
export interface Evidence {
  readonly setEntries?: ReadonlyMap<string, SetEntry> | undefined;
  readonly addresses?: ReadonlyMap<string, BoundAddress> | undefined;
}

/** Whether a set is one of ours, by its name, type and family: one that only bears such a name is someone else's. */
export function ownsSet(set: IpSet): boolean {
  const ours = kubeSetsByName.get(set.name);
  return ours?.type === set.type && ours.family === set.family;
}

/** Whether a set entry is ours: everything in our sets is. */
export function ownsSetEntry(entry: SetEntry): boolean {
  return kubeSetsByName.has(entry.set);
}

/**
 * Whether a virtual server that this process has not written was written by an earlier one. Known, not guessed: its set
 * entries are written before it and removed after it, so that they are its record in the kernel and survive any death
 * of the process. An address on kube-ipvs0 is the other record. Without a record it is foreign.
 */
export function ownsVirtualServer(server: VirtualServer, evidence: Evidence): boolean {
  if (evidence.addresses?.has(server.address) === true) return true;
  const { setEntries } = evidence;
  return setEntries !== undefined && recordsOf(server).some((key) => setEntries.has(key));
}

/** The elements that record a virtual server in our sets: of the address with the port, and of the port alone. */
export function recordElements(id: VirtualServerId): readonly [string, string] {
  return [`${id.address},${id.protocol.toLowerCase()}:${id.port}`, String(id.port)];
}

/** Whether an address lies in one of the CIDRs, all in canonical text. */
export function isExcluded(cidrs: readonly string[], { address }: VirtualServerId): boolean {
  return cidrs.some((cidr) => cidrContains(cidr, address));
}

function recordsOf(server: VirtualServer): string[] {
  const family = familyOf(server.address);
  const [element, port] = recordElements(server);
  return [
    ...serverSets.map((set) => setEntry(setName(set, family), element).key),
    ...portSets[server.protocol].map((set) => setEntry(setName(set, family), port).key),
  ];
}
