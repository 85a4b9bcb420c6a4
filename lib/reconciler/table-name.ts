import type { KernelTables } from '../kernel/kernel-tables.ts';
import type { Table } from '../kernel/table.ts';

/** A table of the node, by its name in `KernelTables`. */
export type TableName = keyof KernelTables;

/** What the table of that name holds. */
export type EntryOf<Name extends TableName> = KernelTables[Name] extends Table<infer Entry> ? Entry : never;

/** One value for each table. */
export type PerTable<Value> = Record<TableName, Value>;

/** The order in which upserts are written: what a packet meets last is written first. */
export const upsertOrder = [
  'sysctls',
  'sets',
  'firewall',
  'setEntries',
  'virtualServers',
  'realServers',
  'addresses',
] as const satisfies readonly TableName[];

/** Makes one value for each table. */
export function perTable<Value>(make: (name: TableName) => Value): PerTable<Value> {
  return {
    sysctls: make('sysctls'),
    sets: make('sets'),
    firewall: make('firewall'),
    setEntries: make('setEntries'),
    virtualServers: make('virtualServers'),
    realServers: make('realServers'),
    addresses: make('addresses'),
  };
}
