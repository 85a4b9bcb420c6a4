import type { Keyed } from '../model/keyed.ts';

/** One entry that should become another. Without `before` it is made, without `after` removed, with both changed. */
export interface Change<Entry extends Keyed> {
  readonly key: string;
  /** What the kernel is believed to hold. A belief that turns out wrong is corrected by the table, not reported. */
  readonly before: Entry | undefined;
  /** What the kernel should hold. */
  readonly after: Entry | undefined;
}

/** Why the kernel refused one entry. */
export interface Refusal {
  /** Symbolic errno (`ENOENT`, `EPERM`, …), or a code of this project's own for what is no errno. */
  readonly code: string;
  /** What was tried, in words: `add real server`. */
  readonly operation: string;
  /** One sentence for a person: what was expected, what came, what to do; with the kernel's own text where it gave one. */
  readonly message: string;
}

/** The outcome of a batch: the refused keys. Every other key of the batch now is as `after` said. */
export type Refusals = ReadonlyMap<string, Refusal>;

/**
 * One piece of kernel state. The reconciler knows only this shape; each table and the fake of it implement it.
 *
 * - `read` gives everything that the kernel holds of this kind, foreign entries included, by key. A thing that does not
 *   exist (no such device, no such set) reads as empty. It rejects with a `TableError` only when the state cannot be known.
 * - `apply` brings every change about that can be brought about and reports the rest; one refused entry never keeps
 *   another from being written. Making what exists or removing what is gone is a success. It rejects with a `TableError`
 *   only when it cannot be known what the kernel holds now (a lost reply, no permission): the table must be read again.
 * - `equals` says whether the kernel needs no write to get from one entry to the other; the keys are already known equal.
 */
export interface Table<Entry extends Keyed> {
  /** Plural noun for logs and metrics: `virtual-servers`. */
  readonly name: string;
  read(): Promise<ReadonlyMap<string, Entry>>;
  apply(changes: readonly Change<Entry>[]): Promise<Refusals>;
  equals(a: Entry, b: Entry): boolean;
}

/** A table that could not be read, or whose state is not known after a write. */
export class TableError extends Error {
  override readonly name = 'TableError';
  readonly table: string;
  /** Symbolic errno or a code of this project's own. */
  readonly code: string;

  /** @param message what was expected, what came and what to do, in one sentence */
  constructor(table: string, code: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.table = table;
    this.code = code;
  }
}
