import type { Keyed } from '../model/keyed.ts';
import type { ServiceKey } from '../model/service.ts';
import type { Ledger } from './ledger.ts';
import { isMissing } from './order.ts';
import { Programmer, type ProgrammerOptions } from './programmer.ts';
import { total } from './sync-tally.ts';
import type { TableLedger } from './table-ledger.ts';
import { upsertOrder } from './table-name.ts';

/** What became of services that were to be programmed before all others. */
export interface FirstReport {
  /** Writes that are in force now. */
  readonly writes: number;
  /** What was refused or failed: the start that follows tries it again. */
  readonly shortfall: number;
}

/**
 * Brings services into the kernel before it is known which others there are, in the order of every transaction: a cold
 * node has them while the rest is still being read. Only where this adds to what the kernel holds: nothing is removed,
 * and nothing that is there becomes another, but for the sysctls. The start that follows reads the kernel anew and finds
 * it right.
 *
 * @returns undefined where one of these services is in the kernel already, or the kernel holds something that would have
 *   to become another: then nothing was written, and all of it is left to the start
 * @throws TableError where a table cannot be read
 */
export async function programFirst(
  options: ProgrammerOptions,
  services: readonly ServiceKey[],
): Promise<FirstReport | undefined> {
  const programmer = new Programmer(options);
  const { ledger } = programmer;
  ledger.setBase(options.base);
  programmer.plan(services);
  // The kernel of a node that serves already is large: it is not read as a whole for this.
  if (isServed(options, ledger)) return undefined;
  for (const name of upsertOrder) await ledger.readBack(name);
  if (!onlyAdds(ledger)) return undefined;
  const { writes, refused, held, failed } = await programmer.write(1);
  return { writes: total(writes), shortfall: refused.length + held.length + failed.length };
}

function isServed({ tables }: ProgrammerOptions, ledger: Ledger): boolean {
  for (const server of ledger.tables.virtualServers.entries()) {
    if (tables.realServers.readUse(server).length > 0) return true;
  }
  return false;
}

function onlyAdds({ tables }: Ledger): boolean {
  const { virtualServers } = tables;
  for (const { key } of virtualServers.entries()) {
    if (!isMissing(virtualServers, key)) return false;
  }
  return upsertOrder.every((name) => name === 'sysctls' || isAddition(tables[name]));
}

function isAddition(ledger: TableLedger<Keyed>): boolean {
  const { upserts, removals } = ledger.collect();
  return removals.length === 0 && upserts.every(({ before }) => before === undefined);
}
