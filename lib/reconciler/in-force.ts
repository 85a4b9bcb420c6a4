import type { Keyed } from '../model/keyed.ts';
import type { PlannedVirtualServer, ServicePlan } from '../model/plan.ts';
import type { TableLedgers } from './ledger.ts';
import type { TableName } from './table-name.ts';

/**
 * Tells whether what a plan wants is in the kernel: every entry of it, and no real server that it no longer wants but for
 * those that only wait for their connections to end. Entries of other services do not count, nor does a set entry that
 * could not be removed: packets do not go wrong by it. Where another service has a virtual server in its place, that counts.
 *
 * @param isDue whether a key of a table is yet to be written
 */
export function inForce(
  { realServers }: TableLedgers,
  isDue: (table: TableName, key: string) => boolean,
): (plan: ServicePlan) => boolean {
  const overdue = new Set<string>();
  for (const { key, virtualServer } of realServers.leaving()) {
    if (isDue('realServers', key)) overdue.add(virtualServer.key);
  }
  const all = (table: TableName, entries: readonly Keyed[]): boolean =>
    entries.every(({ key }) => !isDue(table, key));
  const served = ({ server, realServers: own, setEntries = [] }: PlannedVirtualServer): boolean =>
    !overdue.has(server.key) &&
    !isDue('virtualServers', server.key) &&
    all('realServers', own) &&
    all('setEntries', setEntries);
  return ({ virtualServers, setEntries, addresses }) =>
    all('setEntries', setEntries) && virtualServers.every(served) && all('addresses', addresses);
}
