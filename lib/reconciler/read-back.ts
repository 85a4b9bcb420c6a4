import type { Ledger } from './ledger.ts';
import type { Drift } from './table-ledger.ts';
import type { EntryOf, TableName } from './table-name.ts';

/** What a table was read to hold and how that differs from what it was believed to hold. */
export type ReadBack<Name extends TableName> = Drift<EntryOf<Name>> & {
  readonly actual: ReadonlyMap<string, EntryOf<Name>>;
};

/**
 * Reads a table and sets the ledger's beliefs about it right. Nothing may be written to the table meanwhile. Rejects
 * with what the table rejects with, and then changes nothing.
 */
export async function readBack<Name extends TableName>(ledger: Ledger, name: Name): Promise<ReadBack<Name>> {
  const actual: ReadonlyMap<string, EntryOf<Name>> = await ledger.tables[name].table.read();
  return { actual, ...ledger.compare(name, actual) };
}
