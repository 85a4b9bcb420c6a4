import { ipFamilies } from '../model/family.ts';
import type { Metrics, ProgramFigures } from '../metrics/metrics.ts';
import type { ByTable } from '../metrics/table-metrics.ts';
import type { ReconcilerListener, ReconcilerStatus } from '../reconciler/reports.ts';
import { total } from '../reconciler/sync-tally.ts';
import { unusableTables } from '../reconciler/unusable-tables.ts';

/** What the metrics are told of by the reconciler. */
export function metricsListener({ rules, tables, phases }: Metrics): ReconcilerListener {
  return {
    synced: ({ milliseconds }) => {
      const writing = total(milliseconds.write);
      rules.passed(milliseconds.plan + writing);
      phases.passed(milliseconds.plan, writing);
      tables.passed(milliseconds);
    },
    programmed: ({ latency, families }) => {
      rules.programmed(latency, families);
    },
    refused: ({ table, key }) => {
      tables.refused(table);
      if (table === 'firewall') rules.restoreFailed(ipFamilies.filter((family) => family === key));
    },
    tableFailed: ({ table }) => {
      if (table === 'firewall') rules.restoreFailed();
    },
    audited: ({ milliseconds, worked, drift, failures }) => {
      if (failures.some(({ table }) => table === 'firewall')) rules.restoreFailed();
      tables.audited(milliseconds, drift);
      phases.read('audit', worked);
    },
    drained: ({ reason }) => {
      tables.drained(reason);
    },
    flowsLookedAt: ({ family, milliseconds, forgotten }) => {
      rules.flowsLookedAt(family, milliseconds, forgotten);
    },
  };
}

/** What the metrics read of the reconciler. */
export function programFigures(status: ReconcilerStatus): ProgramFigures {
  const { pendingServices, entries, pending, writes, services, planFailures, conflicts, draining } = status;
  const { endpointless } = status;
  return {
    pendingServices,
    tables: {
      ...{ entries, pending, writes, services },
      refused: countByTable(entries, status.refused),
      unknown: countByTable(entries, unusableTables(status)),
      unplanned: planFailures.length,
      endpointless,
      contended: conflicts.length,
      draining: draining.length,
    },
  };
}

/** How many there are of each table, tables without any included. */
function countByTable(tables: ByTable, items: readonly { readonly table: string }[]): ByTable {
  const counts = new Map(Object.keys(tables).map((table) => [table, 0]));
  for (const { table } of items) counts.set(table, (counts.get(table) ?? 0) + 1);
  return Object.fromEntries(counts);
}
