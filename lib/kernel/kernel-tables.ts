import type { BoundAddress } from '../model/bound-address.ts';
import type { FirewallProgram } from '../model/firewall-program.ts';
import type { IpSet, SetEntry } from '../model/ip-set.ts';
import type { Sysctl } from '../model/sysctl.ts';
import type { VirtualServer } from '../model/virtual-server.ts';
import type { RealServerTable } from './real-server-table.ts';
import type { Table } from './table.ts';

/**
 * Every table of a node, in the order in which upserts are written, so that no packet meets a half-built service.
 * Removals go the other way round.
 */
export interface KernelTables {
  readonly sysctls: Table<Sysctl>;
  readonly sets: Table<IpSet>;
  readonly firewall: Table<FirewallProgram>;
  readonly setEntries: Table<SetEntry>;
  readonly virtualServers: Table<VirtualServer>;
  readonly realServers: RealServerTable;
  readonly addresses: Table<BoundAddress>;
}
