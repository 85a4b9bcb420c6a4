import type { KernelTables } from '../../lib/kernel/kernel-tables.ts';
import type { Keyed } from '../../lib/model/keyed.ts';
import { type TableName, upsertOrder } from '../../lib/reconciler/table-name.ts';

/** What every table of a kernel holds, by table and key. */
export type Contents = ReadonlyMap<TableName, ReadonlyMap<string, Keyed>>;

/** Compares two entries of one key. */
export type Same = (table: TableName, a: Keyed, b: Keyed) => boolean;

/** Reads every table. */
export async function contentsOf(kernel: KernelTables): Promise<Contents> {
  const contents = new Map<TableName, ReadonlyMap<string, Keyed>>();
  for (const name of upsertOrder) contents.set(name, await kernel[name].read());
  return contents;
}

/** Whether two entries are alike in everything that can be seen of them. */
export const sameText: Same = (_table, a, b) => textOf(a) === textOf(b);

/** One entry that is only in one of two contents. */
export interface Difference {
  readonly key: string;
  /** `- table key entry` for what should be there, `+ …` for what is there instead. */
  readonly line: string;
}

/** How the second differs from the first. */
export function differences(expected: Contents, actual: Contents, same: Same): Difference[] {
  return upsertOrder.flatMap((name) => {
    const [first = nothing, second = nothing] = [expected.get(name), actual.get(name)];
    const lines = (sign: string, of: typeof nothing, other: typeof nothing): Difference[] =>
      [...of]
        .filter(([key, entry]) => !isSame(entry, other.get(key), name, same))
        .map(([key, entry]) => ({ key, line: `${sign} ${name} ${key} ${textOf(entry).slice(0, 200)}` }));
    return [...lines('-', first, second), ...lines('+', second, first)];
  });
}

const nothing: ReadonlyMap<string, Keyed> = new Map();

function isSame(a: Keyed, b: Keyed | undefined, name: TableName, same: Same): boolean {
  return b !== undefined && same(name, a, b);
}

/** Of its virtual server a real server knows only the key, which its own begins with. */
function textOf(entry: Keyed): string {
  return JSON.stringify({ ...entry, key: undefined, virtualServer: undefined }, ordered);
}

function ordered(_name: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
}
