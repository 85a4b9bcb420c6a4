import type { Change, Refusals } from '../kernel/table.ts';
import type { Keyed } from '../model/keyed.ts';
import type { ServiceKey } from '../model/service.ts';
import type { Conflict } from './claims.ts';
import type { DrainedServer, DrainingServer } from './draining.ts';
import type { LatencySummary, ProgrammedChange } from './programming-latency.ts';
import type { FailedTable, RefusedEntry } from './retry.ts';
import type { FlowsReport } from './stale-flows.ts';
import type { PerTable, TableName } from './table-name.ts';

/** A service whose plan could not be made. What was planned for it before stays in force. */
export interface PlanFailure {
  readonly service: ServiceKey;
  readonly error: Error;
}

/** One pass from changed services to the kernel, or a repeated try of what was refused. */
export interface SyncReport {
  /** The services that were planned. */
  readonly services: readonly ServiceKey[];
  /** Changes that were written and are in force, by table. */
  readonly writes: PerTable<number>;
  /** Number of changes that the kernel refused. */
  readonly refusals: number;
  readonly milliseconds: { readonly plan: number; readonly write: PerTable<number> };
  /** When it ended, in the clock's milliseconds. */
  readonly ended: number;
}

/** One entry of the kernel that was not as this process had left it. */
export interface DriftedEntry {
  readonly table: TableName;
  readonly key: string;
  readonly kind: 'missing' | 'different' | 'extra';
}

/** One reading of every table, compared with what should be there. */
export interface AuditReport {
  /** What was found and marked for repair. What waits to be written anyhow is no drift. */
  readonly drift: readonly DriftedEntry[];
  /** Tables that could not be read. The others have been audited all the same. */
  readonly failures: readonly { readonly table: TableName; readonly error: Error }[];
  /** From the first reading to the last, what was written between included. */
  readonly milliseconds: number;
  /** Milliseconds of that in which it read and compared. */
  readonly worked: number;
  /** When it ended, in the clock's milliseconds. */
  readonly ended: number;
}

/** What became of changes that were written together. */
export interface WrittenBatch {
  readonly table: TableName;
  readonly changes: readonly Change<Keyed>[];
  /** Those that the kernel refused, by their keys; the others are in force. */
  readonly refusals: Refusals;
}

/** What the reconciler tells the rest of the program. A listener must not throw. */
export interface ReconcilerListener {
  /** After every write to a table; what it is told must not be kept. */
  wrote?(batch: WrittenBatch): void;
  /** After every pass, one that wrote nothing included. */
  synced?(report: SyncReport): void;
  /** Once for every distinct refusal of an entry, not at each new try. */
  refused?(entry: RefusedEntry): void;
  /** Once for every distinct failure of a table. */
  tableFailed?(failure: FailedTable): void;
  /** Drift has been repaired, but for what was refused meanwhile. */
  repaired?(drift: readonly DriftedEntry[]): void;
  /** After every audit. */
  audited?(report: AuditReport): void;
  /** A service begins to compete for a virtual server. */
  contended?(conflict: Conflict): void;
  planFailed?(failure: PlanFailure): void;
  /** A real server that was draining is gone. One that is wanted again is not told of. */
  drained?(server: DrainedServer): void;
  /** After every look for flows that lead to no endpoint, for each family that was looked at. */
  flowsLookedAt?(report: FlowsReport): void;
  /** A change of endpoints is in the kernel. */
  programmed?(change: ProgrammedChange): void;
}

/** Where the reconciler stands. */
export interface ReconcilerStatus {
  /** The last change that was asked for. */
  readonly revision: number;
  /** Every change up to this one is in the kernel. */
  readonly programmed: number;
  /** Services that wait to be planned. */
  readonly pendingServices: number;
  /** Entries that wait to be written, refused ones included, but not real servers that only wait for connections to end. */
  readonly pending: PerTable<number>;
  readonly refused: readonly RefusedEntry[];
  readonly failed: readonly FailedTable[];
  readonly conflicts: readonly Conflict[];
  /** Services whose plan cannot be made. */
  readonly planFailures: readonly PlanFailure[];
  /** Real servers that are wanted no longer and kept for the connections that they have, the longest first. */
  readonly draining: readonly DrainingServer[];
  /** Number of services that have something in the kernel. */
  readonly services: number;
  /** Virtual servers that are wanted without any real server. */
  readonly endpointless: number;
  /** Entries that are wanted, by table. */
  readonly entries: PerTable<number>;
  /** Changes written since the start, by table. */
  readonly writes: PerTable<number>;
  /** How long changes of endpoints took, those that said when they began. */
  readonly latency: LatencySummary;
  readonly lastSync: SyncReport | undefined;
  readonly lastAudit: AuditReport | undefined;
}
