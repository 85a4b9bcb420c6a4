import type { FlowTable } from '../kernel/flow-table.ts';
import type { KernelTables } from '../kernel/kernel-tables.ts';
import type { Keyed } from '../model/keyed.ts';
import type { BasePlan, ServicePlan } from '../model/plan.ts';
import type { ServiceKey } from '../model/service.ts';
import type { VirtualServer } from '../model/virtual-server.ts';
import { Adoption } from './adoption.ts';
import { Audit, type AuditTurn } from './audit.ts';
import type { Clock } from '../model/clock.ts';
import { defaultDrainTimeout, Draining } from './draining.ts';
import { toError } from './errors.ts';
import { inForce } from './in-force.ts';
import { Ledger } from './ledger.ts';
import type { Log } from './log.ts';
import { isExcluded } from './ownership.ts';
import { ProgrammingLatency } from './programming-latency.ts';
import type { PlanFailure, ReconcilerListener } from './reports.ts';
import { RetryQueue } from './retry.ts';
import { SlowStart } from './slow-start.ts';
import { StaleFlows } from './stale-flows.ts';
import { type TableName, upsertOrder } from './table-name.ts';
import { type Gate, type TableChanges, Transaction, type TransactionReport } from './transaction.ts';

/** What it takes to bring services into the kernel. */
export interface ProgrammerOptions {
  readonly tables: KernelTables;
  /** What the kernel tracks; without it no flow is ever forgotten. */
  readonly flows?: FlowTable;
  readonly base: BasePlan;
  /** What the kernel should hold for a service; `undefined` where it is gone or wants nothing. */
  readonly plan: (service: ServiceKey) => ServicePlan | undefined;
  readonly log: Log;
  readonly clock: Clock;
  /** The machine's clock as it is set, which may be put back: milliseconds since the epoch. `Date.now` unless told. */
  readonly wallTime?: () => number;
  /** A number from 0 up to but not including 1. */
  readonly random: () => number;
  /** Virtual servers on addresses in these CIDRs, in canonical text, are never deleted. */
  readonly excludeCIDRs?: readonly string[];
  /**
   * The unicast addresses that interfaces other than kube-ipvs0 have now, canonical: where kube-proxy has left node ports,
   * those on them are ours. None unless told.
   */
  readonly nodeAddresses?: () => readonly string[];
  /**
   * Milliseconds that a TCP real server which is wanted no longer may keep its connections, where the plan of its
   * service does not say it: 15 minutes unless told otherwise, 0 for no draining, `Infinity` for no end.
   */
  readonly drainTimeout?: number;
  readonly listener?: ReconcilerListener;
}

/** Entries that one log line names at most. */
const longestList = 20;

/**
 * The steps from services to the kernel: adopt what is there, plan services, write the difference, audit. Only one step
 * may be under way at a time; who takes them, and when, is the business of the loop, of `runOnce` and of `diff`.
 */
export class Programmer {
  readonly ledger: Ledger;
  readonly retries: RetryQueue;
  readonly draining: Draining;
  readonly latency: ProgrammingLatency;
  readonly #staleFlows: StaleFlows;
  readonly #slowStart: SlowStart;
  readonly #options: ProgrammerOptions;
  readonly #keeps: (server: VirtualServer) => boolean;
  readonly #nodeAddresses: () => readonly string[];
  readonly #adoption: Adoption;
  readonly #planFailures = new Map<ServiceKey, PlanFailure>();
  readonly #gate: Gate;

