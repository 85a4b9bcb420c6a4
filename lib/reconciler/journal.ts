import type { Clock } from '../model/clock.ts';
import type { Log } from './log.ts';
import type { AuditReport, ReconcilerListener, SyncReport } from './reports.ts';
import type { RetryQueue } from './retry.ts';
import { RivalWatch } from './rival.ts';
import { nonZero, total } from './sync-tally.ts';

/** Drifted entries that one log line names at most. */
const longestList = 20;

/** Services that one log line names at most: it is about one change, mostly. */
const mostNamed = 5;

/** Whom a Journal tells, and by which clock. */
export interface JournalOptions {
  readonly log: Log;
  readonly clock: Pick<Clock, 'now'>;
  readonly listener?: ReconcilerListener | undefined;
}

/** Tells log and listener what the reconciler did: nothing at info where nothing changed. */
export class Journal {
  lastSync: SyncReport | undefined;
  lastAudit: AuditReport | undefined;
  readonly #log: Log;
  readonly #listener: ReconcilerListener;
  readonly #retries: Pick<RetryQueue, 'entry'>;
  readonly #rivals: RivalWatch;

  /** @param retries knows what the kernel refuses */
  constructor({ log, clock, listener = {} }: JournalOptions, retries: Pick<RetryQueue, 'entry'>) {
    this.#log = log;
    this.#listener = listener;
    this.#retries = retries;
    this.#rivals = new RivalWatch(clock);
  }

  synced(report: SyncReport): void {
    this.lastSync = report;
    const { services, writes, refusals, milliseconds } = report;
    if (total(writes) > 0) {
      const took = Math.round(milliseconds.plan + total(milliseconds.write));
      const changed = services.length > 0 && { changed: services.slice(0, mostNamed) };
      const figures = { writes: nonZero(writes), refusals, milliseconds: took };
      this.#log.info({ services: services.length, ...changed, ...figures }, 'synced');
    }
    this.#listener.synced?.(report);
  }

  /** An audit has ended, and what it found has been written again, but for what the kernel refuses. */
  audited(report: AuditReport): void {
    this.lastAudit = report;
    const { drift, failures } = report;
    for (const { table, error } of failures) {
      this.#log.error({ table, err: error }, 'a table could not be audited: the others were');
    }
    if (drift.length > 0) {
      const entries = drift.slice(0, longestList);
      const refused = drift.filter(({ table, key }) => this.#retries.entry(table, key) !== undefined).length;
      const fields = { entries, count: drift.length };
      if (refused === 0) this.#log.warn(fields, 'the kernel had drifted and was repaired');
      else
        this.#log.warn(
          { ...fields, refused },
          'the kernel had drifted, and refuses the repair or a part of it',
        );
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
