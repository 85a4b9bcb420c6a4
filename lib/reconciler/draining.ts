import { setImmediate as breathe } from 'node:timers/promises';
import type { RealServerTable } from '../kernel/real-server-table.ts';
import type { Change } from '../kernel/table.ts';
import type { RealServer } from '../model/real-server.ts';
import type { Clock } from '../model/clock.ts';
import { toError } from './errors.ts';
import type { Log } from './log.ts';
import type { TableLedger } from './table-ledger.ts';

/**
 * How long a real server that is wanted no longer may keep its connections: as long as the kernel remembers an idle TCP
 * connection unless told otherwise. What has leaked is forgotten by then; what is left still sends.
 */
export const defaultDrainTimeout = 15 * 60_000;

/** Milliseconds between two looks at the real servers that are draining, at least. */
const shortestPause = 1000;

/** A pause is at least so many times as long as the look before it, so that looking never takes much of the processor. */
const restPerLook = 20;

/** Virtual servers whose real servers are looked at between two turns of the event loop. */
const readAtOnce = 64;

/** A real server that is wanted no longer and kept, with weight 0, for the connections that it has. */
export interface DrainingServer {
  readonly key: string;
  /** When it was found to have connections and to be wanted no longer, in the clock's milliseconds. */
  readonly since: number;
  /** When it is removed whatever connections it has. */
  readonly deadline: number;
  /** Connections at the last look; `undefined` where they could not be read. */
  readonly connections: number | undefined;
}

/** A real server that was draining and is gone. */
export interface DrainedServer extends DrainingServer {
  /** When it went, in the clock's milliseconds. */
  readonly ended: number;
  /**
   * `drained`: its connections had ended. `timeout`: it was removed with those that it had. `removed`: it went with its
   * virtual server, or someone else removed it.
   */
  readonly reason: 'drained' | 'timeout' | 'removed';
}

/** What draining works on. */
export interface DrainingOptions {
  readonly table: Pick<RealServerTable, 'readUse'>;
  readonly ledger: TableLedger<RealServer>;
  readonly clock: Clock;
  readonly log: Log;
  /**
   * Milliseconds from the begin of draining to removal at most, for what is behind a virtual server, by its key; 0 to
   * keep none, `Infinity` to wait for ever. Asked at every look, so that another time counts for what drains already.
   */
  readonly timeoutOf: (virtualServer: string) => number;
  /** Told of every real server that is gone after it was draining. */
  readonly drained?: ((server: DrainedServer) => void) | undefined;
}

interface Item {
  readonly since: number;
  deadline: number;
  connections: number | undefined;
  /** Why it is to be removed now; `undefined` while it is to be kept. */
  reason: 'drained' | 'timeout' | undefined;
}

/** What is to be written of some removals, and which of them have not been looked at yet. */
export interface Departures {
  readonly changes: readonly Change<RealServer>[];
  readonly later: readonly Change<RealServer>[];
}

/** Connections by real server; `undefined` for a virtual server of which they could not be read. */
type Look = ReadonlyMap<string, ReadonlyMap<string, number> | undefined>;

/**
 * Lets TCP connections end before the real server that has them is removed: it takes no new ones from the moment it is
 * wanted no longer, and goes when the last one has ended or its time is over. Real servers without connections, and
 * those of UDP and SCTP, go at once: their flows move on by `expire_nodest_conn`.
 *
 * What drains is no state of its own: in the ledger it is a real server that waits for its removal, in the kernel one of
 * weight 0 that nobody wants. Kept here is only since when. So it survives a restart, with a new deadline, and one that
 * is wanted again needs no more than its weight.
 */
export class Draining {
  readonly #options: DrainingOptions;
  readonly #items = new Map<string, Item>();
  /** Virtual servers that have been looked at since a look fell due. */
  readonly #round = new Set<string>();
  #waiting = false;
  #lookDue = -Infinity;
  #looked = 0;

  constructor(options: DrainingOptions) {
    this.#options = options;
  }

