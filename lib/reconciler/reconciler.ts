import { setImmediate as breathe } from 'node:timers/promises';
import type { ServiceKey } from '../model/service.ts';
import { AuditQueue } from './audit-queue.ts';
import { batchesOf, batchSize, defaultFirstServices, looksPerStep } from './batches.ts';
import { toError } from './errors.ts';
import { Journal } from './journal.ts';
import type { Ledger } from './ledger.ts';
import { Programmer, type ProgrammerOptions } from './programmer.ts';
import type { TriggerTimes } from './programming-latency.ts';
import type { AuditReport, ReconcilerStatus } from './reports.ts';
import { standingOf } from './standing.ts';
import { addTo, SyncTally, total } from './sync-tally.ts';
import { perTable } from './table-name.ts';

/** What a reconciler works on and how it paces itself. */
export interface ReconcilerOptions extends ProgrammerOptions {
  /**
   * Milliseconds from one audit's begin to the next's, up to a fifth less at random; 0 for none but at the start. Audits of
   * many virtual servers take turns with the real servers, see `AuditTurn`.
   */
  readonly syncPeriod: number;
  /** Milliseconds from the begin of one sync to the begin of the next at least. */
  readonly minSyncPeriod: number;
  /** Services that are complete in the kernel before any other is begun: `default/kubernetes` unless told otherwise. */
  readonly firstServices?: readonly ServiceKey[];
}

/** One pass over changed services under way. */
interface Sync {
  /** Virtual servers that are asked for connections in one of its steps: none where it takes several. */
  readonly looks: number;
  readonly batches: Iterator<readonly ServiceKey[]>;
  readonly tally: SyncTally;
  readonly revision: number;
}

/**
 * Keeps the kernel equal to what the services ask for: writes what changes, tries again what was refused, and reads
 * everything back from time to time. It does one thing at a time, in steps between which the event loop runs; changes go
 * before the steps of an audit.
 *
 * Nothing is read, written or removed before `start`, which is to be called when every service is known.
 */
export class Reconciler {
  readonly #options: ReconcilerOptions;
  readonly #programmer: Programmer;
  readonly #journal: Journal;
  readonly #audits: AuditQueue;
  readonly #pending = new Set<ServiceKey>();
  readonly #writes = perTable(() => 0);
  #phase: 'new' | 'loading' | 'running' | 'stopped' = 'new';
  #revision = 0;
  /** Changes up to this one have been planned and what they add is written. */
  #added = 0;
  #written = 0;
  #sync: Sync | undefined;
  #settledWaiters: (() => void)[] = [];
  #earliestSync = 0;
  #cancelTimer: () => void = () => undefined;
  #loop: Promise<void> | undefined;

  constructor(options: ReconcilerOptions) {
    this.#options = options;
    this.#programmer = new Programmer(options);
    this.#journal = new Journal(options, this.#programmer.retries);
    this.#audits = new AuditQueue(options);
  }

  /**
   * Begins: reads the kernel, brings these services into it and removes what an earlier process left.
   * @param services every service that there is, the oldest first and those of one age by their keys: so none is served
   *   for a moment by a service that is not the one to serve it
   */
  start(services: Iterable<ServiceKey>): void {
    if (this.#phase !== 'new') return;
    this.#phase = 'loading';
    this.changed(services);
    // A start without services is a change too: what an earlier process left goes with it.
    this.#revision = Math.max(1, this.#revision);
  }

  /**
   * Says that these services, or what their plans depend on, have changed. They are planned again and the difference is
   * written soon. None of them is no change.
   * @param triggers when changes of their endpoints began
   * @returns the change's revision, to be compared with `status().programmed`
   */
  changed(services: Iterable<ServiceKey>, triggers: TriggerTimes = []): number {
    this.#programmer.latency.triggered(triggers);
    const changed = [...services];
    for (const service of changed) this.#pending.add(service);
    if (changed.length > 0) this.#revision += 1;
    this.#arm();
    return this.#revision;
  }

  /** Reads every table back and repairs what drifted. Resolves when that is written; rejects if stopped before. */
  audit(): Promise<AuditReport> {
    const audit = this.#audits.ask();
    this.#arm();
    return audit;
  }

  /** Resolves when nothing is left to do but to wait: for refused entries, for connections to end; or when stopped. */
  settled(): Promise<void> {
    if (this.#phase === 'stopped') return Promise.resolve();
    return new Promise((resolve) => {
      this.#settledWaiters.push(resolve);
      this.#arm();
    });
  }

  /** Ends after the batch that is being written, and leaves the kernel as it is. */
  async stop(): Promise<void> {
    this.#phase = 'stopped';
    this.#cancelTimer();
    await this.#loop;
    this.#audits.stop();
    for (const resolve of this.#settledWaiters.splice(0)) resolve();
  }

  /** Changes up to this one have been written, but for what was refused. Cheaper to ask than `status`. */
  get written(): number {
    return this.#written;
  }

  /** What is wanted, and who wants it: to be read alone. */
  get wanted(): Pick<Ledger, 'tables' | 'ownerOf'> {
    return this.#programmer.ledger;
  }

  status(): ReconcilerStatus {
    return {
      ...standingOf(this.#programmer, this.#written),
      revision: this.#revision,
      pendingServices: this.#pending.size,
      writes: { ...this.#writes },
      lastSync: this.#journal.lastSync,
      lastAudit: this.#journal.lastAudit,
    };
  }

  /** Sets the timer for whatever is due next, unless the loop is running and will see for itself. */
  #arm(): void {
    if (this.#loop !== undefined || this.#phase === 'new' || this.#phase === 'stopped') return;
    this.#cancelTimer();
    if (this.#idle) for (const resolve of this.#settledWaiters.splice(0)) resolve();
    const due = this.#nextDue();
    if (due === Infinity) return;
    const { clock } = this.#options;
    this.#cancelTimer = clock.after(Math.max(0, due - clock.now()), () => {
      this.#wake();
    });
  }

  /** Whether there is nothing to do but what a time to come brings. */
  get #idle(): boolean {
    return !this.#busy && this.#pending.size === 0 && !this.#programmer.draining.waiting;
  }

  /** Whether there is something to do that needs not wait for a time to come. */
  get #busy(): boolean {
    return this.#phase === 'loading' || this.#sync !== undefined || this.#audits.busy;
  }

  #nextDue(): number {
    if (this.#busy) return 0;
    const syncDue = this.#pending.size > 0 ? this.#earliestSync : Infinity;
    return Math.min(syncDue, this.#audits.due, this.#programmer.nextDue());
  }

  #wake(): void {
    this.#loop ??= this.#run().then(() => {
      this.#loop = undefined;
      this.#arm();
    });
  }

