import { fakeKernel } from '../../lib/kernel/fake-kernel.ts';
import type { KernelTables } from '../../lib/kernel/kernel-tables.ts';
import type { Keyed } from '../../lib/model/keyed.ts';
import type { PlannerOptions } from '../../lib/model/planner-options.ts';
import type { TableName } from '../../lib/reconciler/table-name.ts';
import { plannerOptions } from '../unit/fixtures.ts';

/** A kernel that chaos can be made in. */
export interface ChaosKernel {
  readonly tables: KernelTables;
  /** What is planned for it. */
  readonly planner: PlannerOptions;
  /** How many times as fast a controller may run that works on it. */
  readonly haste: number;
  /** What it holds, where that can be told at once; `false` where it cannot. */
  readonly held: (table: TableName, key: string) => Keyed | undefined | false;
  /** Gives a real server that is there connections, or ends those that it has. */
  readonly connect?: (key: string, connections: number) => void;
  /** Ends every connection. */
  readonly disconnectAll?: () => void;
  /** Takes everything out of it, what is foreign included. Without it another kernel is as good. */
  readonly clear?: () => Promise<void>;
}

/** One in memory. */
export function fakeChaosKernel(): ChaosKernel {
  const tables = fakeKernel();
  return {
    tables,
    planner: plannerOptions(),
    haste: 100,
    held: (table, key) => tables[table].entries.get(key),
    connect: (key, connections) => {
      tables.realServers.connect(key, connections);
    },
    disconnectAll: () => {
      tables.realServers.disconnectAll();
    },
  };
}
