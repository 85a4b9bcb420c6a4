import { setImmediate as breathe } from 'node:timers/promises';
import type { RealServerTable } from '../kernel/real-server-table.ts';
import { type RealServer, virtualServerOf } from '../model/real-server.ts';
import { type PackedServer, realServerCount, realServersOf } from './packed-server.ts';
import { isIn, type Share } from './share.ts';
import { Differences, type Drift, type ReadBack, TableLedger } from './table-ledger.ts';

/** Virtual servers whose real servers are read between two turns of the event loop. */
const readAtOnce = 64;

/**
 * The ledger of the real servers, which are wanted with their virtual server and kept packed there: they are nearly all
 * that a node holds.
 */
export class RealServerLedger extends TableLedger<RealServer> {
  readonly #table: RealServerTable;
  readonly #servers = new Map<string, PackedServer>();
  /** Virtual servers that the kernel held before they came to be wanted: what is behind them has not been read. */
  readonly #unread = new Map<string, RealServer['virtualServer']>();
  #size = 0;
  /** The last one that was looked into, unpacked: who asks for one real server mostly asks for its neighbours next. */
  #open: { readonly packed: PackedServer; readonly realServers: ReadonlyMap<string, RealServer> } | undefined;

  constructor(table: RealServerTable) {
    super(table);
    this.#table = table;
  }

  override get size(): number {
    return this.#size;
  }

  /** Number of virtual servers that are wanted without any real server. */
  get endpointless(): number {
    let count = 0;
    for (const { settings } of this.#servers.values()) if (settings.length === 0) count += 1;
    return count;
  }

  override *entries(): IterableIterator<RealServer> {
    for (const packed of this.#servers.values()) yield* realServersOf(packed);
  }

  /** The real servers behind a virtual server are wanted from now on, and no others. */
  put(next: PackedServer): void {
    const { key } = next.server;
    if (isSame(this.#servers.get(key), next)) return;
    const before = this.#take(key);
    this.#servers.set(key, next);
    this.#size += realServerCount(next);
    for (const realServer of realServersOf(next)) {
      this.turn(realServer.key, before.get(realServer.key), realServer);
      before.delete(realServer.key);
    }
    this.#drop(before);
  }

  /** No real server behind a virtual server is wanted any longer. */
  remove(virtualServer: string): void {
    this.#drop(this.#take(virtualServer));
  }

  /** The same, and whatever the kernel holds there is left alone. */
  forget(virtualServer: string): void {
    for (const key of this.#take(virtualServer).keys()) this.leave(key);
  }

  /** The virtual server comes to be wanted while the kernel holds it: real servers may be behind it that nobody knows. */
  takeOver(virtualServer: RealServer['virtualServer']): void {
    if (this.known && !this.hasUnclaimed) this.#unread.set(virtualServer.key, virtualServer);
  }

  /**
   * Reads what is behind the virtual servers that were taken over, and marks what is not wanted there for removal. Throws
   * what the table throws, and then it is not known what that holds.
   */
  readTakenOver(): void {
    if (this.#unread.size === 0) return;
    const differences = new Differences<RealServer>();
    const read = new Set<string>();
    this.known = false;
    for (const [key, virtualServer] of this.#unread) {
      if (!this.#servers.has(key)) continue;
      this.#compareBehind(virtualServer, differences);
      read.add(key);
    }
    this.known = true;
    this.#unread.clear();
    const { extra } = this.believePart(differences, (key) => read.has(virtualServerOf(key)));
    for (const realServer of extra) this.discard(realServer);
  }

  /** The kernel is known to hold no real server behind a virtual server. */
  absentBehind(virtualServer: string): void {
    const packed = this.#servers.get(virtualServer);
    for (const { key } of packed === undefined ? [] : realServersOf(packed)) this.absent(key);
  }

  /**
   * Sets every belief right by reading the real servers one virtual server at a time, so that a large table is never held
   * as a whole. What is behind virtual servers that are neither wanted nor being removed is not looked at.
   */
  override async readBack(): Promise<ReadBack<RealServer>> {
    const differences = new Differences<RealServer>();
    let read = 0;
    for (const virtualServer of this.#lookedAt()) {
      read += 1;
      if (read % readAtOnce === 0) await breathe();
      this.#compareBehind(virtualServer, differences);
    }
    return { actual: new Map(), ...this.believe(differences) };
  }

  /**
   * The same in parts, each of which sets its beliefs right at once, so that between two of them other changes may be
   * written; where it is known what the table holds. A virtual server that comes meanwhile is not looked at.
   * @param share the virtual servers behind which is looked
   */
  *readBackInParts(share: Share): Generator<Drift<RealServer>, void> {
    const all = [...this.#lookedAt()].filter(({ key }) => isIn(share, key));
    for (let start = 0; start < all.length; start += readAtOnce) {
      const differences = new Differences<RealServer>();
      const part = all.slice(start, start + readAtOnce);
      for (const virtualServer of part) this.#compareBehind(virtualServer, differences);
      const keys = new Set(part.map(({ key }) => key));
      yield this.believePart(differences, (key) => keys.has(virtualServerOf(key)));
    }
  }

  #compareBehind(virtualServer: RealServer['virtualServer'], differences: Differences<RealServer>): void {
    const uses = this.#table.readUse(virtualServer);
    const packed = this.#servers.get(virtualServer.key);
    const wanted = packed === undefined ? [] : realServersOf(packed);
    this.find(differences, wanted, new Map(uses.map(({ server }) => [server.key, server])));
  }

  protected override kept(key: string): RealServer | undefined {
    const packed = this.#servers.get(virtualServerOf(key));
    if (packed === undefined) return undefined;
    if (this.#open?.packed !== packed) this.#open = { packed, realServers: byKey(packed) };
    return this.#open.realServers.get(key);
  }

  /** The virtual servers that are wanted, and those of real servers that wait to be removed. */
  *#lookedAt(): IterableIterator<RealServer['virtualServer']> {
    for (const { server } of this.#servers.values()) yield server;
    const others = new Map<string, RealServer['virtualServer']>();
    for (const { virtualServer } of this.leaving()) others.set(virtualServer.key, virtualServer);
    for (const [key, virtualServer] of others) if (!this.#servers.has(key)) yield virtualServer;
  }

  /** Takes a virtual server's real servers out. */
  #take(virtualServer: string): Map<string, RealServer> {
    const packed = this.#servers.get(virtualServer);
    if (packed === undefined) return new Map();
    this.#servers.delete(virtualServer);
    this.#size -= realServerCount(packed);
    this.#open = undefined;
    return byKey(packed);
  }

  #drop(old: ReadonlyMap<string, RealServer>): void {
    for (const [key, realServer] of old) this.turn(key, realServer, undefined);
  }
}

/** Where the settings are equal and not the same, looking at each real server finds that out. */
function isSame(a: PackedServer | undefined, b: PackedServer): boolean {
  return a?.addresses === b.addresses && a.settings === b.settings;
}

function byKey(packed: PackedServer): Map<string, RealServer> {
  return new Map(realServersOf(packed).map((realServer) => [realServer.key, realServer]));
}
