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

/** What a table was read to hold, and how that differs from what it was believed to hold. */
export interface ReadBack<Entry extends Keyed> extends Drift<Entry> {
  /** Empty for real servers, which are never held as a whole. */
  readonly actual: ReadonlyMap<string, Entry>;
}

/** What must be written to make the kernel hold what is wanted, in the order in which it was wanted. */
export interface Pending<Entry extends Keyed> {
  readonly upserts: Change<Entry>[];
  readonly removals: Change<Entry>[];
}

/** How a table that is being read differs from what is wanted. */
export class Differences<Entry extends Keyed> {
  readonly missing: string[] = [];
  readonly different: string[] = [];
  readonly extra: Entry[] = [];
  /** What is to be written. */
  readonly dirty = new Map<string, Change<Entry>>();
}

/**
 * One table's wanted entries, and the keys where the kernel is believed to hold something else. For every other wanted
 * key the kernel is believed to hold exactly what is wanted, so that no second copy of the table is kept. How the wanted
 * entries themselves are kept is the business of its two kinds.
 */
export abstract class TableLedger<Entry extends Keyed> {
  readonly table: Table<Entry>;
  /** False until the table has been read, and after a write whose outcome is not known: read before the next write. */
  known = false;

  /**
   * By key what the kernel is believed to hold and what is wanted, where these differ. A change is never altered, only
   * replaced, for those who collected it hold on to it.
   */
  #dirty = new Map<string, Change<Entry>>();
  /** Keys that were last read to be extra, and nothing has been written under since. */
  readonly #extra = new Set<string>();
  /** Keys that were last read to be extra, and have been written since: what was read of them counts no longer. */
  readonly #outdated = new Set<string>();
  /** What the kernel held when the table was adopted, less what has been wanted or discarded since. */
  #unclaimed: Map<string, Entry> | undefined;

  constructor(table: Table<Entry>) {
    this.table = table;
  }

  /** Number of entries that are wanted. */
  abstract get size(): number;

  /** Every entry that is wanted. */
  abstract entries(): IterableIterator<Entry>;

  /** The wanted entry of a key, as it is kept. */
  protected abstract kept(key: string): Entry | undefined;

  /** Number of keys that wait to be written. */
  get pending(): number {
    return this.#dirty.size;
  }

  wanted(key: string): Entry | undefined {
    const change = this.#dirty.get(key);
    return change === undefined ? this.kept(key) : change.after;
  }

  isDirty(key: string): boolean {
    return this.#dirty.has(key);
  }

  /** What the kernel is believed to hold under a key that is, or was, wanted. */
  believed(key: string): Entry | undefined {
    const change = this.#dirty.get(key);
    return change === undefined ? this.kept(key) : change.before;
  }

