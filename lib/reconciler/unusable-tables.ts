import type { ReconcilerStatus } from './reports.ts';
import type { TableName } from './table-name.ts';

/** A table of the kernel that cannot be used now, and what it said last. */
export interface UnusableTable {
  readonly table: TableName;
  readonly error: Error;
}

/**
 * The tables of which it is not known what they hold, and those that the last audit could not read; each once. What they
 * hold may be right still, but nobody knows.
 */
export function unusableTables({
  failed,
  lastAudit,
}: Pick<ReconcilerStatus, 'failed' | 'lastAudit'>): readonly UnusableTable[] {
  const unread = lastAudit?.failures ?? [];
  return [...failed, ...unread.filter(({ table }) => !failed.some((one) => one.table === table))];
}
