import type { Change, Table } from '../kernel/table.ts';
import type { Keyed } from '../model/keyed.ts';

/** How a table was found to differ from what this process believed it to hold. */
export interface Drift<Entry extends Keyed> {
  /** Keys that are wanted and were thought written, and that the kernel does not hold. */
  readonly missing: readonly string[];
  /** Keys that are wanted and were thought written, and that the kernel holds otherwise. */
  readonly different: readonly string[];
  /** Entries that this process neither wants nor has written: foreign, or ours from an earlier life. */
  readonly extra: readonly Entry[];
}

/** What must be written to make the kernel hold what is wanted, in the order in which it was wanted. */
export interface Pending<Entry extends Keyed> {
  readonly upserts: Change<Entry>[];
  readonly removals: Change<Entry>[];
}

/**
 * One table's wanted entries, and the keys where the kernel is believed to hold something else. For every other wanted
 * key the kernel is believed to hold exactly what is wanted, so that no second copy of the table is kept.
 */
export class TableLedger<Entry extends Keyed> {
  readonly table: Table<Entry>;
  /** False until the table has been read, and after a write whose outcome is not known: read before the next write. */
  known = false;

  readonly #wanted = new Map<string, Entry>();
  /** Key to what the kernel is believed to hold, where that is not what is wanted. */
  #dirty = new Map<string, Entry | undefined>();
  /** What the kernel held when the table was adopted, less what has been wanted since. */
  #unclaimed: Map<string, Entry> | undefined;

  constructor(table: Table<Entry>) {
    this.table = table;
  }

  get size(): number {
    return this.#wanted.size;
  }

  /** Number of keys that wait to be written. */
  get pending(): number {
    return this.#dirty.size;
  }

  wanted(key: string): Entry | undefined {
    return this.#wanted.get(key);
  }

  entries(): IterableIterator<Entry> {
    return this.#wanted.values();
  }

  isDirty(key: string): boolean {
    return this.#dirty.has(key);
  }

  /** What the kernel is believed to hold under a key that is, or was, wanted. */
  believed(key: string): Entry | undefined {
    return this.#dirty.has(key) ? this.#dirty.get(key) : this.#wanted.get(key);
  }

  /** The entry is wanted from now on, in the place of any other of its key. */
  put(entry: Entry): void {
    const { key } = entry;
    const old = this.#wanted.get(key);
    if (old === entry) return;
    this.#wanted.set(key, entry);
    if (this.#dirty.has(key)) {
      this.#settle(key, entry);
      return;
    }
    const before = old ?? this.#claim(key);
    if (before === undefined || !this.table.equals(before, entry)) this.#dirty.set(key, before);
  }

  /** The key is wanted no longer. */
  remove(key: string): void {
    const old = this.#wanted.get(key);
    if (old === undefined) return;
    this.#wanted.delete(key);
    if (!this.#dirty.has(key)) this.#dirty.set(key, old);
    else if (this.known && this.#dirty.get(key) === undefined) this.#dirty.delete(key);
  }

  /** The key is wanted no longer and whatever the kernel holds under it is left alone. */
  forget(key: string): void {
    this.#wanted.delete(key);
    this.#dirty.delete(key);
  }

  /** The kernel now holds `after` under the key, or nothing. */
  written(key: string, after: Entry | undefined): void {
    if (after === this.#wanted.get(key)) this.#dirty.delete(key);
    else this.#dirty.set(key, after);
  }

  /** The kernel is known to hold nothing under the key. */
  absent(key: string): void {
    if (this.#wanted.has(key)) this.#dirty.set(key, undefined);
    else this.#dirty.delete(key);
  }

  /**
   * The entry is in the kernel, is ours and is not wanted: it is removed with the next transaction. Returns false where
   * it has come to be wanted, or waits for its removal already.
   */
  discard(entry: Entry): boolean {
    const { key } = entry;
    if (this.#wanted.has(key) || this.#dirty.has(key)) return false;
    this.#dirty.set(key, entry);
    return true;
  }

  /** Takes the table as it was read before anything is wanted: an entry that is there already needs no write. */
  adopt(actual: ReadonlyMap<string, Entry>): void {
    this.#unclaimed = new Map(actual);
    this.known = true;
  }

  /** What was there at adoption and has not been wanted since. Given once; from then on it is forgotten. */
  takeUnclaimed(): readonly Entry[] {
    const left = this.#unclaimed;
    this.#unclaimed = undefined;
    return left === undefined ? [] : [...left.values()];
  }

  /** Sets every belief right by what was read just now, with no write between. */
  compare(actual: ReadonlyMap<string, Entry>): Drift<Entry> {
    const pending = this.#dirty;
    this.#dirty = new Map();
    this.known = true;
    const { missing, different } = this.#compareWanted(actual, pending);
    return { missing, different, extra: this.#compareExtra(actual, pending) };
  }

  /** The writes that are due, without those that `waits` says are to be left for later. */
  collect(waits?: (key: string, after: Entry | undefined) => boolean): Pending<Entry> {
    const upserts: Change<Entry>[] = [];
    const removals: Change<Entry>[] = [];
    for (const [key, before] of this.#dirty) {
      const after = this.#wanted.get(key);
      if (before === undefined && after === undefined) continue;
      if (waits?.(key, after) === true) continue;
      (after === undefined ? removals : upserts).push({ key, before, after });
    }
    return { upserts, removals };
  }

  /** Keys that are in the kernel and wait to be removed, as the kernel is believed to hold them. */
  *leaving(): IterableIterator<Entry> {
    for (const [key, before] of this.#dirty) {
      if (before !== undefined && !this.#wanted.has(key)) yield before;
    }
  }

  /** Wanted entries that the kernel is believed not to hold under any form. */
  *missing(): IterableIterator<Entry> {
    for (const [key, before] of this.#dirty) {
      const wanted = this.#wanted.get(key);
      if (before === undefined && wanted !== undefined) yield wanted;
    }
  }

  #claim(key: string): Entry | undefined {
    const entry = this.#unclaimed?.get(key);
    if (entry !== undefined) this.#unclaimed?.delete(key);
    return entry;
  }

  /** A key that comes back to what the kernel holds needs no write. */
  #settle(key: string, entry: Entry): void {
    const before = this.#dirty.get(key);
    if (before !== undefined && this.table.equals(before, entry)) this.#dirty.delete(key);
  }

  #compareWanted(
    actual: ReadonlyMap<string, Entry>,
    pending: ReadonlyMap<string, Entry | undefined>,
  ): { missing: string[]; different: string[] } {
    const missing: string[] = [];
    const different: string[] = [];
    for (const [key, entry] of this.#wanted) {
      const held = actual.get(key);
      if (held !== undefined && this.table.equals(held, entry)) continue;
      this.#dirty.set(key, held);
      if (!pending.has(key)) (held === undefined ? missing : different).push(key);
    }
    return { missing, different };
  }

  #compareExtra(
    actual: ReadonlyMap<string, Entry>,
    pending: ReadonlyMap<string, Entry | undefined>,
  ): Entry[] {
    const extra: Entry[] = [];
    for (const [key, entry] of actual) {
      if (this.#wanted.has(key)) continue;
      if (pending.has(key)) this.#dirty.set(key, entry);
      else extra.push(entry);
    }
    return extra;
  }
}
