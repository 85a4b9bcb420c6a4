import type { Keyed } from '../model/keyed.ts';
import type { VirtualServer } from '../model/virtual-server.ts';
import type { TableLedgers } from './ledger.ts';
import { ownsSetEntry, ownsVirtualServer } from './ownership.ts';
import type { TableLedger } from './table-ledger.ts';
import type { EntryOf, TableName } from './table-name.ts';

/** What a table was read to hold, and which of that this process neither wants nor has written. */
export interface Reading<Entry extends Keyed> {
  readonly actual: ReadonlyMap<string, Entry>;
  readonly extra: readonly Entry[];
}

/** Readings of the tables from which things may have to be removed; one that could not be read is left out. */
export interface Readings {
  setEntries?: Reading<EntryOf<'setEntries'>> | undefined;
  addresses?: Reading<EntryOf<'addresses'>> | undefined;
  virtualServers?: Reading<EntryOf<'virtualServers'>> | undefined;
  realServers?: Reading<EntryOf<'realServers'>> | undefined;
}

/** One entry that is to be removed. */
export interface Discarded {
  readonly table: TableName;
  readonly key: string;
}

/**
 * Marks what is ours and not wanted for removal and leaves what is foreign alone. While the virtual servers cannot be
 * read nothing is removed: set entries and addresses are what tells ours from foreign ones. While one of those cannot be
 * read the virtual servers that nothing else tells to be ours stay unclaimed.
 *
 * @param keeps virtual servers that are never deleted
 * @param nodeAddresses what the node has of its own now, see `Evidence`
 */
export function discardOurs(
  tables: TableLedgers,
  readings: Readings,
  keeps: (server: VirtualServer) => boolean,
  nodeAddresses: readonly string[],
): Discarded[] {
  const discarded: Discarded[] = [];
  const discard = <Entry extends Keyed>(
    table: TableName,
    ledger: TableLedger<Entry>,
    reading: Reading<Entry> | undefined,
    isOurs: (entry: Entry) => boolean,
  ): void => {
    for (const entry of reading?.extra ?? []) {
      if (isOurs(entry) && ledger.discard(entry)) discarded.push({ table, key: entry.key });
    }
  };
  const { setEntries, addresses, virtualServers, realServers } = readings;
  if (virtualServers === undefined) return discarded;
  const evidence = { setEntries: setEntries?.actual, addresses: addresses?.actual, nodeAddresses };
  discard('virtualServers', tables.virtualServers, virtualServers, (server) => {
    return !keeps(server) && ownsVirtualServer(server, evidence);
  });
  discard('realServers', tables.realServers, realServers, ({ virtualServer }) => {
    return tables.virtualServers.wanted(virtualServer.key) !== undefined;
  });
  discard('setEntries', tables.setEntries, setEntries, ownsSetEntry);
  discard('addresses', tables.addresses, addresses, () => true);
  if (setEntries !== undefined && addresses !== undefined) tables.virtualServers.takeUnclaimed();
  return discarded;
}
