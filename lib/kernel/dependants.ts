import type { Keyed } from '../model/keyed.ts';

/**
 * Which entries of a table in memory need which entry of another. It is found out when it is first asked for and kept
 * right from then on: filling a table, as a cold sync does, costs nothing for it.
 */
export class Dependants<Entry extends Keyed> {
  readonly #entries: ReadonlyMap<string, Entry>;
  readonly #parentOf: (entry: Entry) => string;
  #index: Map<string, Set<string>> | undefined;

  /** @param entries the table's, as they are at any time */
  constructor(entries: ReadonlyMap<string, Entry>, parentOf: (entry: Entry) => string) {
    this.#entries = entries;
    this.#parentOf = parentOf;
  }

  /** The keys of the entries that need the one of this key. */
  of(parent: string): readonly string[] {
    this.#index ??= this.#made();
    return [...(this.#index.get(parent) ?? [])];
  }

  /** To be told of every entry that is written. What it needs is told by its key: no other of that key needs another. */
  wrote(entry: Entry): void {
    if (this.#index !== undefined) this.#add(this.#index, entry);
  }

  /** To be told of every entry that is removed. */
  removed(entry: Entry): void {
    if (this.#index !== undefined) this.#remove(this.#index, entry);
  }

  #made(): Map<string, Set<string>> {
    const index = new Map<string, Set<string>>();
    for (const entry of this.#entries.values()) this.#add(index, entry);
    return index;
  }

  #add(index: Map<string, Set<string>>, entry: Entry): void {
    const parent = this.#parentOf(entry);
    const keys = index.get(parent);
    if (keys === undefined) index.set(parent, new Set([entry.key]));
    else keys.add(entry.key);
  }

  #remove(index: Map<string, Set<string>>, entry: Entry): void {
    const parent = this.#parentOf(entry);
    const keys = index.get(parent);
    keys?.delete(entry.key);
    if (keys?.size === 0) index.delete(parent);
  }
}
