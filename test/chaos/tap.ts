import type { KernelTables } from '../../lib/kernel/kernel-tables.ts';
import { type Change, type Refusals, type Table, TableError } from '../../lib/kernel/table.ts';
import type { Keyed } from '../../lib/model/keyed.ts';
import type { TableName } from '../../lib/reconciler/table-name.ts';
import { tablesThrough } from '../tables-through.ts';

/** What a tap asks before it lets a change through, and tells behind it. */
export interface TapWitness {
  /** Looks at the changes that a controller is about to write. */
  writing(table: TableName, changes: readonly Change<Keyed>[]): void;
  /** Counts the changes that were taken. */
  written(count: number): void;
}

/**
 * What lies between one life of a controller and the kernel: everything that is written passes a witness, the kernel
 * refuses what it is told to, fails, loses replies, and ends hearing a controller that was killed.
 */
export class Tap {
  readonly tables: KernelTables;
  readonly #witness: TapWitness;
  readonly #troubles: KernelTroubles;
  /** Calls that still go through; from then on none does, as for a process that was killed. */
  #callsLeft = Infinity;

  constructor(kernel: KernelTables, troubles: KernelTroubles, witness: TapWitness) {
    this.#witness = witness;
    this.#troubles = troubles;
    this.tables = tablesThrough(kernel, (name, table) => this.#through(name, table));
  }

  /** Lets so many more writes through and then none. */
  kill(calls: number): void {
    this.#callsLeft = calls;
  }

  #through<Entry extends Keyed>(name: TableName, table: Table<Entry>): Table<Entry> {
    return {
      name: table.name,
      read: async () => {
        if (this.#troubles.unreadable.has(name))
          throw new TableError(name, 'EPERM', 'expected to read, may not');
        return table.read();
      },
      equals: (a, b) => table.equals(a, b),
      apply: (changes) => this.#apply(name, table, changes),
    };
  }

  async #apply<Entry extends Keyed>(
    name: TableName,
    table: Table<Entry>,
    changes: readonly Change<Entry>[],
  ): Promise<Refusals> {
    if (this.#callsLeft <= 0) throw new TableError(name, 'EBADF', 'the process is dead');
    this.#callsLeft -= 1;
    if (this.#troubles.unwritable.has(name)) throw new TableError(name, 'ENOBUFS', 'nothing was written');
    const taken = changes.filter(({ key }) => !this.#troubles.refuses(name, key));
    this.#witness.writing(name, taken);
    const refusals = new Map(await table.apply(taken));
    this.#witness.written(taken.length - refusals.size);
    for (const change of changes) {
      if (taken.includes(change)) continue;
      refusals.set(change.key, { code: 'EINVAL', operation: `write ${name}`, message: 'it is refused' });
    }
    if (this.#troubles.lossy.delete(name)) throw new TableError(name, 'ENOBUFS', 'the reply was lost');
    return refusals;
  }
}

/** What the kernel does wrong now, to whatever controller lives. */
export class KernelTroubles {
  /** Tables that cannot be read. */
  readonly unreadable = new Set<TableName>();
  /** Tables that take nothing. */
  readonly unwritable = new Set<TableName>();
  /** Tables whose next write is done but whose reply is lost. */
  readonly lossy = new Set<TableName>();
  readonly #refused = new Set<string>();

  /** From now on changes of a key are refused. */
  refuse(table: TableName, key: string): void {
    this.#refused.add(`${table} ${key}`);
  }

  refuses(table: TableName, key: string): boolean {
    return this.#refused.has(`${table} ${key}`);
  }

  /** Everything is well again. */
  heal(): void {
    this.unreadable.clear();
    this.unwritable.clear();
    this.lossy.clear();
    this.#refused.clear();
  }
}
