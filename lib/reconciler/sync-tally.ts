import type { ServiceKey } from '../model/service.ts';
import type { Clock } from '../model/clock.ts';
import type { SyncReport } from './reports.ts';
import { perTable, type PerTable, upsertOrder } from './table-name.ts';
import type { TransactionReport } from './transaction.ts';

/** Adds up what the batches of one pass did. */
export class SyncTally {
  readonly #services: readonly ServiceKey[];
  readonly #clock: Clock;
  readonly #writes = perTable(() => 0);
  readonly #milliseconds = perTable(() => 0);
  #refusals = 0;
  #planning = 0;

  constructor(services: readonly ServiceKey[], clock: Clock) {
    this.#services = services;
    this.#clock = clock;
  }

  /** Takes the time of one batch's planning. */
  plan(action: () => void): void {
    const started = this.#clock.now();
    action();
    this.#planning += this.#clock.now() - started;
  }

  add({ writes, milliseconds, refused }: TransactionReport): void {
    addTo(this.#writes, writes);
    addTo(this.#milliseconds, milliseconds);
    this.#refusals += refused.length;
  }

  report(): SyncReport {
    return {
      services: this.#services,
      writes: this.#writes,
      refusals: this.#refusals,
      milliseconds: { plan: this.#planning, write: this.#milliseconds },
      ended: this.#clock.now(),
    };
  }
}

/** Adds the numbers of each table. */
export function addTo(sum: PerTable<number>, more: PerTable<number>): void {
  for (const name of upsertOrder) sum[name] += more[name];
}

/** The sum over all tables. */
export function total(numbers: PerTable<number>): number {
  return upsertOrder.reduce((sum, name) => sum + numbers[name], 0);
}

/** Only the tables with something to tell, for a log line. */
export function nonZero(numbers: PerTable<number>): Partial<PerTable<number>> {
  return Object.fromEntries(Object.entries(numbers).filter(([, number]) => number !== 0));
}
