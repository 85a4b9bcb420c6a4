import type { KernelTables } from '../kernel/kernel-tables.ts';
import type { Keyed } from '../model/keyed.ts';
import type { BasePlan, PlannedVirtualServer, ServicePlan } from '../model/plan.ts';
import type { RealServer } from '../model/real-server.ts';
import type { ServiceKey } from '../model/service.ts';
import type { VirtualServer } from '../model/virtual-server.ts';
import { Claims, type Conflict } from './claims.ts';
import { commonPrefix, SharedEntries } from './shared-entries.ts';
import { type Drift, TableLedger } from './table-ledger.ts';
import type { EntryOf, TableName } from './table-name.ts';

/** The ledger of each table. */
export type TableLedgers = { readonly [Name in TableName]: TableLedger<EntryOf<Name>> };

/** What a ledger asks of its owner. */
export interface LedgerOptions {
  /** Virtual servers that are never deleted, whoever wanted them before. */
  readonly keeps?: (server: VirtualServer) => boolean;
  /** Told once of each service that begins to compete for a virtual server. */
  readonly contended?: (conflict: Conflict) => void;
}

const noRealServers: readonly RealServer[] = [];
const nothing: Omit<ServicePlan, 'service' | 'created'> = {
  virtualServers: [],
  setEntries: [],
  addresses: [],
};

/**
 * What the kernel should hold, by table, and which services want it. A change costs what the plan of its service costs,
 * however many other services there are. Plans are kept as they are handed in and must not be changed afterwards.
 */
export class Ledger {
  readonly tables: TableLedgers;
  readonly #plans = new Map<ServiceKey, ServicePlan>();
  readonly #claims: Claims;
  readonly #setEntries: SharedEntries<EntryOf<'setEntries'>>;
  readonly #addresses: SharedEntries<EntryOf<'addresses'>>;
  readonly #keeps: (server: VirtualServer) => boolean;

