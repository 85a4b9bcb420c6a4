import type { FakeKernel } from '../../../lib/kernel/fake-kernel.ts';
import type { KernelTables } from '../../../lib/kernel/kernel-tables.ts';
import { type Change, type Refusals, type Table, TableError } from '../../../lib/kernel/table.ts';
import type { Keyed } from '../../../lib/model/keyed.ts';
import type { TableName } from '../../../lib/reconciler/table-name.ts';
import { tablesThrough } from '../../tables-through.ts';

/** What lies between a process and the kernel: it notes what passes, loses replies on demand, and can be cut. */
export class Wire {
  /** What was written, one line a change: `+ addresses 10.0.0.1`, `- …`, `~ …` for a change of what was there. */
  readonly written: string[] = [];
  /** Tables whose next write is done but whose reply is lost. */
  readonly lossy = new Set<TableName>();
  /** Writes that still go through; from then on none does, as for a process that was killed. */
  writesLeft = Infinity;
  readonly tables: KernelTables;

  constructor(kernel: FakeKernel) {
    this.tables = tablesThrough(kernel, (name, table) => this.#through(name, table));
  }

  #through<Entry extends Keyed>(name: TableName, table: Table<Entry>): Table<Entry> {
    return {
      name: table.name,
      read: () => table.read(),
      equals: (a, b) => table.equals(a, b),
      apply: (changes) => this.#apply(name, table, changes),
    };
  }

  async #apply<Entry extends Keyed>(
    name: TableName,
    table: Table<Entry>,
    changes: readonly Change<Entry>[],
  ): Promise<Refusals> {
    if (this.writesLeft <= 0) throw new TableError(name, 'EBADF', 'the process is dead');
    this.writesLeft -= 1;
    const refusals = await table.apply(changes);
    for (const change of changes) {
      if (!refusals.has(change.key)) this.written.push(`${signOf(change)} ${name} ${change.key}`);
    }
    if (this.lossy.delete(name)) throw new TableError(name, 'ENOBUFS', 'the reply was lost');
    return refusals;
  }
}

function signOf({ before, after }: Change<Keyed>): string {
  if (after === undefined) return '-';
  return before === undefined ? '+' : '~';
}
