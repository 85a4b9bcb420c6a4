import type { KernelTables } from '../kernel/kernel-tables.ts';
import type { Change, Table } from '../kernel/table.ts';
import type { Keyed } from '../model/keyed.ts';
import { toError } from './errors.ts';
import { isExcluded, ownsSet, ownsSetEntry, ownsVirtualServer } from './ownership.ts';
import type { EntryOf, TableName } from './table-name.ts';
import type { RefusedChange } from './transaction.ts';

/** The tables that `cleanup` empties of what is ours, in the order in which it does. Sysctls stay as they are. */
const cleanupOrder = ['addresses', 'virtualServers', 'setEntries', 'firewall', 'sets'] as const;

/** Those that the next ones stay for: records tell virtual servers apart, and a rule holds on to its sets. */
const leading: ReadonlySet<TableName> = new Set(['virtualServers', 'firewall']);

type CleanupTable = (typeof cleanupOrder)[number];

/** Everything in the kernel that is ours, as removals. Real servers go with their virtual servers. */
export interface Removals {
  readonly changes: { readonly [Name in CleanupTable]: readonly Change<EntryOf<Name>>[] };
  /** Tables that could not be read: what is ours in them is not known and not listed. */
  readonly failures: readonly { readonly table: TableName; readonly error: Error }[];
}

/** What became of the removals. */
export interface RemovalReport {
  readonly removed: Readonly<Record<CleanupTable, number>>;
  readonly refused: readonly RefusedChange[];
  readonly failures: readonly { readonly table: TableName; readonly error: Error }[];
}

/** What tells which virtual servers are to be removed, besides the tables. */
export interface RemovalOptions {
  /** Those on addresses in these are not. In canonical text. */
  readonly excludeCIDRs?: readonly string[];
  /** What the node has of its own, see `Evidence`. */
  readonly nodeAddresses?: readonly string[];
}

/**
 * Finds everything in the kernel that is ours, and only that, without removing it. The device kube-ipvs0 is not in a
 * table of its own and is for the caller to delete, after its addresses. Where the virtual servers cannot be read, what
 * tells ours from foreign ones is not listed either, so that a later try still knows.
 */
export async function removalsOfOurs(tables: KernelTables, options: RemovalOptions = {}): Promise<Removals> {
  const failures: { table: TableName; error: Error }[] = [];
  const read = async <Entry extends Keyed>(
    name: TableName,
    table: Table<Entry>,
  ): Promise<ReadonlyMap<string, Entry> | undefined> => {
    try {
      return await table.read();
    } catch (error) {
      failures.push({ table: name, error: toError(error) });
      return undefined;
    }
  };
  const addresses = await read('addresses', tables.addresses);
  const setEntries = await read('setEntries', tables.setEntries);
  const servers = await read('virtualServers', tables.virtualServers);
  const sets = await read('sets', tables.sets);
  const firewall = await read('firewall', tables.firewall);
  const { excludeCIDRs = [], nodeAddresses } = options;
  const evidence = { addresses, setEntries, nodeAddresses };
  const records = servers !== undefined;
  const changes = {
    addresses: removalsFrom(records ? addresses : undefined, () => true),
    virtualServers: removalsFrom(servers, (server) => {
      return !isExcluded(excludeCIDRs, server) && ownsVirtualServer(server, evidence);
    }),
    setEntries: removalsFrom(records ? setEntries : undefined, ownsSetEntry),
    firewall: removalsFrom(firewall, () => true),
    sets: removalsFrom(records && setEntries !== undefined ? sets : undefined, ownsSet),
  };
  return { changes, failures };
}

/**
 * Removes what `removalsOfOurs` found. Never rejects. Set entries, sets and the firewall stay where a virtual server
 * that they tell apart could not be removed, and the sets where the rules that refer to them could not.
 */
export async function applyRemovals(tables: KernelTables, removals: Removals): Promise<RemovalReport> {
  const removed = { addresses: 0, virtualServers: 0, setEntries: 0, firewall: 0, sets: 0 };
  const refused: RefusedChange[] = [];
  const failures: { table: TableName; error: Error }[] = [];
  const remove = async (name: CleanupTable): Promise<boolean> => {
    const table: Table<Keyed> = tables[name];
    const changes = removals.changes[name];
    if (changes.length === 0) return true;
    try {
      const refusals = await table.apply(changes);
      for (const [key, refusal] of refusals) refused.push({ table: name, key, after: undefined, refusal });
      removed[name] = changes.length - refusals.size;
      return refusals.size === 0;
    } catch (error) {
      failures.push({ table: name, error: toError(error) });
      return false;
    }
  };
  for (const name of cleanupOrder) {
    const done = await remove(name);
    if (!done && leading.has(name)) break;
  }
  return { removed, refused, failures };
}

function removalsFrom<Entry extends Keyed>(
  actual: ReadonlyMap<string, Entry> | undefined,
  isOurs: (entry: Entry) => boolean,
): Change<Entry>[] {
  const removals: Change<Entry>[] = [];
  for (const [key, before] of actual ?? []) {
    if (isOurs(before)) removals.push({ key, before, after: undefined });
  }
  return removals;
}
