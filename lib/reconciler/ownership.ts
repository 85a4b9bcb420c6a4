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

/** Sets whose elements name virtual servers by their port, on the addresses of the set after them. */
const portSets: Readonly<Record<Protocol, readonly KubeSet[]>> = {
  TCP: ['KUBE-NODE-PORT-TCP', 'KUBE-NODE-PORT-LOCAL-TCP'],
  UDP: ['KUBE-NODE-PORT-UDP', 'KUBE-NODE-PORT-LOCAL-UDP'],
  SCTP: [],
};

/** The set of the node's addresses on which the ports of `portSets` are served. kube-proxy has no such set. */
const portAddressSet = 'KUBE-NODE-PORT-IPS' satisfies KubeSet;

/** What the kernel was read to hold, as far as it tells whose a virtual server is; a table that could not be read is left out. */
export interface Evidence {
  readonly setEntries?: ReadonlyMap<string, SetEntry> | undefined;
  readonly addresses?: ReadonlyMap<string, BoundAddress> | undefined;
  /** The unicast addresses that interfaces other than kube-ipvs0 have now, canonical. None where they are left out. */
  readonly nodeAddresses?: readonly string[] | undefined;
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
 *
 * A node port is recorded in two halves, its port and the addresses of the node: all ports are served on all of these.
 * Where kube-proxy alone has been there is no record of addresses. Then they are those that the node has now.
 */
export function ownsVirtualServer(server: VirtualServer, evidence: Evidence): boolean {
  const { addresses, setEntries } = evidence;
  if (addresses?.has(server.address) === true) return true;
  if (setEntries === undefined) return false;
  const family = familyOf(server.address);
  const [element, port] = recordElements(server);
  const has = (set: KubeSet, one: string): boolean => setEntries.has(setEntry(setName(set, family), one).key);
  if (serverSets.some((set) => has(set, element))) return true;
  if (!portSets[server.protocol].some((set) => has(set, port))) return false;
  return (
    setEntries.has(addressRecordKey(server)) ||
    isOnUnrecordedNode(server.address, setEntries, evidence.nodeAddresses)
  );
}

/** Whether the node has the address, and nobody has recorded which addresses its node ports are served on. */
function isOnUnrecordedNode(
  address: string,
  setEntries: ReadonlyMap<string, SetEntry>,
  nodeAddresses: readonly string[] = [],
): boolean {
  if (!nodeAddresses.includes(address)) return false;
  const recorded = setName(portAddressSet, familyOf(address));
  for (const { set } of setEntries.values()) if (set === recorded) return false;
  return true;
}

/** The elements that record a virtual server in our sets: of the address with the port, and of the port alone. */
export function recordElements(id: VirtualServerId): readonly [server: string, port: string] {
  return [`${id.address},${id.protocol.toLowerCase()}:${id.port}`, String(id.port)];
}

/** The key of the set entry that records the address of a virtual server as one that node ports are served on. */
export function addressRecordKey({ address }: VirtualServerId): string {
  return setEntry(setName(portAddressSet, familyOf(address)), address).key;
}

/** Whether an address lies in one of the CIDRs, all in canonical text. */
export function isExcluded(cidrs: readonly string[], { address }: VirtualServerId): boolean {
  return cidrs.some((cidr) => cidrContains(cidr, address));
}
