import type { Trouble } from '../health/proxy-health.ts';
import type { ReconcilerStatus } from '../reconciler/reports.ts';
import type { RefusedEntry } from '../reconciler/retry.ts';
import { unusableTables } from '../reconciler/unusable-tables.ts';

/** The tables that every service needs. */
const commonTables: readonly string[] = ['sysctls', 'sets', 'firewall'];

/**
 * Whether no service can be served as it should be while this is refused. What is refused of single services is not, nor
 * are the limits and times of connection tracking, which containers often may not write.
 */
export function isCommon({ table, key }: Pick<RefusedEntry, 'table' | 'key'>): boolean {
  return commonTables.includes(table) && !key.startsWith('net/netfilter/');
}

/** What keeps the kernel as a whole from being what it should be: one trouble of each table. */
export function kernelTroubles(
  status: Pick<ReconcilerStatus, 'refused' | 'failed' | 'lastAudit'>,
): Trouble[] {
  return [
    ...status.refused.filter(isCommon).map(({ table, refusal }) => ({ of: table, text: refusal.message })),
    ...unusableTables(status).map(({ table, error }) => ({ of: table, text: error.message })),
  ];
}
