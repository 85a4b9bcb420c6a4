import type { Change } from '../kernel/table.ts';
import type { BoundAddress } from '../model/bound-address.ts';
import { ipFamilies, type IpFamily } from '../model/family.ts';
import { type KubeSet, type SetEntry, setName } from '../model/ip-set.ts';
import type { Keyed } from '../model/keyed.ts';
import type { RealServer } from '../model/real-server.ts';
import type { TableLedgers } from './ledger.ts';
import { addressRecordKey, recordElements } from './ownership.ts';
import type { TableLedger } from './table-ledger.ts';

/** Whether the kernel is believed to lack an entry that is wanted, so that what hangs on it cannot be written. */
export function isMissing(ledger: TableLedger<Keyed>, key: string): boolean {
  return ledger.wanted(key) !== undefined && ledger.believed(key) === undefined;
}

/**
 * Addresses that have virtual servers to come and none in the kernel. Bound before one is there, they would lead
 * packets to the node itself.
 */
export function addressesWithoutServer({ virtualServers, addresses }: TableLedgers): ReadonlySet<string> {
  const unserved = new Set<string>();
  for (const { address } of virtualServers.missing()) {
    if (isMissing(addresses, address)) unserved.add(address);
  }
  if (unserved.size === 0) return unserved;
  for (const { key, address } of virtualServers.entries()) {
    if (unserved.has(address) && !isMissing(virtualServers, key)) unserved.delete(address);
  }
  return unserved;
}

/**
 * Families whose iptables program is wanted and not in the kernel, in no form. At an address that is bound before it is
 * there everything that listens on the node would be reached, and what is served there would not be masqueraded.
 */
export function unguardedFamilies({ firewall }: TableLedgers): ReadonlySet<IpFamily> {
  const families = new Set<IpFamily>();
  for (const { family } of firewall.missing()) families.add(family);
  return families;
}

/**
 * Tells which addresses must stay because they are the record of a virtual server that may be ours: while it is not known
 * which there are, or not decided whose.
 */
export function addressesInUse({ virtualServers }: TableLedgers): (address: BoundAddress) => boolean {
  if (!virtualServers.known) return () => true;
  const addresses = new Set<string>();
  for (const { address } of virtualServers.unclaimed()) addresses.add(address);
  return ({ address }) => addresses.has(address);
}

/**
 * Tells which set entries must stay because they are the record of a virtual server that is still there against its
 * will, or of which it is not decided whose it is: without them a later process could not know it for ours.
 */
export function recordsInUse({ virtualServers }: TableLedgers): (entry: SetEntry) => boolean {
  if (!virtualServers.known) return () => true;
  const elements = new Set<string>();
  const keys = new Set<string>();
  for (const servers of [virtualServers.leaving(), virtualServers.unclaimed()]) {
    for (const server of servers) {
      for (const element of recordElements(server)) elements.add(element);
      keys.add(addressRecordKey(server));
    }
  }
  return ({ key, element }) => elements.has(element) || keys.has(key);
}

/** Sets by which packets from outside keep the source of their client. */
const exemptingSets: ReadonlySet<string> = new Set(
  ipFamilies.flatMap((family) =>
    (
      [
        'KUBE-LOAD-BALANCER-LOCAL',
        'KUBE-NODE-PORT-LOCAL-TCP',
        'KUBE-NODE-PORT-LOCAL-UDP',
        'KUBE-NODE-PORT-LOCAL-SCTP-HASH',
      ] as const satisfies readonly KubeSet[]
    ).map((set) => setName(set, family)),
  ),
);

/**
 * Those of some changes of set entries that say whether clients of virtual servers keep their source, for the virtual
 * servers of some real servers. A client that does must not meet an endpoint of another node: that one would answer the
 * client directly, from an address that the client does not know.
 */
export function exemptions(
  entries: readonly Change<SetEntry>[],
  realServers: readonly Change<RealServer>[],
): readonly Change<SetEntry>[] {
  if (realServers.length === 0) return [];
  const exempting = entries.filter(({ before, after }) => exemptingSets.has((after ?? before)?.set ?? ''));
  if (exempting.length === 0) return [];
  const elements = new Set<string>();
  for (const { before, after } of realServers) {
    const server = (after ?? before)?.virtualServer;
    for (const element of server === undefined ? [] : recordElements(server)) elements.add(element);
  }
  return exempting.filter(({ before, after }) => elements.has((after ?? before)?.element ?? ''));
}