  constructor(options: ProgrammerOptions) {
    const { tables, listener, log, clock, random, excludeCIDRs = [] } = options;
    const { drainTimeout = defaultDrainTimeout } = options;
    this.#options = options;
    this.#keeps = (server) => isExcluded(excludeCIDRs, server);
    this.#nodeAddresses = options.nodeAddresses ?? (() => []);
    this.ledger = new Ledger(tables, {
      keeps: this.#keeps,
      contended: (conflict) => {
        log.warn({ ...conflict }, 'several services want one virtual server: the oldest has it');
        listener?.contended?.(conflict);
      },
    });
    this.#slowStart = new SlowStart(clock);
    this.retries = new RetryQueue({ clock, random });
    this.draining = new Draining({
      ...{ log, clock, table: tables.realServers, ledger: this.ledger.tables.realServers },
      timeoutOf: (virtualServer) => this.ledger.drainTimeoutOf(virtualServer) ?? drainTimeout,
      drained: (server) => listener?.drained?.(server),
    });
    this.latency = new ProgrammingLatency({
      wallTime: options.wallTime ?? Date.now,
      programmed: (change) => {
        log.debug({ ...change }, 'a change of endpoints is programmed');
        listener?.programmed?.(change);
      },
    });
    this.#staleFlows = new StaleFlows({
      ...{ log, clock, table: options.flows, ledgers: this.ledger.tables },
      realServersOf: (virtualServer) => this.ledger.realServersOf(virtualServer),
      looked: (report) => listener?.flowsLookedAt?.(report),
    });
    this.#adoption = new Adoption(this.ledger.tables);
    this.#gate = {
      closed: (table) => !this.ledger.tables[table].known || this.retries.tableWaits(table),
      waits: (table, key, after) => this.retries.waits(table, key, after, (a, b) => this.#same(table, a, b)),
      departures: (removals) => this.draining.departures(removals),
      wrote: (batch) => listener?.wrote?.(batch),
      writing: (pending) => {
        this.#staleFlows.note(pending);
      },
    };
  }

  /** Services whose plan could not be made at the last try. */
  get planFailures(): readonly PlanFailure[] {
    return [...this.#planFailures.values()];
  }

  /** Whether every service that was ever planned has a plan: what is not wanted then is known to be left over. */
  get complete(): boolean {
    for (const service of this.#planFailures.keys()) {
      if (!this.ledger.has(service)) return false;
    }
    return true;
  }

  /**
   * Reads every table, so that what is there already needs no write, and takes up the base plan. A table that cannot be
   * read is not written before it can.
   */
  async adopt(): Promise<void> {
    await this.#adoption.read((table, error) => {
      this.#fail(table, error, 0);
    });
    this.ledger.setBase(this.#options.base);
  }

  /** Marks what an earlier process left and no service wants for removal. To be called when all services are planned. */
  discardLeftovers(): void {
    this.#staleFlows.begin();
    if (!this.complete) {
      this.#adoption.forget();
      return;
    }
    const left = this.#adoption.discardRest(this.#keeps, this.#nodeAddresses());
    if (left.length === 0) return;
    const fields = { entries: left.slice(0, longestList), count: left.length };
    this.#options.log.info(fields, 'what an earlier process left is not wanted any more');
  }

  /** Plans services and notes what that changes. A service that cannot be planned keeps the plan it has. */
  plan(services: Iterable<ServiceKey>): void {
    for (const service of services) {
      try {
        const plan = this.#slowStart.take(service, this.#options.plan(service));
        this.ledger.setPlan(service, plan);
        this.latency.planned(service, plan);
        if (this.#planFailures.size > 0) this.#planFailures.delete(service);
      } catch (error) {
        this.#failPlan(service, toError(error));
      }
    }
  }

  /** When `write` should be called even if nothing has changed, in the clock's milliseconds. */
  nextDue(): number {
    return Math.min(
      ...[this.retries.nextDue(), this.draining.nextDue()],
      ...[this.#staleFlows.nextDue(), this.#slowStart.nextDue()],
    );
  }

  /** Begins an audit of the tables against what is planned. */
  audit(turn: AuditTurn): Audit {
    return new Audit(this.ledger, {
      turn,
      clock: this.#options.clock,
      keeps: this.#keeps,
      nodeAddresses: this.#nodeAddresses,
      complete: () => this.complete,
    });
  }

  /** Everything that waits to be written to the tables that could be read, refused entries included; not written. */
  changes(): Promise<TableChanges> {
    const gate: Gate = {
      ...this.#gate,
      closed: (table) => !this.ledger.tables[table].known,
      waits: () => false,
    };
    return new Transaction(this.ledger.tables, gate, this.#options.clock).changes();
  }

  /**
   * Writes everything that waits and is not left for a later try. Never rejects.
   * @param revision the first revision that the changes may belong to
   * @param mostLooks how many virtual servers are asked for connections before real servers of theirs are removed; the
   *   others are left for the next write, which is due at once
   */
  async write(revision: number, mostLooks = Infinity): Promise<TransactionReport> {
    for (const [service, plan] of this.#slowStart.steps()) this.ledger.setPlan(service, plan);
    await this.#readUnknown(revision);
    const gate: Gate = {
      ...this.#gate,
      departures: (removals) => this.draining.departures(removals, mostLooks),
    };
    const report = await new Transaction(this.ledger.tables, gate, this.#options.clock).run();
    for (const { table, error } of report.failed) this.#fail(table, error, revision);
    for (const { table, key } of report.held) this.retries.hold(table, key, revision);
    if (report.refused.length > 0) this.#refuse(report, revision);
    this.retries.prune(
      (table, key) => this.#isDue(table, key),
      (table) => this.ledger.tables[table].known,
    );
    this.draining.settle();
    await this.#staleFlows.forget();
    this.latency.written(() => this.#inForce());
    return report;
  }

  /** Entries of a table that wait to be written, refused ones included. */
  pending(table: TableName): number {
    const { pending } = this.ledger.tables[table];
    return table === 'realServers' ? pending - this.draining.quiet : pending;
  }

  /** Where nothing at all waits to be written, nothing needs to be looked at. */
  #inForce(): (plan: ServicePlan) => boolean {
    if (upsertOrder.every((table) => this.pending(table) === 0)) return () => true;
    return inForce(this.ledger.tables, (table, key) => this.#isDue(table, key));
  }

  /** Whether there is something to write for a key. */
  #isDue(table: TableName, key: string): boolean {
    return this.ledger.tables[table].isDirty(key) && !(table === 'realServers' && this.draining.isQuiet(key));
  }

  async #readUnknown(revision: number): Promise<void> {
    for (const name of upsertOrder) {
      if (this.ledger.tables[name].known || this.retries.tableWaits(name)) continue;
      try {
        await this.ledger.readBack(name);
      } catch (error) {
        this.#fail(name, toError(error), revision);
      }
    }
    try {
      if (this.ledger.tables.realServers.known) this.ledger.readTakenOver();
    } catch (error) {
      this.#fail('realServers', toError(error), revision);
    }
  }

  #same(table: TableName, a: Keyed, b: Keyed): boolean {
    const { table: kernel }: { table: { equals(a: Keyed, b: Keyed): boolean } } = this.ledger.tables[table];
    return kernel.equals(a, b);
  }

  #refuse({ refused }: TransactionReport, revision: number): void {
    const news = refused.filter(({ table, key, after, refusal }) =>
      this.retries.refuse(table, key, after, refusal, revision),
    );
    if (news.length === 0) return;
    const { log, listener } = this.#options;
    const named = news.slice(0, longestList).map(({ table, key, refusal }) => ({ table, key, ...refusal }));
    log.warn({ refused: named, count: news.length }, 'the kernel refused entries: they are tried again');
    if (listener?.refused === undefined) return;
    for (const { table, key } of news) {
      const entry = this.retries.entry(table, key);
      if (entry !== undefined) listener.refused(entry);
    }
  }

  #fail(table: TableName, error: Error, revision: number): void {
    if (!this.retries.fail(table, error, revision)) return;
    const { log, listener } = this.#options;
    log.error({ table, err: error }, 'it is not known what a table of the kernel holds: it is read again');
    for (const failure of this.retries.failed()) {
      if (failure.table === table) listener?.tableFailed?.(failure);
    }
  }

  #failPlan(service: ServiceKey, error: Error): void {
    const known = this.#planFailures.get(service)?.error.message === error.message;
    const failure = { service, error };
    this.#planFailures.set(service, failure);
    if (known) return;
    this.#options.log.error(
      { service, err: error },
      'a service cannot be planned: what it had stays in force',
    );
    this.#options.listener?.planFailed?.(failure);
  }
}
