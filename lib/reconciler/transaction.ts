import { setImmediate as breathe } from 'node:timers/promises';
import type { Change, Refusal } from '../kernel/table.ts';
import type { SetEntry } from '../model/ip-set.ts';
import { familyOf } from '../model/family.ts';
import type { Keyed } from '../model/keyed.ts';
import type { Clock } from '../model/clock.ts';
import type { Departures } from './draining.ts';
import { toError } from './errors.ts';
import type { TableLedgers } from './ledger.ts';
import {
  addressesInUse,
  addressesWithoutServer,
  exemptions,
  isMissing,
  recordsInUse,
  unguardedFamilies,
} from './order.ts';
import type { WrittenBatch } from './reports.ts';
import type { Pending, TableLedger } from './table-ledger.ts';
import { type EntryOf, type PerTable, perTable, type TableName } from './table-name.ts';

/** The changes of each table, upserts before removals. */
export type TableChanges = { readonly [Name in TableName]: readonly Change<EntryOf<Name>>[] };

/** One change that the kernel refused. */
export interface RefusedChange {
  readonly table: TableName;
  readonly key: string;
  readonly after: Keyed | undefined;
  readonly refusal: Refusal;
}

/** What became of a transaction. */
export interface TransactionReport {
  /** Changes that were written and are in force now. */
  readonly writes: PerTable<number>;
  readonly refused: readonly RefusedChange[];
  /** Changes that were not tried because another that failed must come first. */
  readonly held: readonly { readonly table: TableName; readonly key: string }[];
  /** Tables of which it is not known what they hold now. */
  readonly failed: readonly { readonly table: TableName; readonly error: Error }[];
  /** How long the writes of each table took. */
  readonly milliseconds: PerTable<number>;
}

/** Which changes a transaction leaves for later. */
export interface Gate {
  /** Whether a whole table is left alone: it is not known what it holds. */
  closed(table: TableName): boolean;
  /** Whether a change is left alone: it was refused not long ago. */
  waits(table: TableName, key: string, after: Keyed | undefined): boolean;
  /** What is to be written now, and what later, for real servers that are to be removed while their virtual server stays. */
  departures(removals: readonly Change<EntryOf<'realServers'>>[]): Promise<Departures>;
  /** Told of everything that is about to be written. */
  writing?(pending: PendingTables): void;
  /** Told of everything that was written or refused. */
  wrote?(batch: WrittenBatch): void;
}

/** Changes handed to a table in one call. Between two calls the event loop runs. */
const batchSize = 4096;

/** What waits to be written to each table. */
export type PendingTables = { readonly [Name in TableName]: Pending<EntryOf<Name>> };

/**
 * One pass over everything that waits to be written, in an order in which no packet meets a half-built service: first
 * what is to be there, from the inside to the addresses, then what is to go, from the addresses inwards. Real servers
 * of a virtual server that goes are left to the kernel, which removes them with it. Where a traffic policy changes,
 * clients keep their source only while there are no endpoints of other nodes.
 *
 * The ledger must not be changed between the making of a transaction and the end of its run.
 */
export class Transaction {
  readonly #tables: TableLedgers;
  readonly #clock: Clock;
  readonly #gate: Gate;
  #pending: PendingTables;
  readonly #writes = perTable(() => 0);
  readonly #milliseconds = perTable(() => 0);
  readonly #refused: RefusedChange[] = [];
  readonly #held: { table: TableName; key: string }[] = [];
  readonly #failed = new Map<TableName, Error>();

