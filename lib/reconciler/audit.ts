import type { Keyed } from '../model/keyed.ts';
import type { RealServer } from '../model/real-server.ts';
import type { VirtualServer } from '../model/virtual-server.ts';
import type { Clock } from '../model/clock.ts';
import { toError } from './errors.ts';
import { discardOurs, type Reading, type Readings } from './extras.ts';
import type { Ledger } from './ledger.ts';
import { everything, type Share } from './share.ts';
import type { AuditReport, DriftedEntry } from './reports.ts';
import type { Drift } from './table-ledger.ts';
import type { EntryOf, TableName } from './table-name.ts';

/**
 * Which real servers an audit reads: all of them, or its share of them, as the so-manieth of audits that take turns. A share
 * is what is behind 512 virtual servers or a few more; so what is behind fewer than that is read every time, and of 10 000
 * everything within 20 audits. All other tables are read every time: that costs a few requests, while each virtual
 * server's real servers cost one of their own.
 */
export type AuditTurn = number | 'all';

/** Virtual servers behind which one audit of several that take turns looks. */
const shareOfTurn = 512;

/** What an audit needs besides the ledger. */
export interface AuditOptions {
  readonly clock: Clock;
  readonly turn: AuditTurn;
  /** Virtual servers that are never deleted. */
  readonly keeps: (server: VirtualServer) => boolean;
  /** What the node has of its own now, see `Evidence`. */
  readonly nodeAddresses: () => readonly string[];
  /** Whether every service that there is has a plan; what is not wanted is removed only then. */
  readonly complete: () => boolean;
}

/**
 * Reads the tables back one by one and marks what is not as it should be: to be written where it is missing or
 * different, to be removed where it is ours and not wanted. Between two steps other changes may be written.
 */
export class Audit {
  readonly #ledger: Ledger;
  readonly #options: AuditOptions;
  readonly #started: number;
  #worked = 0;
  readonly #drift: DriftedEntry[] = [];
  readonly #failures: { table: TableName; error: Error }[] = [];
  readonly #readings: Readings = {};
  readonly #steps: (() => Promise<void> | void)[];

  constructor(ledger: Ledger, options: AuditOptions) {
    this.#ledger = ledger;
    this.#options = options;
    this.#started = options.clock.now();
    this.#steps = [
      () => this.#compareBase('sysctls'),
      () => this.#compareBase('sets'),
      () => this.#compareBase('firewall'),
      async () => {
        this.#readings.setEntries = await this.#compare('setEntries');
      },
      async () => {
        this.#readings.addresses = await this.#compare('addresses');
      },
      async () => {
        this.#readings.virtualServers = await this.#compare('virtualServers');
      },
      () => this.#compareRealServers(),
      () => {
        this.#discard();
      },
    ];
  }

  /** Takes the next step. Nothing may be written while it is under way. Returns false after the last one. */
  async step(): Promise<boolean> {
    const { clock } = this.#options;
    const began = clock.now();
    await this.#steps.shift()?.();
    this.#worked += clock.now() - began;
    return this.#steps.length > 0;
  }

  report(): AuditReport {
    const ended = this.#options.clock.now();
    return {
      drift: this.#drift,
      failures: this.#failures,
      milliseconds: ended - this.#started,
      worked: this.#worked,
      ended,
    };
  }

  /** What a base table holds besides is left alone. */
  async #compareBase(name: 'sysctls' | 'sets' | 'firewall'): Promise<void> {
    await this.#compare(name);
  }

  async #compare<Name extends TableName>(name: Name): Promise<Reading<EntryOf<Name>> | undefined> {
    try {
      const read = await this.#ledger.readBack(name);
      this.#note(name, read);
      return { actual: read.actual, extra: read.extra };
    } catch (error) {
      this.#failures.push({ table: name, error: toError(error) });
      return undefined;
    }
  }

  /** In many steps: they are nearly all that a node holds, and a change is not to wait until all are read. */
  async #compareRealServers(): Promise<void> {
    const ledger = this.#ledger;
    if (ledger.tables.realServers.known)
      this.#steps.unshift(this.#partStep(ledger.readRealServersInParts(this.#share()), []));
    else this.#readings.realServers = await this.#compare('realServers');
  }

  #share(): Share {
    const { turn } = this.#options;
    if (turn === 'all') return everything;
    const count = Math.ceil(this.#ledger.tables.virtualServers.size / shareOfTurn);
    return count > 1 ? { part: turn % count, of: count } : everything;
  }

  #partStep(parts: Iterator<Drift<RealServer>, void>, extra: RealServer[]): () => void {
    return () => {
      try {
        const part = parts.next();
        if (part.done === true) {
          this.#readings.realServers = { actual: new Map(), extra };
          return;
        }
        this.#note('realServers', part.value);
        extra.push(...part.value.extra);
        this.#steps.unshift(this.#partStep(parts, extra));
      } catch (error) {
        this.#failures.push({ table: 'realServers', error: toError(error) });
      }
    };
  }

  #note(table: TableName, { missing, different }: Drift<Keyed>): void {
    for (const key of missing) this.#drift.push({ table, key, kind: 'missing' });
    for (const key of different) this.#drift.push({ table, key, kind: 'different' });
  }

  #discard(): void {
    const { keeps, complete, nodeAddresses } = this.#options;
    if (!complete()) return;
    const discarded = discardOurs(this.#ledger.tables, this.#readings, keeps, nodeAddresses());
    for (const { table, key } of discarded) {
      this.#drift.push({ table, key, kind: 'extra' });
    }
  }
}
