import type { Clock } from '../model/clock.ts';
import type { Audit, AuditTurn } from './audit.ts';
import { StoppedError } from './errors.ts';
import type { AuditReport } from './reports.ts';

/** When audits are made. */
export interface AuditPace {
  readonly clock: Clock;
  /** A number from 0 up to but not including 1. */
  readonly random: () => number;
  /** Milliseconds from one audit's begin to the next's, up to a fifth less at random; 0 for none but those asked for. */
  readonly syncPeriod: number;
}

type Waiter = Pick<PromiseWithResolvers<AuditReport>, 'resolve' | 'reject'>;

/** The audit under way, those that were asked for, and when the next one is due. */
export class AuditQueue {
  readonly #pace: AuditPace;
  #underWay: { readonly audit: Audit; readonly waiters: readonly Waiter[] } | undefined;
  #waiters: Waiter[] = [];
  #due = Infinity;
  #turn = 0;
  #stopped = false;

  constructor(pace: AuditPace) {
    this.#pace = pace;
  }

  /** Whether an audit has begun and not ended. */
  get underWay(): boolean {
    return this.#underWay !== undefined;
  }

  /** Whether one is under way, or asked for. */
  get busy(): boolean {
    return this.underWay || this.#waiters.length > 0;
  }

  /** When the next audit should begin, in the clock's milliseconds. */
  get due(): number {
    return this.#waiters.length > 0 ? -Infinity : this.#due;
  }

  /** Asks for an audit of everything. Resolves when it has ended; rejects with `StoppedError` where `stop` comes before. */
  ask(): Promise<AuditReport> {
    if (this.#stopped) return Promise.reject(new StoppedError());
    return new Promise((resolve, reject) => {
      this.#waiters.push({ resolve, reject });
    });
  }

  /** Has the next audit come a period from now. */
  schedule(): void {
    const { clock, random, syncPeriod: period } = this.#pace;
    this.#due = period > 0 ? clock.now() + period * (1 - random() / 5) : Infinity;
  }

  /** @param make an audit of everything, or one that takes its turn */
  begin(make: (turn: AuditTurn) => Audit): void {
    const waiters = this.#waiters.splice(0);
    if (waiters.length === 0) this.#turn += 1;
    this.#underWay = { audit: make(waiters.length > 0 ? 'all' : this.#turn), waiters };
    this.schedule();
  }

  /** Takes the next step of the audit under way. Returns false where there is none after it. */
  async step(): Promise<boolean> {
    return (await this.#underWay?.audit.step()) ?? false;
  }

  /** Ends the audit under way, when what it found has been written. */
  end(): AuditReport | undefined {
    const under = this.#underWay;
    if (under === undefined) return undefined;
    this.#underWay = undefined;
    const report = under.audit.report();
    // Where an audit takes longer than the period allows, at least half of the time is left for everything else.
    this.#due = Math.max(this.#due, report.ended + report.milliseconds);
    for (const { resolve } of under.waiters) resolve(report);
    return report;
  }

  /** No audit ends any more. */
  stop(): void {
    this.#stopped = true;
    const waiters = [...this.#waiters.splice(0), ...(this.#underWay?.waiters ?? [])];
    this.#underWay = undefined;
    for (const { reject } of waiters) reject(new StoppedError());
  }
}