  async #run(): Promise<void> {
    for (let task = this.#nextTask(); task !== undefined; task = this.#nextTask()) {
      try {
        await task();
      } catch (error) {
        this.#options.log.error(
          { err: toError(error) },
          'a step of the reconciler failed: the next one goes on',
        );
      }
      await breathe();
    }
  }

  /** The most urgent step, where one is due. */
  #nextTask(): (() => Promise<void>) | undefined {
    if (this.#phase === 'stopped') return undefined;
    if (this.#sync !== undefined) return () => this.#syncBatch();
    if (this.#phase === 'loading') return () => this.#load();
    return this.#nextDueTask();
  }

  #nextDueTask(): (() => Promise<void>) | undefined {
    const now = this.#options.clock.now();
    if (this.#pending.size > 0 && this.#earliestSync <= now) return () => this.#beginSync();
    if (this.#audits.underWay) return () => this.#auditStep();
    if (this.#audits.due <= now) return () => this.#beginAudit();
    if (this.#programmer.nextDue() > now) return undefined;
    return () => this.#retry(this.#programmer.retries.nextDue() <= now);
  }

  async #load(): Promise<void> {
    await this.#programmer.adopt();
    await this.#beginSync();
  }

  async #beginSync(): Promise<void> {
    const { clock, minSyncPeriod, firstServices = defaultFirstServices } = this.#options;
    this.#earliestSync = clock.now() + minSyncPeriod;
    const services = [...this.#pending];
    this.#pending.clear();
    this.#sync = {
      looks: this.#looks(services.length),
      batches: batchesOf(services, firstServices),
      tally: new SyncTally(services, clock),
      revision: this.#revision,
    };
    await this.#syncBatch();
  }

  async #syncBatch(): Promise<void> {
    const sync = this.#sync;
    if (sync === undefined) return;
    const batch = sync.batches.next();
    if (batch.done === true) {
      await this.#endSync(sync);
    } else {
      sync.tally.plan(() => {
        this.#programmer.plan(batch.value);
      });
      await this.#write(sync.tally, sync.looks);
    }
  }

  /** A start has nothing to remove before its end, and nothing else to do. */
  #looks(services: number): number {
    if (this.#phase === 'loading') return Infinity;
    return services > batchSize ? 0 : looksPerStep;
  }

  async #endSync(sync: Sync): Promise<void> {
    if (this.#phase === 'loading') {
      this.#programmer.discardLeftovers();
      await this.#write(sync.tally);
      this.#audits.schedule();
    }
    this.#sync = undefined;
    this.#added = sync.revision;
    this.#follow();
    if (this.#phase === 'loading') this.#phase = 'running';
    this.#journal.synced(sync.tally.report());
  }

  /** Changes are written when what they remove is, but for real servers that have connections. */
  #follow(): void {
    if (!this.#programmer.draining.waiting) this.#written = this.#added;
  }

  /**
   * Writes what has come due: refused entries again, real servers whose connections have ended or wait to be looked at.
   * @param reported whether that is told even where there was nothing to write
   */
  async #retry(reported: boolean): Promise<void> {
    const tally = new SyncTally([], this.#options.clock);
    await this.#write(tally, looksPerStep);
    this.#follow();
    const report = tally.report();
    if (reported || total(report.writes) + report.refusals > 0) this.#journal.synced(report);
  }

  #beginAudit(): Promise<void> {
    this.#programmer.plan(this.#programmer.planFailures.map(({ service }) => service));
    this.#audits.begin((turn) => this.#programmer.audit(turn));
    return this.#auditStep();
  }

  async #auditStep(): Promise<void> {
    if (await this.#audits.step()) return;
    const tally = new SyncTally([], this.#options.clock);
    await this.#write(tally);
    const report = this.#audits.end();
    if (report !== undefined) this.#journal.audited(report);
    this.#journal.synced(tally.report());
  }

  async #write(tally: SyncTally, mostLooks = Infinity): Promise<void> {
    const report = await this.#programmer.write(this.#written + 1, mostLooks);
    tally.add(report);
    addTo(this.#writes, report.writes);
  }
}
