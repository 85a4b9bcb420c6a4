import type { KubeObject } from './object.ts';
import { tooOld } from './status.ts';

/** One thing that happened to the store. */
export interface Change {
  readonly revision: number;
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED';
  /** See `ResourceType.storage`. */
  readonly storage: string;
  /** The object afterwards; of a deletion the last state, with the revision of the deletion. */
  readonly object: KubeObject;
  /** The object before. */
  readonly previous?: KubeObject;
}

/** What happened, in order, as far back as it has not been compacted. */
export class History {
  readonly #limit: number;
  #changes: Change[] = [];
  #compacted: number;

  /** @param start the revision before the first change
   * @param limit how many changes are kept before the oldest are compacted */
  constructor(start: number, limit: number) {
    this.#compacted = start;
    this.#limit = limit;
  }

  /** The oldest revision from which a watch can go on. */
  get oldest(): number {
    return this.#compacted;
  }

  /** Adds the newest change. */
  append(change: Change): void {
    this.#changes.push(change);
    // Dropping in batches keeps the cost of an append constant.
    if (this.#changes.length > this.#limit * 1.25 + 16) {
      const last = this.#changes[this.#changes.length - this.#limit - 1];
      if (last) this.compact(last.revision);
    }
  }

  /** The changes behind a revision, oldest first. Throws 410 where some of them are gone. */
  since(revision: number): readonly Change[] {
    if (revision < this.#compacted) throw tooOld(revision, this.#compacted);
    return this.#changes.slice(this.#indexBehind(revision));
  }

  /** Forgets the changes up to and including a revision. */
  compact(revision: number): void {
    if (revision <= this.#compacted) return;
    this.#changes = this.#changes.slice(this.#indexBehind(revision));
    this.#compacted = revision;
  }

  /** Takes back the changes behind a revision, as restoring a backup does, and returns them newest first. */
  truncate(revision: number): readonly Change[] {
    const undone = this.since(revision);
    this.#changes.length -= undone.length;
    return undone.toReversed();
  }

  #indexBehind(revision: number): number {
    let low = 0;
    let high = this.#changes.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#changes[middle]?.revision ?? 0) <= revision) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