  constructor(tables: KernelTables, options: LedgerOptions = {}) {
    this.tables = {
      sysctls: new TableLedger(tables.sysctls),
      sets: new TableLedger(tables.sets),
      firewall: new TableLedger(tables.firewall),
      setEntries: new TableLedger(tables.setEntries),
      virtualServers: new TableLedger(tables.virtualServers),
      realServers: new TableLedger(tables.realServers),
      addresses: new TableLedger(tables.addresses),
    };
    this.#claims = new Claims(
      (key) => this.#plans.get(key)?.created ?? 0,
      options.contended ?? (() => undefined),
    );
    this.#setEntries = new SharedEntries(this.tables.setEntries);
    this.#addresses = new SharedEntries(this.tables.addresses);
    this.#keeps = options.keeps ?? (() => false);
  }

  /** Number of services that want something. */
  get services(): number {
    return this.#plans.size;
  }

  has(service: ServiceKey): boolean {
    return this.#plans.has(service);
  }

  /** Says what the kernel should hold whatever services there are. What an earlier base held besides is left alone. */
  setBase(base: BasePlan): void {
    replaceBase(this.tables.sysctls, base.sysctls);
    replaceBase(this.tables.sets, base.sets);
    replaceBase(this.tables.firewall, base.firewall);
  }

  /** Says what the kernel should hold for a service; `undefined` for nothing. */
  setPlan(service: ServiceKey, plan: ServicePlan | undefined): void {
    const old = this.#plans.get(service) ?? nothing;
    if (plan === undefined) this.#plans.delete(service);
    else this.#plans.set(service, plan);
    const next = plan ?? nothing;
    if (old === next) return;
    this.#setEntries.replace(old.setEntries, next.setEntries);
    this.#replaceServers(service, old.virtualServers, next.virtualServers);
    this.#addresses.replace(old.addresses, next.addresses);
  }

  /** The real servers that are wanted behind a virtual server, by its key. */
  realServersOf(virtualServer: string): readonly RealServer[] {
    const holder = this.#claims.holder(virtualServer);
    return this.#plannedBy(holder, virtualServer)?.realServers ?? noRealServers;
  }

  /** Every virtual server that several services want. */
  conflicts(): Conflict[] {
    return this.#claims.conflicts();
  }

  /**
   * Sets every belief about a table right by what was read just now. A virtual server that is gone took its real servers
   * with it, and a set its elements: those are not believed to be there either.
   */
  compare<Name extends TableName>(
    name: Name,
    actual: ReadonlyMap<string, EntryOf<Name>>,
  ): Drift<EntryOf<Name>> {
    const drift = this.tables[name].compare(actual);
    if (name === 'virtualServers') this.#loseRealServers();
    if (name === 'sets') this.#loseSetEntries();
    return drift;
  }

  #loseSetEntries(): void {
    const { sets, setEntries } = this.tables;
    if (sets.missing().next().done !== true) setEntries.known = false;
  }

  #loseRealServers(): void {
    for (const { key } of this.tables.virtualServers.missing()) {
      for (const realServer of this.#plannedBy(this.#claims.holder(key), key)?.realServers ?? []) {
        this.tables.realServers.absent(realServer.key);
      }
    }
  }

  #replaceServers(
    service: ServiceKey,
    before: readonly PlannedVirtualServer[],
    after: readonly PlannedVirtualServer[],
  ): void {
    let index = 0;
    for (const planned of after) {
      this.#claim(service, planned, before, index);
      index += 1;
    }
    index = 0;
    for (const planned of before) {
      if (find(after, planned.server.key, index) === undefined) this.#release(service, planned);
      index += 1;
    }
  }

  #claim(
    service: ServiceKey,
    planned: PlannedVirtualServer,
    before: readonly PlannedVirtualServer[],
    index: number,
  ): void {
    const { key } = planned.server;
    const holder = this.#claims.holder(key);
    const current = holder === service ? find(before, key, index) : this.#plannedBy(holder, key);
    const winner = this.#claims.add(key, service);
    this.#replaceServer(current, winner === service ? planned : this.#plannedBy(winner, key));
  }

  #release(service: ServiceKey, planned: PlannedVirtualServer): void {
    const { key } = planned.server;
    const held = this.#claims.holder(key) === service;
    const next = this.#claims.remove(key, service);
    if (held) this.#replaceServer(planned, this.#plannedBy(next, key));
  }

  #plannedBy(service: ServiceKey | undefined, server: string): PlannedVirtualServer | undefined {
    const plan = service === undefined ? undefined : this.#plans.get(service);
    return plan === undefined ? undefined : find(plan.virtualServers, server, 0);
  }

  #replaceServer(current: PlannedVirtualServer | undefined, next: PlannedVirtualServer | undefined): void {
    if (current === next) return;
    if (next !== undefined) {
      this.tables.virtualServers.put(next.server);
      this.#replaceRealServers(current?.realServers ?? noRealServers, next.realServers);
    } else if (current !== undefined) {
      this.#removeServer(current);
    }
  }

  #removeServer({ server, realServers }: PlannedVirtualServer): void {
    const kept = this.#keeps(server);
    dropFrom(this.tables.virtualServers, server.key, kept);
    for (const { key } of realServers) dropFrom(this.tables.realServers, key, kept);
  }

  #replaceRealServers(old: readonly RealServer[], next: readonly RealServer[]): void {
    const ledger = this.tables.realServers;
    for (const realServer of next) ledger.put(realServer);
    const same = commonPrefix(old, next);
    if (same === old.length) return;
    const kept = new Set(next.slice(same).map(({ key }) => key));
    for (const { key } of old.slice(same)) {
      if (!kept.has(key)) ledger.remove(key);
    }
  }
}

function dropFrom(ledger: TableLedger<Keyed>, key: string, kept: boolean): void {
  if (kept) ledger.forget(key);
  else ledger.remove(key);
}

function replaceBase<Entry extends Keyed>(ledger: TableLedger<Entry>, next: readonly Entry[]): void {
  const keys = new Set(next.map(({ key }) => key));
  for (const { key } of [...ledger.entries()]) {
    if (!keys.has(key)) ledger.forget(key);
  }
  for (const entry of next) ledger.put(entry);
}

/** Finds a server in a plan, first where it is expected: lists mostly keep their order from one plan to the next. */
function find(
  servers: readonly PlannedVirtualServer[],
  key: string,
  expected: number,
): PlannedVirtualServer | undefined {
  const guess = servers[expected];
  if (guess?.server.key === key) return guess;
  return servers.find(({ server }) => server.key === key);
}