  constructor(tables: TableLedgers, gate: Gate, clock: Clock) {
    this.#tables = tables;
    this.#gate = gate;
    this.#clock = clock;
    this.#pending = {
      sysctls: collect('sysctls', tables.sysctls, gate),
      sets: collect('sets', tables.sets, gate),
      firewall: collect('firewall', tables.firewall, gate),
      setEntries: collect('setEntries', tables.setEntries, gate),
      virtualServers: collect('virtualServers', tables.virtualServers, gate),
      realServers: collect('realServers', tables.realServers, gate),
      addresses: collect('addresses', tables.addresses, gate),
    };
  }

  /** What a run would write if the kernel refused nothing. */
  async changes(): Promise<TableChanges> {
    const { sysctls, sets, firewall, setEntries, virtualServers, realServers, addresses } = this.#pending;
    return {
      sysctls: sysctls.upserts,
      sets: sets.upserts,
      firewall: firewall.upserts,
      setEntries: setEntries.upserts.concat(setEntries.removals),
      virtualServers: virtualServers.upserts.concat(virtualServers.removals),
      realServers: realServers.upserts.concat((await this.#departures()).changes),
      addresses: addresses.upserts.concat(addresses.removals),
    };
  }

  /** Writes. Never rejects: what could not be written is in the report and stays dirty in the ledger. */
  async run(): Promise<TransactionReport> {
    this.#gate.writing?.(this.#pending);
    await this.#upsert();
    await this.#remove();
    return {
      writes: this.#writes,
      refused: this.#refused,
      held: this.#held,
      failed: [...this.#failed].map(([table, error]) => ({ table, error })),
      milliseconds: this.#milliseconds,
    };
  }

  async #upsert(): Promise<void> {
    const { sysctls, sets, firewall, virtualServers, realServers, addresses } = this.#pending;
    const tables = this.#tables;
    await this.#write('sysctls', sysctls.upserts);
    await this.#write('sets', sets.upserts);
    if (sets.upserts.some(({ before }) => before !== undefined)) await this.#readSetEntries();
    await this.#write('firewall', firewall.upserts);
    const late = new Set(exemptions(this.#pending.setEntries.upserts, realServers.removals));
    await this.#addSetEntries(this.#pending.setEntries.upserts.filter((change) => !late.has(change)));
    await this.#write('virtualServers', virtualServers.upserts);
    await this.#endExemptions();
    await this.#writeUnless('realServers', realServers.upserts, ({ virtualServer }) =>
      isMissing(tables.virtualServers, virtualServer.key),
    );
    if (addresses.upserts.length === 0) return;
    const unserved = addressesWithoutServer(tables);
    const unguarded = unguardedFamilies(tables);
    await this.#writeUnless(
      'addresses',
      addresses.upserts,
      ({ address }) => unserved.has(address) || unguarded.has(familyOf(address)),
    );
  }

  /** A set that was made anew, with another type, has lost its elements. */
  async #readSetEntries(): Promise<void> {
    const ledger = this.#tables.setEntries;
    try {
      ledger.compare(await ledger.table.read());
      this.#pending = { ...this.#pending, setEntries: collect('setEntries', ledger, this.#gate) };
    } catch (error) {
      this.#fail('setEntries', error);
      this.#pending = { ...this.#pending, setEntries: nothingPending };
    }
  }

  /** A set that is not as it should be, for it is missing or someone else's, takes no elements. */
  #addSetEntries(entries: readonly Change<SetEntry>[]): Promise<void> {
    return this.#writeUnless('setEntries', entries, ({ set }) => this.#tables.sets.isDirty(set));
  }

  /** Before there are endpoints of other nodes, clients lose the right to keep their source. */
  async #endExemptions(): Promise<void> {
    const { setEntries, realServers } = this.#pending;
    const ended = exemptions(setEntries.removals, realServers.upserts);
    if (ended.length === 0) return;
    const stays = recordsInUse(this.#tables);
    const early = new Set(ended.filter(({ before }) => before !== undefined && !stays(before)));
    const removals = setEntries.removals.filter((change) => !early.has(change));
    this.#pending = { ...this.#pending, setEntries: { ...setEntries, removals } };
    await this.#write('setEntries', [...early]);
  }

  async #remove(): Promise<void> {
    const { setEntries, realServers, virtualServers, addresses } = this.#pending;
    if (addresses.removals.length > 0)
      await this.#writeUnless('addresses', addresses.removals, addressesInUse(this.#tables));
    const { changes, later } = await this.#departures();
    await this.#write('realServers', changes);
    const early = new Set(exemptions(setEntries.upserts, later));
    const late = exemptions(setEntries.upserts, realServers.removals);
    await this.#addSetEntries(late.filter((change) => !early.has(change)));
    await this.#write('virtualServers', virtualServers.removals);
    this.#followVirtualServers();
    if (setEntries.removals.length === 0) return;
    await this.#writeUnless('setEntries', setEntries.removals, recordsInUse(this.#tables));
  }

  /** What becomes of the real servers that are to be removed and whose virtual server stays. */
  async #departures(): Promise<Departures> {
    const removals = this.#pending.realServers.removals.filter(({ before }) => this.#staysBehind(before));
    const { changes, later } = await this.#gate.departures(removals);
    return {
      changes: changes.filter(({ key, after }) => !this.#gate.waits('realServers', key, after)),
      later,
    };
  }

  #staysBehind(realServer: EntryOf<'realServers'> | undefined): boolean {
    return (
      realServer !== undefined &&
      this.#tables.virtualServers.wanted(realServer.virtualServer.key) !== undefined
    );
  }

  /** Notes that the real servers of removed virtual servers went with them, or wait with them. */
  #followVirtualServers(): void {
    const { virtualServers, realServers } = this.#tables;
    for (const { key, before } of this.#pending.realServers.removals) {
      if (this.#staysBehind(before)) continue;
      if (before !== undefined && virtualServers.isDirty(before.virtualServer.key))
        this.#hold('realServers', key);
      else realServers.written(key, undefined);
    }
  }

  /** Writes the changes that are not held back by what failed before them. */
  async #writeUnless<Name extends TableName>(
    name: Name,
    changes: readonly Change<EntryOf<Name>>[],
    held: (entry: EntryOf<Name>) => boolean,
  ): Promise<void> {
    const free = changes.filter(({ key, before, after }) => {
      const entry = after ?? before;
      if (entry === undefined || !held(entry)) return true;
      this.#hold(name, key);
      return false;
    });
    await this.#write(name, free);
  }

  #hold(table: TableName, key: string): void {
    this.#held.push({ table, key });
  }

  async #write(name: TableName, changes: readonly Change<Keyed>[]): Promise<void> {
    if (changes.length === 0) return;
    const started = this.#clock.now();
    for (let start = 0; start < changes.length && !this.#failed.has(name); start += batchSize) {
      if (start > 0) await breathe();
      await this.#writeBatch(
        name,
        start === 0 && changes.length <= batchSize ? changes : changes.slice(start, start + batchSize),
      );
    }
    this.#milliseconds[name] += this.#clock.now() - started;
  }

  async #writeBatch(name: TableName, changes: readonly Change<Keyed>[]): Promise<void> {
    const ledger: TableLedger<Keyed> = this.#tables[name];
    let refusals;
    try {
      refusals = await ledger.table.apply(changes);
    } catch (error) {
      this.#fail(name, error);
      return;
    }
    for (const { key, after } of changes) {
      const refusal = refusals.size === 0 ? undefined : refusals.get(key);
      if (refusal === undefined) ledger.written(key, after);
      else this.#refused.push({ table: name, key, after, refusal });
    }
    this.#writes[name] += changes.length - refusals.size;
    this.#gate.wrote?.({ table: name, changes, refusals });
  }

  #fail(name: TableName, error: unknown): void {
    this.#tables[name].known = false;
    this.#failed.set(name, toError(error));
  }
}

const nothingPending: Pending<never> = { upserts: [], removals: [] };

function collect<Entry extends Keyed>(
  name: TableName,
  ledger: TableLedger<Entry>,
  gate: Gate,
): Pending<Entry> {
  if (ledger.pending === 0 || gate.closed(name)) return nothingPending;
  return ledger.collect((key, after) => gate.waits(name, key, after));
}
