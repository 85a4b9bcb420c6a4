import type { Refusal } from '../kernel/table.ts';
import type { Keyed } from '../model/keyed.ts';
import type { Clock } from '../model/clock.ts';
import { type PerTable, perTable, type TableName, upsertOrder as tableNames } from './table-name.ts';

/** An entry that the kernel refused and that will be tried again. */
export interface RefusedEntry {
  readonly table: TableName;
  readonly key: string;
  readonly refusal: Refusal;
  /** How often it has been tried. */
  readonly attempts: number;
  /** When it is tried next, in the clock's milliseconds. */
  readonly due: number;
}

/** A table that could not be read or written and that will be tried again. */
export interface FailedTable {
  readonly table: TableName;
  readonly error: Error;
  readonly attempts: number;
  readonly due: number;
}

/** How a retry queue paces itself. */
export interface RetryOptions {
  readonly clock: Clock;
  /** A number from 0 up to but not including 1. */
  readonly random: () => number;
  /** Longest wait after the first refusal, in milliseconds; it doubles with every further one. */
  readonly base?: number;
  /** Longest wait of all, in milliseconds. */
  readonly cap?: number;
}

interface Item {
  after: Keyed | undefined;
  attempts: number;
  due: number;
  /** Undefined while the entry only waits for another that must come first. */
  refusal: Refusal | undefined;
  /** The first revision that is not in force because of this entry. */
  readonly revision: number;
}

interface TableItem {
  error: Error;
  attempts: number;
  due: number;
  readonly revision: number;
}

/** Retries that fall due within so many milliseconds of each other are made together. */
const granularity = 100;

/**
 * The entries that are not in the kernel as they should be, and when each is tried again: after a random part of a wait
 * that doubles with every refusal up to a cap (exponential back-off with full jitter). Nothing else waits for them. An
 * entry that is wanted otherwise than it was refused is tried at once.
 */
export class RetryQueue {
  readonly #clock: Clock;
  readonly #random: () => number;
  readonly #base: number;
  readonly #cap: number;
  readonly #items: PerTable<Map<string, Item>> = perTable(() => new Map<string, Item>());
  readonly #tables = new Map<TableName, TableItem>();

  constructor({ clock, random, base = 1000, cap = 60_000 }: RetryOptions) {
    this.#clock = clock;
    this.#random = random;
    this.#base = base;
    this.#cap = cap;
  }

  /** Whether a change to `after` was refused and is to be left until later. */
  waits(
    table: TableName,
    key: string,
    after: Keyed | undefined,
    equals: (a: Keyed, b: Keyed) => boolean,
  ): boolean {
    const item = this.#items[table].get(key);
    if (item?.refusal === undefined || item.due <= this.#clock.now()) return false;
    if (item.after === undefined || after === undefined) return item.after === after;
    return equals(item.after, after);
  }

  /** Whether a table is to be left alone until later. */
  tableWaits(table: TableName): boolean {
    const item = this.#tables.get(table);
    return item !== undefined && item.due > this.#clock.now();
  }

  /**
   * Notes a refusal.
   * @param revision the first revision that the refused change may belong to
   * @returns whether it is news: the first for this entry, or of another kind than the one before
   */
  refuse(
    table: TableName,
    key: string,
    after: Keyed | undefined,
    refusal: Refusal,
    revision: number,
  ): boolean {
    const old = this.#items[table].get(key);
    const attempts = (old?.attempts ?? 0) + 1;
    this.#items[table].set(key, {
      after,
      attempts,
      refusal,
      due: this.#nextDue(attempts),
      revision: old?.revision ?? this.#earliest(table, revision),
    });
    return old?.refusal?.code !== refusal.code || old.refusal.operation !== refusal.operation;
  }

  /** Notes that an entry was not tried because another must come first. */
  hold(table: TableName, key: string, revision: number): void {
    const old = this.#items[table].get(key);
    if (old === undefined) {
      const item = { after: undefined, attempts: 0, due: Infinity, refusal: undefined };
      this.#items[table].set(key, { ...item, revision: this.#earliest(table, revision) });
    } else {
      old.refusal = undefined;
      old.due = Infinity;
    }
  }

  /**
   * Notes that a table could not be read or written. It is tried again at once, and after growing waits where that
   * fails too. Returns whether it is news.
   */
  fail(table: TableName, error: Error, revision: number): boolean {
    const old = this.#tables.get(table);
    const attempts = (old?.attempts ?? 0) + 1;
    this.#tables.set(table, {
      error,
      attempts,
      due: attempts === 1 ? this.#clock.now() : this.#nextDue(attempts - 1),
      revision: old?.revision ?? revision,
    });
    return old?.error.message !== error.message;
  }

  /** Forgets what is settled: keys that `dirty` no longer has, and tables that are `known` again. */
  prune(dirty: (table: TableName, key: string) => boolean, known: (table: TableName) => boolean): void {
    for (const table of tableNames) {
      for (const key of this.#items[table].keys()) {
        if (!dirty(table, key)) this.#items[table].delete(key);
      }
      if (this.#tables.has(table) && known(table)) this.#tables.delete(table);
    }
  }

  /** When something falls due next, in the clock's milliseconds; `Infinity` where nothing waits for time to pass. */
  nextDue(): number {
    let next = Infinity;
    for (const { due } of this.#tables.values()) next = Math.min(next, due);
    for (const table of tableNames) {
      const blocked = this.#tables.get(table)?.due ?? 0;
      for (const { due } of this.#items[table].values()) next = Math.min(next, Math.max(due, blocked));
    }
    return next;
  }

  /** The revision up to which everything is in the kernel, where `latest` is the one that was written last. */
  watermark(latest: number): number {
    let mark = latest;
    for (const { revision } of this.#tables.values()) mark = Math.min(mark, revision - 1);
    for (const items of Object.values(this.#items)) {
      for (const { revision } of items.values()) mark = Math.min(mark, revision - 1);
    }
    return mark;
  }

  /** An entry that was refused and is to be tried again. */
  entry(table: TableName, key: string): RefusedEntry | undefined {
    const item = this.#items[table].get(key);
    if (item?.refusal === undefined) return undefined;
    return { table, key, refusal: item.refusal, attempts: item.attempts, due: item.due };
  }

  refused(): RefusedEntry[] {
    return tableNames.flatMap((table) =>
      [...this.#items[table].keys()].flatMap((key) => this.entry(table, key) ?? []),
    );
  }

  failed(): FailedTable[] {
    return [...this.#tables].map(([table, { error, attempts, due }]) => ({ table, error, attempts, due }));
  }

  /** Number of entries that are not in the kernel as they should be, and of tables whose state is not known. */
  get size(): number {
    let size = this.#tables.size;
    for (const items of Object.values(this.#items)) size += items.size;
    return size;
  }

  /** An entry whose table could not be used may have been waiting since the table failed. */
  #earliest(table: TableName, revision: number): number {
    return Math.min(revision, this.#tables.get(table)?.revision ?? revision);
  }

  #nextDue(attempts: number): number {
    const longest = Math.min(this.#cap, this.#base * 2 ** (attempts - 1));
    const due = this.#clock.now() + this.#random() * longest;
    return Math.ceil(due / granularity) * granularity;
  }
}
