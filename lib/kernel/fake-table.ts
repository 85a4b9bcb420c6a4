import type { Keyed } from '../model/keyed.ts';
import { type Change, type Refusal, type Refusals, type Table, type TableError } from './table.ts';

/** What makes one fake table unlike another. */
export interface FakeTableOptions<Entry extends Keyed> {
  /** See `Table.equals`. */
  readonly equals: (a: Entry, b: Entry) => boolean;
  /** What the kernel would say to this entry; `undefined` to take it. */
  readonly admit?: (entry: Entry) => Refusal | undefined;
  /** Called behind every write of an entry, be it there before or not. */
  readonly wrote?: (entry: Entry) => void;
  /** Called behind every removal of an entry that was there. */
  readonly removed?: (entry: Entry) => void;
}

/**
 * A kernel table in memory, for tests, for `diff` without root and for the in-memory benchmark. It keeps the contract of
 * `Table`; what a kernel does wrong can be asked for by `refuse` and `fail…`.
 */
export class FakeTable<Entry extends Keyed> implements Table<Entry> {
  readonly name: string;
  /** What the kernel holds, to look at. Change it through `load` and `unload`, which keep dependent tables right. */
  readonly entries = new Map<string, Entry>();
  /** Changes that were taken, those included that changed nothing. */
  writes = 0;
  /** Calls of `apply` that did not fail as a whole. */
  applies = 0;
  /** Calls of `read` that did not fail. */
  reads = 0;
  readonly #options: FakeTableOptions<Entry>;
  readonly #refused = new Map<string, Refusal>();
  #readFailure: TableError | undefined;
  #applyFailure: TableError | undefined;

  constructor(name: string, options: FakeTableOptions<Entry>) {
    this.name = name;
    this.#options = options;
  }

  read(): Promise<ReadonlyMap<string, Entry>> {
    if (this.#readFailure !== undefined) return Promise.reject(this.#readFailure);
    this.reads += 1;
    return Promise.resolve(new Map(this.entries));
  }

  apply(changes: readonly Change<Entry>[]): Promise<Refusals> {
    if (this.#applyFailure !== undefined) return Promise.reject(this.#applyFailure);
    this.applies += 1;
    const refusals = new Map<string, Refusal>();
    for (const { key, after } of changes) {
      const refusal = this.#refused.get(key) ?? (after && this.#options.admit?.(after));
      if (refusal === undefined) this.#write(key, after);
      else refusals.set(key, refusal);
    }
    return Promise.resolve(refusals);
  }

  equals(a: Entry, b: Entry): boolean {
    return this.#options.equals(a, b);
  }

  /** Puts entries in as another program on the node would: nothing is counted and nothing refused. */
  load(entries: Iterable<Entry>): void {
    for (const entry of entries) this.#put(entry.key, entry);
  }

  /** Takes entries away as another program would. */
  unload(keys: Iterable<string>): void {
    for (const key of keys) this.#put(key, undefined);
  }

  /** What `failRead` asked for. */
  protected get readFailure(): TableError | undefined {
    return this.#readFailure;
  }

  /** From now on every change of this key is refused. */
  refuse(key: string, refusal: Partial<Refusal> = {}): void {
    const code = refusal.code ?? 'EINVAL';
    const operation = refusal.operation ?? `write ${this.name}`;
    this.#refused.set(key, { code, operation, message: refusal.message ?? `${key} is refused` });
  }

  /** Takes changes of this key again. */
  accept(key: string): void {
    this.#refused.delete(key);
  }

  /** Makes every `read` fail until it is called with `undefined`. */
  failRead(error: TableError | undefined): void {
    this.#readFailure = error;
  }

  /** Makes every `apply` fail, with nothing written, until it is called with `undefined`. */
  failApply(error: TableError | undefined): void {
    this.#applyFailure = error;
  }

  /** Sets the counters to zero. */
  resetCounts(): void {
    this.writes = 0;
    this.applies = 0;
    this.reads = 0;
  }

  #write(key: string, after: Entry | undefined): void {
    this.writes += 1;
    this.#put(key, after);
  }

  #put(key: string, after: Entry | undefined): void {
    if (after !== undefined) {
      this.entries.set(key, after);
      this.#options.wrote?.(after);
      return;
    }
    const before = this.entries.get(key);
    if (before === undefined) return;
    this.entries.delete(key);
    this.#options.removed?.(before);
  }
}
