import type { Change } from '../../lib/kernel/table.ts';
import type { KernelTables } from '../../lib/kernel/kernel-tables.ts';
import type { Keyed } from '../../lib/model/keyed.ts';
import { realServerKey, type RealServer } from '../../lib/model/real-server.ts';
import {
  type VirtualServer,
  virtualServerKey,
  type VirtualServerId,
} from '../../lib/model/virtual-server.ts';
import type { DriftedEntry } from '../../lib/reconciler/reports.ts';
import type { TableName } from '../../lib/reconciler/table-name.ts';
import { steady } from './cluster.ts';
import type { TapWitness } from './tap.ts';

const foreignId: VirtualServerId & Keyed = keyed({ protocol: 'TCP', address: '192.168.99.9', port: 443 });

/** A virtual server that the node's administrator has made by hand. */
const foreignServer: VirtualServer = {
  ...foreignId,
  scheduler: 'rr',
  flags: 0,
  timeout: 0,
  persistencePrefix: 32,
};

const foreignRealServer: RealServer = {
  key: realServerKey(foreignId.key, '192.168.99.10', 443),
  virtualServer: foreignId,
  address: '192.168.99.10',
  port: 443,
  weight: 3,
  forwarding: 'masquerade',
  upperThreshold: 0,
  lowerThreshold: 0,
};

/** Whether a key is that of something foreign. */
export function isForeign(key: string): boolean {
  return key.includes(foreignId.address);
}

/** Makes the foreign entries. */
export async function makeForeign(kernel: KernelTables): Promise<void> {
  await kernel.virtualServers.apply([{ key: foreignServer.key, before: undefined, after: foreignServer }]);
  const { key } = foreignRealServer;
  await kernel.realServers.apply([{ key, before: undefined, after: foreignRealServer }]);
}

/** What a Witness is told of the kernel and its controller. */
export interface WitnessOptions {
  /** Whether the controller that lives now may write: it has read everything once. */
  readonly informed: () => boolean;
  /** What the kernel holds, where that can be told at once; `false` where it cannot. */
  readonly held: (table: TableName, key: string) => Keyed | undefined | false;
  /** Whether two entries of a table are the same to the kernel. */
  readonly equals: (table: TableName, a: Keyed, b: Keyed) => boolean;
  /** Told of every change, in one line, before it is made. */
  readonly tell: (line: string) => void;
  /** Whether a list can tell a client that what nobody has touched is gone. */
  readonly untold: boolean;
}

/** Something that was seen and must not be. */
export interface Violation {
  readonly line: string;
  /** The entry of the kernel that it is about. */
  readonly key?: string;
}

/** Sees everything that is written to the kernel, and notes what must not be. */
export class Witness implements TapWitness {
  /** What was seen that must not be. */
  readonly violations: Violation[] = [];
  /** Changes that the kernel has taken. */
  writes = 0;
  readonly #options: WitnessOptions;
  /** Keys that the life has written: what it found it may not have known, for not everything can be read at any time. */
  readonly #own = new Set<string>();
  /** Keys that were meddled with: what is believed of them may be wrong. */
  readonly #meddled = new Set<string>();

  constructor(options: WitnessOptions) {
    this.#options = options;
  }

  writing(table: TableName, changes: readonly Change<Keyed>[]): void {
    if (!this.#options.informed()) this.#report('written before everything was listed', table, changes);
    for (const change of changes) {
      this.#look(table, change);
      this.#own.add(`${table} ${change.key}`);
    }
  }

  written(count: number): void {
    this.writes += count;
  }

  /**
   * Looks at what an audit found. What nobody has meddled with is as the life believes. Only what is there besides may be
   * news to it: an earlier one may have left it, and not everything could be read when it began.
   */
  repaired(drift: readonly DriftedEntry[]): void {
    for (const { table, key, kind } of drift) {
      if (kind === 'extra' || this.#isMeddled(table, key)) continue;
      this.violations.push({ line: `${kind}, and nobody had changed it: ${table} ${key}`, key });
    }
  }

  /** Notes that a new life begins. */
  begins(): void {
    this.#own.clear();
  }

  /** Notes that someone else has changed an entry, or what it depends on. */
  meddled(table: TableName, key: string): void {
    this.#options.tell(`* ${table} ${key} is changed by someone else`);
    this.#meddled.add(`${table} ${key}`);
  }

  /** Looks whether what is foreign is as it was made. */
  async lookAtForeign({ virtualServers, realServers }: KernelTables): Promise<void> {
    const server = (await virtualServers.read()).get(foreignServer.key);
    const real = (await realServers.read()).get(foreignRealServer.key);
    if (server !== undefined && real !== undefined) {
      if (virtualServers.equals(server, foreignServer) && realServers.equals(real, foreignRealServer)) return;
    }
    this.violations.push({ line: `foreign entries were changed: ${JSON.stringify([server, real])}` });
  }

  #look(table: TableName, change: Change<Keyed>): void {
    const { key, after } = change;
    this.#options.tell(`${after === undefined ? '-' : '+'} ${table} ${key}`);
    if (isForeign(key)) this.#report('a foreign entry was written', table, [change]);
    const isSteady = key.includes(steady.clusterIP) && !this.#isMeddled(table, key);
    if (isSteady && after === undefined && !this.#options.untold) {
      this.#report('what nobody has touched was removed', table, [change]);
    }
    if (this.#isRedundant(table, change)) this.#report('what is right was written again', table, [change]);
  }

  #isRedundant(table: TableName, { key, after }: Change<Keyed>): boolean {
    const held = this.#options.held(table, key);
    if (held === false || !this.#own.has(`${table} ${key}`) || this.#isMeddled(table, key)) return false;
    if (held === undefined || after === undefined) return held === after;
    return this.#options.equals(table, held, after);
  }

  #isMeddled(table: TableName, key: string): boolean {
    const above =
      table === 'realServers'
        ? `virtualServers ${key.split(' -> ')[0] ?? ''}`
        : `sets ${key.split(' ')[0] ?? ''}`;
    return this.#meddled.has(`${table} ${key}`) || this.#meddled.has(above);
  }

  #report(what: string, table: TableName, changes: readonly Change<Keyed>[]): void {
    if (this.violations.length > 20) return;
    const keys = changes.slice(0, 3).map(({ key, after }) => `${after === undefined ? '-' : '+'} ${key}`);
    const line = `${what}: ${table} ${keys.join(', ')}${changes.length > 3 ? ', …' : ''}`;
    this.violations.push({ line, ...(changes[0] && { key: changes[0].key }) });
  }
}

function keyed(id: VirtualServerId): VirtualServerId & Keyed {
  return { ...id, key: virtualServerKey(id) };
}
