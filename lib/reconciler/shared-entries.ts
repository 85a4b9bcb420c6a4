import type { Keyed } from '../model/keyed.ts';
import type { EntryLedger } from './entry-ledger.ts';

/**
 * The entries of a table that several services may want at once: equal keys are the same entry, and it is wanted as
 * long as one of them wants it. A count is kept only where there is more than one owner.
 */
export class SharedEntries<Entry extends Keyed> {
  readonly #ledger: EntryLedger<Entry>;
  readonly #owners = new Map<string, number>();

  constructor(ledger: EntryLedger<Entry>) {
    this.#ledger = ledger;
  }

  /** One owner gives up `old` and takes `next`. What is in both is not touched. */
  replace(old: readonly Entry[], next: readonly Entry[]): void {
    const same = commonPrefix(old, next);
    for (let index = same; index < next.length; index += 1) {
      const entry = next[index];
      if (entry !== undefined) this.#acquire(entry);
    }
    for (let index = same; index < old.length; index += 1) {
      const entry = old[index];
      if (entry !== undefined) this.#release(entry.key);
    }
  }

  #acquire(entry: Entry): void {
    const { key } = entry;
    if (!this.#ledger.add(entry)) this.#owners.set(key, (this.#owners.get(key) ?? 1) + 1);
  }

  #release(key: string): void {
    const owners = this.#owners.get(key);
    if (owners === undefined) this.#ledger.remove(key);
    else if (owners === 2) this.#owners.delete(key);
    else this.#owners.set(key, owners - 1);
  }
}

/** How many entries at the start of both lists have the same keys. */
export function commonPrefix(a: readonly Keyed[], b: readonly Keyed[]): number {
  const length = Math.min(a.length, b.length);
  let same = 0;
  while (same < length && a[same]?.key === b[same]?.key) same += 1;
  return same;
}
