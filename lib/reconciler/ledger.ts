import type { KernelTables } from '../kernel/kernel-tables.ts';
import type { SetEntry } from '../model/ip-set.ts';
import type { Keyed } from '../model/keyed.ts';
import type { BasePlan, ServicePlan } from '../model/plan.ts';
import type { RealServer } from '../model/real-server.ts';
import type { ServiceKey } from '../model/service.ts';
import type { VirtualServer } from '../model/virtual-server.ts';
import { Claims, type Conflict } from './claims.ts';
import { EntryLedger } from './entry-ledger.ts';
import { type PackedServer, realServerCount, realServersOf, ServerPacker } from './packed-server.ts';
import { RealServerLedger } from './real-server-ledger.ts';
import type { Share } from './share.ts';
import { SharedEntries } from './shared-entries.ts';
import type { Drift, ReadBack, TableLedger } from './table-ledger.ts';
import type { EntryOf, TableName } from './table-name.ts';
import { VirtualServerLedger } from './virtual-server-ledger.ts';

/** The ledger of each table. */
export type TableLedgers = { readonly [Name in TableName]: TableLedger<EntryOf<Name>> };

/** The same, as the ledger itself changes them. */
type OwnTables = { readonly [Name in Exclude<TableName, 'realServers'>]: EntryLedger<EntryOf<Name>> } & {
  readonly realServers: RealServerLedger;
};

/** What a ledger asks of its owner. */
export interface LedgerOptions {
  /** Virtual servers that are never deleted, whoever wanted them before. */
  readonly keeps?: (server: VirtualServer) => boolean;
  /** Told once of each service that begins to compete for a virtual server. */
  readonly contended?: (conflict: Conflict) => void;
}

/** The plan of one service as it is kept. */
interface KeptPlan extends Pick<ServicePlan, 'created' | 'setEntries' | 'addresses' | 'drainTimeout'> {
  readonly servers: readonly PackedServer[];
}

const noEntries: readonly SetEntry[] = [];
const nothing: KeptPlan = { created: 0, servers: [], setEntries: [], addresses: [] };

/**
 * What the kernel should hold, by table, and which services want it. A change costs what the plan of its service costs,
 * however many other services there are. What is kept of a plan is kept as it is handed in and must not be changed.
 */
export class Ledger {
  readonly tables: TableLedgers;
  readonly #tables: OwnTables;
  readonly #packer = new ServerPacker();
  readonly #plans = new Map<ServiceKey, KeptPlan>();
  readonly #claims: Claims;
  readonly #setEntries: SharedEntries<EntryOf<'setEntries'>>;
  readonly #addresses: SharedEntries<EntryOf<'addresses'>>;
  /** The set entries of each virtual server that has some of its own, by its key. */
  readonly #treatments = new Map<string, readonly SetEntry[]>();
  readonly #keeps: (server: VirtualServer) => boolean;

