import type { Programmer } from './programmer.ts';
import type { ReconcilerStatus } from './reports.ts';
import { perTable } from './table-name.ts';

/** What of a reconciler's status is not its own but what it works with. */
export type Standing = Omit<
  ReconcilerStatus,
  'revision' | 'pendingServices' | 'writes' | 'lastSync' | 'lastAudit'
>;

/**
 * How the tables stand.
 * @param written changes up to this one have been written, but for what was refused
 */
export function standingOf(programmer: Programmer, written: number): Standing {
  const { ledger, retries, draining, planFailures, latency } = programmer;
  return {
    programmed: retries.watermark(written),
    pending: perTable((name) => programmer.pending(name)),
    refused: retries.refused(),
    failed: retries.failed(),
    conflicts: ledger.conflicts(),
    planFailures,
    draining: draining.servers(),
    services: ledger.services,
    endpointless: ledger.endpointless,
    entries: perTable((name) => ledger.tables[name].size),
    latency: latency.summary,
  };
}