  /** The kernel now holds `after` under the key, or nothing. */
  written(key: string, after: Entry | undefined): void {
    if (this.#extra.delete(key)) this.#outdated.add(key);
    const wanted = this.wanted(key);
    if (after === wanted) this.#dirty.delete(key);
    else this.#note(key, after, wanted);
  }

  /** The kernel is known to hold nothing under the key. */
  absent(key: string): void {
    if (this.#extra.delete(key)) this.#outdated.add(key);
    const wanted = this.wanted(key);
    if (wanted === undefined) this.#dirty.delete(key);
    else this.#note(key, undefined, wanted);
  }

  /**
   * The entry was read, is ours and is not wanted: it is removed with the next transaction. Returns false where it has
   * come to be wanted since, has been written, or waits for its removal already.
   */
  discard(entry: Entry): boolean {
    const { key } = entry;
    if (this.#dirty.has(key) || this.kept(key) !== undefined || this.#outdated.has(key)) return false;
    this.#unclaimed?.delete(key);
    this.#note(key, entry, undefined);
    return true;
  }

  /** Takes the table as it was read before anything is wanted: an entry that is there already needs no write. */
  adopt(actual: ReadonlyMap<string, Entry>): void {
    this.#unclaimed = actual.size === 0 ? undefined : new Map(actual);
    this.known = true;
  }

  /** What is in the kernel, is not wanted, and of which it has not been decided whether it is ours. */
  unclaimed(): Iterable<Entry> {
    return this.#unclaimed?.values() ?? [];
  }

  /** What was there at adoption and has not been wanted since. Given once; from then on it is forgotten. */
  takeUnclaimed(): readonly Entry[] {
    const left = this.#unclaimed;
    this.#unclaimed = undefined;
    return left === undefined ? [] : [...left.values()];
  }

  /** Sets every belief right by what was read just now, with no write between. */
  compare(actual: ReadonlyMap<string, Entry>): Drift<Entry> {
    const differences = new Differences<Entry>();
    this.find(differences, this.entries(), actual);
    return this.believe(differences);
  }

  /** Reads the table and sets every belief right. Rejects with what the table rejects with, and then changes nothing. */
  async readBack(): Promise<ReadBack<Entry>> {
    const actual = await this.table.read();
    return { actual, ...this.compare(actual) };
  }

  /** The writes that are due, without those that `waits` says are to be left for later. */
  collect(waits?: (key: string, after: Entry | undefined) => boolean): Pending<Entry> {
    const upserts: Change<Entry>[] = [];
    const removals: Change<Entry>[] = [];
    this.#dirty.forEach((change, key) => {
      const { before, after } = change;
      if (before === undefined && after === undefined) return;
      if (waits?.(key, after) === true) return;
      (after === undefined ? removals : upserts).push(change);
    });
    return { upserts, removals };
  }

  /** Keys that are in the kernel and wait to be removed, as the kernel is believed to hold them. */
  *leaving(): IterableIterator<Entry> {
    for (const { before, after } of this.#dirty.values()) {
      if (before !== undefined && after === undefined) yield before;
    }
  }

  /** Wanted entries that the kernel is believed not to hold under any form. */
  *missing(): IterableIterator<Entry> {
    for (const { before, after } of this.#dirty.values()) {
      if (before === undefined && after !== undefined) yield after;
    }
  }

  /** Whether it is still at hand what the kernel held and nobody has wanted since. */
  protected get hasUnclaimed(): boolean {
    return this.#unclaimed !== undefined;
  }

  /** Adds how some wanted entries differ from all that is read of their kind. Changes no belief. */
  protected find(
    differences: Differences<Entry>,
    wanted: Iterable<Entry>,
    actual: ReadonlyMap<string, Entry>,
  ): void {
    let found = 0;
    for (const entry of wanted) {
      const { key } = entry;
      const held = actual.get(key);
      if (held !== undefined) found += 1;
      if (held !== undefined && this.table.equals(held, entry)) continue;
      differences.dirty.set(key, { key, before: held, after: entry });
      if (this.#dirty.has(key)) continue;
      (held === undefined ? differences.missing : differences.different).push(key);
    }
    if (found < actual.size) this.#findExtra(differences, actual);
  }

  /** Takes everything that was found for what is. */
  protected believe({ dirty, missing, different, extra }: Differences<Entry>): Drift<Entry> {
    this.#dirty = dirty;
    this.known = true;
    this.#extra.clear();
    this.#outdated.clear();
    this.#noteExtra(extra);
    return { missing, different, extra };
  }

  /** Takes what was found of some keys for what is, and leaves what is believed of the others. */
  protected believePart(found: Differences<Entry>, isPart: (key: string) => boolean): Drift<Entry> {
    const { dirty, missing, different, extra } = found;
    for (const key of this.#dirty.keys()) {
      if (!dirty.has(key) && isPart(key)) this.#dirty.delete(key);
    }
    for (const [key, change] of dirty) this.#dirty.set(key, change);
    this.#noteExtra(extra);
    return { missing, different, extra };
  }

  /** From now on these are unclaimed, and no others. */
  protected leaveUnclaimed(entries: readonly Entry[]): void {
    this.#unclaimed = new Map(entries.map((entry) => [entry.key, entry]));
  }

  /** Under a key `after` is wanted from now on, no longer `before`. */
  protected turn(key: string, before: Entry | undefined, after: Entry | undefined): void {
    const change = this.#dirty.get(key);
    const held = change === undefined ? (before ?? this.#claim(key)) : change.before;
    if (this.#needsWrite(held, after)) this.#note(key, held, after);
    else if (change !== undefined) this.#dirty.delete(key);
  }

  /** Whatever the kernel holds under a key is left alone. */
  protected leave(key: string): void {
    this.#dirty.delete(key);
  }

  /** While the table is not known, even what is believed not to be there has to be looked after. */
  #needsWrite(held: Entry | undefined, wanted: Entry | undefined): boolean {
    if (held === undefined) return wanted !== undefined || !this.known;
    return wanted === undefined || !this.table.equals(held, wanted);
  }

  #note(key: string, before: Entry | undefined, after: Entry | undefined): void {
    this.#dirty.set(key, { key, before, after });
  }

  #noteExtra(extra: readonly Entry[]): void {
    for (const { key } of extra) {
      this.#extra.add(key);
      this.#outdated.delete(key);
    }
  }

  #claim(key: string): Entry | undefined {
    const entry = this.#unclaimed?.get(key);
    if (entry !== undefined) this.#unclaimed?.delete(key);
    return entry;
  }

  #findExtra({ dirty, extra }: Differences<Entry>, actual: ReadonlyMap<string, Entry>): void {
    for (const [key, entry] of actual) {
      if (this.kept(key) !== undefined) continue;
      if (this.#dirty.has(key)) dirty.set(key, { key, before: entry, after: undefined });
      else extra.push(entry);
    }
  }
}