  /** What is draining, the longest first. */
  servers(): DrainingServer[] {
    return [...this.#items].map(([key, item]) => serverOf(key, item));
  }

  /** Number of real servers for which nothing is to be written but that wait for their connections to end. */
  get quiet(): number {
    let quiet = 0;
    for (const key of this.#items.keys()) if (this.isQuiet(key)) quiet += 1;
    return quiet;
  }

  /** Whether nothing is to be written for a real server but to wait for its connections to end. */
  isQuiet(key: string): boolean {
    const { ledger } = this.#options;
    const item = this.#items.get(key);
    return (
      item !== undefined &&
      item.reason === undefined &&
      ledger.wanted(key) === undefined &&
      ledger.believed(key)?.weight === 0
    );
  }

  /** Whether removals wait for nothing but their turn to be looked at. */
  get waiting(): boolean {
    return this.#waiting;
  }

  /** When `departures` should be asked again, in the clock's milliseconds; `Infinity` where nothing is draining. */
  nextDue(): number {
    if (this.#waiting) return -Infinity;
    return this.#items.size === 0 ? Infinity : this.#lookDue;
  }

  /**
   * What is to be written now for real servers that are to be removed while their virtual server stays: their removal,
   * weight 0, or nothing. Reads the connections of those of which it must know them, once for each virtual server.
   * @param most virtual servers that are looked at; what is behind others is left for the next time
   */
  async departures(removals: readonly Change<RealServer>[], most = Infinity): Promise<Departures> {
    const { clock } = this.#options;
    const started = clock.now();
    const due = this.#lookDue <= started;
    const asked = removals.filter((removal) => this.#needsLook(removal, due));
    const look = await this.#look(asked, most, due);
    const later = asked.filter(({ before }) => before !== undefined && !look.has(before.virtualServer.key));
    this.#waiting = later.length > 0;
    if (due) this.#looked += clock.now() - started;
    const left = new Set(later);
    const now = removals.filter((removal) => !left.has(removal));
    return { changes: now.flatMap((removal) => this.#departure(removal, look) ?? []), later };
  }

  /** To be called after every write: forgets what is wanted again, and tells of what is gone. */
  settle(): void {
    const { ledger, clock } = this.#options;
    for (const [key, item] of this.#items) {
      if (ledger.wanted(key) !== undefined) this.#items.delete(key);
      else if (!ledger.isDirty(key)) this.#end(key, item);
    }
    if (this.#waiting || this.#lookDue > clock.now()) return;
    this.#lookDue = clock.now() + Math.max(shortestPause, restPerLook * this.#looked);
    this.#looked = 0;
    this.#round.clear();
  }

  async #look(asked: readonly Change<RealServer>[], most: number, due: boolean): Promise<Look> {
    const look = new Map<string, ReadonlyMap<string, number> | undefined>();
    for (const { before } of asked) {
      if (before === undefined || look.has(before.virtualServer.key)) continue;
      if (look.size >= most) break;
      const { virtualServer } = before;
      if (look.size % readAtOnce === readAtOnce - 1) await breathe();
      look.set(virtualServer.key, this.#read(virtualServer));
      if (due) this.#round.add(virtualServer.key);
    }
    return look;
  }

  /** One that only waits for its connections to end is looked at once in a round. */
  #needsLook({ key, before }: Change<RealServer>, due: boolean): boolean {
    if (before?.virtualServer.protocol !== 'TCP') return false;
    return !this.isQuiet(key) || (due && !this.#round.has(before.virtualServer.key));
  }

  #read(virtualServer: RealServer['virtualServer']): ReadonlyMap<string, number> | undefined {
    const { table, log } = this.#options;
    try {
      const uses = table.readUse(virtualServer);
      return new Map(uses.map(({ server, active, inactive }) => [server.key, active + inactive]));
    } catch (error) {
      const fields = { virtualServer: virtualServer.key, err: toError(error) };
      log.debug(fields, 'connections cannot be read: the real servers are taken as in use');
      return undefined;
    }
  }

  #departure(removal: Change<RealServer>, look: Look): Change<RealServer> | undefined {
    const { key, before } = removal;
    if (before?.virtualServer.protocol !== 'TCP') return removal;
    const connections = this.#connectionsOf(before, look);
    if (connections === 0 && !this.#items.has(key)) return removal;
    const item = this.#items.get(key) ?? this.#begin(key);
    item.deadline = item.since + this.#options.timeoutOf(before.virtualServer.key);
    item.connections = connections;
    item.reason = this.#reasonToRemove(item);
    if (item.reason !== undefined) return removal;
    return before.weight === 0 ? undefined : { key, before, after: { ...before, weight: 0 } };
  }

  /** By this look, or the last one that was at its virtual server. One that the kernel does not list has none. */
  #connectionsOf({ key, virtualServer }: RealServer, look: Look): number | undefined {
    if (!look.has(virtualServer.key)) return this.#items.get(key)?.connections;
    const uses = look.get(virtualServer.key);
    return uses && (uses.get(key) ?? 0);
  }

  #begin(key: string): Item {
    const since = this.#options.clock.now();
    const item: Item = { since, deadline: since, connections: undefined, reason: undefined };
    this.#items.set(key, item);
    return item;
  }

  #reasonToRemove({ connections, deadline }: Item): Item['reason'] {
    if (connections === 0) return 'drained';
    return deadline <= this.#options.clock.now() ? 'timeout' : undefined;
  }

  #end(key: string, item: Item): void {
    const { clock, log, drained } = this.#options;
    this.#items.delete(key);
    const { reason = 'removed' } = item;
    const server: DrainedServer = { ...serverOf(key, item), ended: clock.now(), reason };
    const fields = {
      key,
      connections: item.connections,
      milliseconds: Math.round(server.ended - item.since),
    };
    if (reason === 'timeout') {
      log.info(fields, 'a real server was removed with connections: its time for draining was over');
    } else {
      log.debug({ ...fields, reason }, 'a real server that was draining is gone');
    }
    drained?.(server);
  }
}

function serverOf(key: string, { since, deadline, connections }: Item): DrainingServer {
  return { key, since, deadline, connections };
}
