import type { ServiceKey } from '../model/service.ts';
import { batchesOf, defaultFirstServices } from './batches.ts';
import type { Conflict } from './claims.ts';
import type { Clock } from '../model/clock.ts';
import { Programmer, type ProgrammerOptions } from './programmer.ts';
import type { PlanFailure, SyncReport } from './reports.ts';
import type { FailedTable, RefusedEntry } from './retry.ts';
import { SyncTally } from './sync-tally.ts';
import type { TableChanges } from './transaction.ts';

/** What `runOnce` works on. */
export interface OnceOptions extends ProgrammerOptions {
  /** Services that are complete in the kernel before any other is begun: `default/kubernetes` unless told otherwise. */
  readonly firstServices?: readonly ServiceKey[];
  /** How often refused entries and failed tables are tried again at most; 5 unless told otherwise. */
  readonly retries?: number;
}

/** What could not be brought into the kernel. */
export interface Shortfall {
  readonly refused: readonly RefusedEntry[];
  readonly failed: readonly FailedTable[];
  readonly planFailures: readonly PlanFailure[];
  readonly conflicts: readonly Conflict[];
}

/** The outcome of `runOnce`. */
export interface OnceReport extends Shortfall {
  readonly sync: SyncReport;
  /** Whether every service is in the kernel as it was planned. Conflicts are no fault of the kernel's. */
  readonly complete: boolean;
}

/** The outcome of `diff`. */
export interface DiffReport extends Shortfall {
  /** What `runOnce` would write, by table. Nothing for the tables that are listed as failed. */
  readonly changes: TableChanges;
}

/**
 * Makes the kernel equal to what the services ask for, once: reads it, writes the difference, removes what an earlier
 * process left, and tries again a few times what was refused.
 *
 * @param services every service that there is
 */
export async function runOnce(options: OnceOptions, services: Iterable<ServiceKey>): Promise<OnceReport> {
  const programmer = new Programmer(options);
  const all = [...services];
  const tally = new SyncTally(all, options.clock);
  const write = async (): Promise<void> => {
    tally.add(await programmer.write(1));
  };
  await programmer.adopt();
  for (const batch of batchesOf(all, options.firstServices ?? defaultFirstServices)) {
    tally.plan(() => {
      programmer.plan(batch);
    });
    await write();
  }
  programmer.discardLeftovers();
  await write();
  for (let left = options.retries ?? 5; left > 0 && programmer.retries.size > 0; left -= 1) {
    await until(options.clock, programmer.retries.nextDue());
    await write();
  }
  return { ...shortfall(programmer), sync: tally.report(), complete: isComplete(programmer) };
}

/**
 * What `runOnce` would write, found out without writing anything.
 *
 * @param services every service that there is
 */
export async function diff(options: ProgrammerOptions, services: Iterable<ServiceKey>): Promise<DiffReport> {
  const programmer = new Programmer(options);
  await programmer.adopt();
  programmer.plan(services);
  programmer.discardLeftovers();
  return { ...shortfall(programmer), changes: await programmer.changes() };
}

function shortfall({ retries, planFailures, ledger }: Programmer): Shortfall {
  return {
    refused: retries.refused(),
    failed: retries.failed(),
    planFailures,
    conflicts: ledger.conflicts(),
  };
}

function isComplete({ retries, planFailures }: Programmer): boolean {
  return retries.size === 0 && planFailures.length === 0;
}

function until(clock: Clock, due: number): Promise<void> {
  return new Promise((resolve) => {
    clock.after(Math.max(0, due - clock.now()), resolve);
  });
}
