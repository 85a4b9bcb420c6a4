import type { Clock } from '../model/clock.ts';
import type { DriftedEntry } from './reports.ts';
import type { TableName } from './table-name.ts';

/** Tables that nobody changes by chance: kube-proxy writes its own rules and virtual servers there at every sync. */
const telling: ReadonlySet<TableName> = new Set([
  'firewall',
  'sets',
  'setEntries',
  'virtualServers',
  'realServers',
]);

/** Audits in a row that have to find the same tables changed before a mistake of a moment is ruled out. */
const patience = 3;

/** Milliseconds until a rival that goes on is told of again. */
const silence = 3_600_000;

/**
 * Tells a program that writes the same things as this one, such as a kube-proxy that still runs on the node, from somebody
 * who changed something once: what the one writes is changed again from audit to audit.
 */
export class RivalWatch {
  readonly #clock: Pick<Clock, 'now'>;
  /** By table, how many audits in a row have found it changed. */
  readonly #inARow = new Map<TableName, number>();
  #silentUntil = -Infinity;

  constructor(clock: Pick<Clock, 'now'>) {
    this.#clock = clock;
  }

  /**
   * Takes what an audit found.
   * @returns the tables that another program writes too, where that is to be told now; otherwise none
   */
  audited(drift: readonly DriftedEntry[]): readonly TableName[] {
    const found = new Set(drift.map(({ table }) => table).filter((table) => telling.has(table)));
    for (const table of telling) {
      if (found.has(table)) this.#inARow.set(table, (this.#inARow.get(table) ?? 0) + 1);
      else this.#inARow.delete(table);
    }
    const contested = [...this.#inARow].filter(([, times]) => times >= patience).map(([table]) => table);
    if (contested.length === 0 || this.#clock.now() < this.#silentUntil) return [];
    this.#silentUntil = this.#clock.now() + silence;
    return contested;
  }
}