  constructor(tables: KernelTables, options: LedgerOptions = {}) {
    this.#tables = {
      sysctls: new EntryLedger(tables.sysctls),
      sets: new EntryLedger(tables.sets),
      firewall: new EntryLedger(tables.firewall),
      setEntries: new EntryLedger(tables.setEntries),
      virtualServers: new VirtualServerLedger(tables.virtualServers),
      realServers: new RealServerLedger(tables.realServers),
      addresses: new EntryLedger(tables.addresses),
    };
    this.tables = this.#tables;
    this.#claims = new Claims(
      (key) => this.#plans.get(key)?.created ?? 0,
      options.contended ?? (() => undefined),
    );
    this.#setEntries = new SharedEntries(this.#tables.setEntries);
    this.#addresses = new SharedEntries(this.#tables.addresses);
    this.#keeps = options.keeps ?? (() => false);
  }

  /** Number of services that want something. */
  get services(): number {
    return this.#plans.size;
  }

  /** Number of virtual servers that are wanted without any real server. */
  get endpointless(): number {
    return this.#tables.realServers.endpointless;
  }

  has(service: ServiceKey): boolean {
    return this.#plans.has(service);
  }

  /** Says what the kernel should hold whatever services there are. What an earlier base held besides is left alone. */
  setBase(base: BasePlan): void {
    replaceBase(this.#tables.sysctls, base.sysctls);
    replaceBase(this.#tables.sets, base.sets);
    replaceBase(this.#tables.firewall, base.firewall);
  }

  /** Says what the kernel should hold for a service; `undefined` for nothing. */
  setPlan(service: ServiceKey, plan: ServicePlan | undefined): void {
    const old = this.#plans.get(service) ?? nothing;
    const next = plan === undefined ? nothing : this.#keep(plan);
    if (next === nothing) this.#plans.delete(service);
    else this.#plans.set(service, next);
    this.#setEntries.replace(old.setEntries, next.setEntries);
    this.#replaceServers(service, old.servers, next.servers);
    this.#addresses.replace(old.addresses, next.addresses);
  }

  /** The real servers that are wanted behind a virtual server, by its key. */
  realServersOf(virtualServer: string): readonly RealServer[] {
    const packed = this.#plannedBy(this.#claims.holder(virtualServer), virtualServer);
    return packed === undefined ? [] : realServersOf(packed);
  }

  /** The service that has a virtual server, by its key, and how many real servers that wants behind it. */
  ownerOf(virtualServer: string): { readonly service: ServiceKey; readonly endpoints: number } | undefined {
    const service = this.#claims.holder(virtualServer);
    const packed = this.#plannedBy(service, virtualServer);
    if (service === undefined || packed === undefined) return undefined;
    return { service, endpoints: realServerCount(packed) };
  }

  /** How long real servers behind a virtual server may keep their connections, where the service that has it says so. */
  drainTimeoutOf(virtualServer: string): number | undefined {
    const holder = this.#claims.holder(virtualServer);
    return holder === undefined ? undefined : this.#plans.get(holder)?.drainTimeout;
  }

  /** Every virtual server that several services want. */
  conflicts(): Conflict[] {
    return this.#claims.conflicts();
  }

  /**
   * Reads a table and sets every belief about it right. A virtual server that is gone took its real servers with it, and
   * a set its elements: those are not believed to be there either. Rejects with what the table rejects with, and then
   * changes nothing.
   */
  async readBack<Name extends TableName>(name: Name): Promise<ReadBack<EntryOf<Name>>> {
    const read: ReadBack<EntryOf<Name>> = await this.tables[name].readBack();
    if (name === 'virtualServers') this.#loseRealServers();
    if (name === 'sets') this.#loseSetEntries();
    return read;
  }

  /** Reads the real servers back in parts, as `RealServerLedger.readBackInParts` does, which throws as it does. */
  readRealServersInParts(share: Share): Generator<Drift<EntryOf<'realServers'>>, void> {
    return this.#tables.realServers.readBackInParts(share);
  }

  /** Reads what is behind virtual servers that were taken over, as `RealServerLedger.readTakenOver` does, which throws as it does. */
  readTakenOver(): void {
    this.#tables.realServers.readTakenOver();
  }

  #loseSetEntries(): void {
    const { sets, setEntries } = this.tables;
    if (sets.missing().next().done !== true) setEntries.known = false;
  }

  #loseRealServers(): void {
    const { virtualServers, realServers } = this.#tables;
    for (const { key } of virtualServers.missing()) realServers.absentBehind(key);
  }

  #keep({ created, virtualServers, setEntries, addresses, drainTimeout }: ServicePlan): KeptPlan {
    const servers = virtualServers.map((planned) => this.#packer.pack(planned));
    return { created, servers, setEntries, addresses, drainTimeout };
  }

  #replaceServers(
    service: ServiceKey,
    before: readonly PackedServer[],
    after: readonly PackedServer[],
  ): void {
    for (const packed of after) this.#claim(service, packed);
    let index = 0;
    for (const packed of before) {
      if (find(after, packed.server.key, index) === undefined) this.#release(service, packed);
      index += 1;
    }
  }

  #claim(service: ServiceKey, packed: PackedServer): void {
    const { key } = packed.server;
    const holder = this.#claims.holder(key);
    const winner = this.#claims.add(key, service);
    if (winner === service) this.#put(packed);
    else if (winner !== holder) this.#put(this.#plannedBy(winner, key));
  }

  #release(service: ServiceKey, packed: PackedServer): void {
    const { key } = packed.server;
    const held = this.#claims.holder(key) === service;
    const next = this.#claims.remove(key, service);
    if (!held) return;
    if (next === undefined) this.#removeServer(packed);
    else this.#put(this.#plannedBy(next, key));
  }

  #plannedBy(service: ServiceKey | undefined, server: string): PackedServer | undefined {
    const plan = service === undefined ? undefined : this.#plans.get(service);
    return plan === undefined ? undefined : find(plan.servers, server, 0);
  }

  #put(packed: PackedServer | undefined): void {
    if (packed === undefined) return;
    const { virtualServers, realServers } = this.#tables;
    const { server, setEntries } = packed;
    const comes = virtualServers.wanted(server.key) === undefined;
    virtualServers.put(server);
    if (comes && virtualServers.believed(server.key) !== undefined) realServers.takeOver(server);
    realServers.put(packed);
    this.#treat(server.key, setEntries);
  }

  /** Says by which set entries packets to a virtual server are treated: those of the service that has it. */
  #treat(server: string, entries: readonly SetEntry[]): void {
    this.#setEntries.replace(this.#treatments.get(server) ?? noEntries, entries);
    if (entries.length > 0) this.#treatments.set(server, entries);
    else this.#treatments.delete(server);
  }

  #removeServer({ server }: PackedServer): void {
    const { virtualServers, realServers } = this.#tables;
    const { key } = server;
    this.#treat(key, noEntries);
    if (this.#keeps(server)) {
      virtualServers.forget(key);
      realServers.forget(key);
    } else {
      virtualServers.remove(key);
      realServers.remove(key);
    }
  }
}

function replaceBase<Entry extends Keyed>(ledger: EntryLedger<Entry>, next: readonly Entry[]): void {
  const keys = new Set(next.map(({ key }) => key));
  for (const { key } of [...ledger.entries()]) {
    if (!keys.has(key)) ledger.forget(key);
  }
  for (const entry of next) ledger.put(entry);
}

/** Finds a server in a plan, first where it is expected: lists mostly keep their order from one plan to the next. */
function find(servers: readonly PackedServer[], key: string, expected: number): PackedServer | undefined {
  const guess = servers[expected];
  if (guess?.server.key === key) return guess;
  return servers.find(({ server }) => server.key === key);
}
