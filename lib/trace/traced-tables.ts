import type { KernelTables } from '../kernel/kernel-tables.ts';
import type { SavedRules } from '../kernel/saved-rules.ts';
import type { BoundAddress } from '../model/bound-address.ts';
import type { IpFamily } from '../model/family.ts';
import type { FirewallProgram } from '../model/firewall-program.ts';
import type { IpSet, SetEntry } from '../model/ip-set.ts';
import type { Keyed } from '../model/keyed.ts';
import type { BasePlan, ServicePlan } from '../model/plan.ts';
import type { RealServer } from '../model/real-server.ts';
import type { Sysctl } from '../model/sysctl.ts';
import type { VirtualServer } from '../model/virtual-server.ts';

/** What a node's kernel holds: each table by its keys, as `Table.read` gives it and the fake kernel holds it. */
export interface HeldTables {
  readonly sysctls: ReadonlyMap<string, Sysctl>;
  readonly sets: ReadonlyMap<string, IpSet>;
  readonly firewall: ReadonlyMap<string, FirewallProgram>;
  readonly setEntries: ReadonlyMap<string, SetEntry>;
  readonly virtualServers: ReadonlyMap<string, VirtualServer>;
  readonly realServers: ReadonlyMap<string, RealServer>;
  readonly addresses: ReadonlyMap<string, BoundAddress>;
}

/** What a packet meets on a node. */
export interface TracedTables extends HeldTables {
  /** Every iptables rule, those of others among them. Left out, the rules of `firewall` alone are known. */
  readonly rules?: ReadonlyMap<IpFamily, SavedRules>;
  /** How full the table of connections is. Left out where it is not known. */
  readonly conntrackFill?: ConntrackFill;
}

/** How full conntrack's table of connections is. */
export interface ConntrackFill {
  readonly count: number;
  readonly maximum: number;
}

/** Reads every table of a kernel. Rejects with a `TableError` where one cannot be read. */
export async function readTables(kernel: KernelTables): Promise<HeldTables> {
  const [sysctls, sets, firewall, setEntries, virtualServers, realServers, addresses] = await Promise.all([
    kernel.sysctls.read(),
    kernel.sets.read(),
    kernel.firewall.read(),
    kernel.setEntries.read(),
    kernel.virtualServers.read(),
    kernel.realServers.read(),
    kernel.addresses.read(),
  ]);
  return { sysctls, sets, firewall, setEntries, virtualServers, realServers, addresses };
}

/** What a kernel holds where these plans are in force. Of two plans that want one virtual server the first has it. */
export function plannedTables(base: BasePlan, plans: readonly ServicePlan[]): HeldTables {
  const servers = firstOfEach(
    plans.flatMap((plan) => plan.virtualServers.map((planned) => ({ key: planned.server.key, planned }))),
  );
  const inForce = [...servers.values()].map(({ planned }) => planned);
  return {
    sysctls: firstOfEach(base.sysctls),
    sets: firstOfEach(base.sets),
    firewall: firstOfEach(base.firewall),
    setEntries: firstOfEach([
      ...plans.flatMap(({ setEntries }) => setEntries),
      ...inForce.flatMap(({ setEntries = [] }) => setEntries),
    ]),
    virtualServers: firstOfEach(inForce.map(({ server }) => server)),
    realServers: firstOfEach(inForce.flatMap(({ realServers }) => realServers)),
    addresses: firstOfEach(plans.flatMap(({ addresses }) => addresses)),
  };
}

function firstOfEach<Entry extends Keyed>(entries: readonly Entry[]): ReadonlyMap<string, Entry> {
  const found = new Map<string, Entry>();
  for (const entry of entries) if (!found.has(entry.key)) found.set(entry.key, entry);
  return found;
}
