import type { KernelTables } from '../lib/kernel/kernel-tables.ts';
import type { Table } from '../lib/kernel/table.ts';
import type { Keyed } from '../lib/model/keyed.ts';
import type { TableName } from '../lib/reconciler/table-name.ts';

/** The tables of a kernel, each seen through something. Real servers are looked up by their use directly. */
export function tablesThrough(
  kernel: KernelTables,
  through: <Entry extends Keyed>(name: TableName, table: Table<Entry>) => Table<Entry>,
): KernelTables {
  return {
    sysctls: through('sysctls', kernel.sysctls),
    sets: through('sets', kernel.sets),
    firewall: through('firewall', kernel.firewall),
    setEntries: through('setEntries', kernel.setEntries),
    virtualServers: through('virtualServers', kernel.virtualServers),
    realServers: {
      ...through('realServers', kernel.realServers),
      readUse: (virtualServer) => kernel.realServers.readUse(virtualServer),
    },
    addresses: through('addresses', kernel.addresses),
  };
}
