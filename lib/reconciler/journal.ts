import type { Clock } from '../model/clock.ts';
import type { Log } from './log.ts';
import type { AuditReport, ReconcilerListener, SyncReport } from './reports.ts';
import { RivalWatch } from './rival.ts';
import { nonZero, total } from './sync-tally.ts';

/** Drifted entries that one log line names at most. */
const longestList = 20;

/** Tells log and listener what the reconciler did: nothing at info where nothing changed. */
export class Journal {
  lastSync: SyncReport | undefined;
  lastAudit: AuditReport | undefined;
  readonly #log: Log;
  readonly #listener: ReconcilerListener;
  readonly #rivals: RivalWatch;

  constructor(log: Log, clock: Pick<Clock, 'now'>, listener: ReconcilerListener = {}) {
    this.#log = log;
    this.#listener = listener;
    this.#rivals = new RivalWatch(clock);
  }

  synced(report: SyncReport): void {
    this.lastSync = report;
    const { services, writes, refusals, milliseconds } = report;
    if (total(writes) > 0) {
      const took = Math.round(milliseconds.plan + total(milliseconds.write));
      const fields = { services: services.length, writes: nonZero(writes), refusals, milliseconds: took };
      this.#log.info(fields, 'synced');
    }
    this.#listener.synced?.(report);
  }

  audited(report: AuditReport): void {
    this.lastAudit = report;
    const { drift, failures } = report;
    for (const { table, error } of failures) {
      this.#log.error({ table, err: error }, 'a table could not be audited: the others were');
    }
    if (drift.length > 0) {
      const entries = drift.slice(0, longestList);
      this.#log.warn({ entries, count: drift.length }, 'the kernel had drifted and was repaired');
      this.#listener.repaired?.(drift);
    }
    const tables = this.#rivals.audited(drift);
    if (tables.length > 0) {
      this.#log.warn(
        { tables },
        'another program writes what is ours on this node: if kube-proxy still runs here, stop it',
      );
    }
    this.#listener.audited?.(report);
  }
}
