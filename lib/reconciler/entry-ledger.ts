import type { Keyed } from '../model/keyed.ts';
import { TableLedger } from './table-ledger.ts';

/** The ledger of a table whose entries are wanted one by one. */
export class EntryLedger<Entry extends Keyed> extends TableLedger<Entry> {
  readonly #wanted = new Map<string, Entry>();

  override get size(): number {
    return this.#wanted.size;
  }

  override entries(): IterableIterator<Entry> {
    return this.#wanted.values();
  }

  /** The entry is wanted from now on, in the place of any other of its key. */
  put(entry: Entry): void {
    const { key } = entry;
    const before = this.#wanted.get(key);
    if (before === entry) return;
    this.#wanted.set(key, entry);
    this.turn(key, before, entry);
  }

  /** The entry is wanted from now on, unless one of its key is already: then nothing changes, and it returns false. */
  add(entry: Entry): boolean {
    const { key } = entry;
    if (this.#wanted.has(key)) return false;
    this.#wanted.set(key, entry);
    this.turn(key, undefined, entry);
    return true;
  }

  /** The key is wanted no longer. */
  remove(key: string): void {
    const before = this.#wanted.get(key);
    if (before === undefined) return;
    this.#wanted.delete(key);
    this.turn(key, before, undefined);
  }

  /** The key is wanted no longer and whatever the kernel holds under it is left alone. */
  forget(key: string): void {
    this.#wanted.delete(key);
    this.leave(key);
  }

  protected override kept(key: string): Entry | undefined {
    return this.#wanted.get(key);
  }
}
