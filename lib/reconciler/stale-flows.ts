import type { Flow, FlowFilter, FlowTable } from '../kernel/flow-table.ts';
import { TableError } from '../kernel/table.ts';
import { familyOf, type IpFamily } from '../model/family.ts';
import { type RealServer, realServerKey } from '../model/real-server.ts';
import { type VirtualServer, type VirtualServerId, virtualServerKey } from '../model/virtual-server.ts';
import type { Clock } from '../model/clock.ts';
import { toError } from './errors.ts';
import type { TableLedgers } from './ledger.ts';
import type { Log } from './log.ts';
import type { PendingTables } from './transaction.ts';

/** Milliseconds until flows are looked for again after that has failed. */
const pauseAfterFailure = 60_000;

/** A pause is at least so many times as long as the look before it, so that looking never takes much of the processor. */
const restPerLook = 20;

/** Virtual servers that one log line names at most. */
const longestList = 20;

/** One look for stale flows of a family. */
export interface FlowsReport {
  readonly family: IpFamily;
  /** Flows that the kernel has been made to forget. */
  readonly forgotten: number;
  readonly milliseconds: number;
}

/** What stale flows are found by. */
export interface StaleFlowsOptions {
  /** Without one nothing is ever looked for. */
  readonly table: FlowTable | undefined;
  readonly ledgers: Pick<TableLedgers, 'virtualServers' | 'realServers'>;
  /** What is wanted behind a virtual server, by its key. */
  readonly realServersOf: (virtualServer: string) => readonly RealServer[];
  readonly clock: Clock;
  readonly log: Log;
  readonly looked?: ((report: FlowsReport) => void) | undefined;
}

/**
 * Has the kernel forget flows that no longer lead where they should. What connection tracking remembers of a flow it
 * applies to every packet of it: no rule of the nat table sees a flow again, and one that another program has sent to a
 * pod never comes to IPVS at all. A client that keeps sending from one port keeps such a flow for ever. So once a real
 * server has gone, or the first one of a virtual server has come, the flows to that virtual server whose answers are
 * expected from anywhere but its real servers are forgotten; and those of every virtual server once after the start.
 *
 * TCP is left out: its connections end by themselves, and real servers that have some are drained.
 */
export class StaleFlows {
  readonly #options: StaleFlowsOptions;
  /** Virtual servers to look at, by key, those that are gone included. */
  #affected = new Map<string, VirtualServerId>();
  #begun = false;
  #earliest = -Infinity;
  #failure = '';

  constructor(options: StaleFlowsOptions) {
    this.#options = options;
  }

  /** When `forget` should be called even if nothing is written; `Infinity` where there is nothing to look for. */
  nextDue(): number {
    return this.#affected.size === 0 ? Infinity : this.#earliest;
  }

  /** To be called once when every service is planned: every virtual server is to be looked at. */
  begin(): void {
    if (this.#begun || this.#options.table === undefined) return;
    this.#begun = true;
    for (const server of this.#options.ledgers.virtualServers.entries()) {
      if (server.protocol !== 'TCP') this.#affected.set(server.key, server);
    }
  }

  /** Notes which virtual servers are to be looked at when this is written. */
  note({ virtualServers, realServers }: Pick<PendingTables, 'virtualServers' | 'realServers'>): void {
    if (!this.#begun) return;
    for (const { key, before, after } of [...virtualServers.upserts, ...virtualServers.removals]) {
      if (before === undefined || after === undefined) this.#affect(key, after ?? before);
    }
    for (const { before } of realServers.removals) this.#affectBehind(before);
    this.#noteFirst(
      realServers.upserts.flatMap(({ before, after }) =>
        before === undefined && after !== undefined ? [after] : [],
      ),
    );
  }

  /** Looks for stale flows where there may be some, once for each family and protocol. Never rejects. */
  async forget(): Promise<void> {
    const { table, clock, looked } = this.#options;
    const started = clock.now();
    if (table === undefined || this.#affected.size === 0 || started < this.#earliest) return;
    const affected = this.#affected;
    this.#affected = new Map();
    try {
      const looks = await this.#look(table, affected);
      this.#earliest = clock.now() + restPerLook * (clock.now() - started);
      this.#tell(
        affected,
        looks.reduce((sum, { forgotten }) => sum + forgotten, 0),
      );
      for (const look of looks) looked?.(look);
    } catch (error) {
      this.#fail(affected, toError(error));
    }
  }

  async #look(table: FlowTable, affected: ReadonlyMap<string, VirtualServerId>): Promise<FlowsReport[]> {
    const { clock } = this.#options;
    const looks = new Map<IpFamily, FlowsReport>();
    for (const filter of filtersOf(affected.values())) {
      const { family } = filter;
      const began = clock.now();
      const flows = await table.forget(filter, (flow) => this.#isStale(flow, affected));
      const { forgotten, milliseconds } = looks.get(family) ?? { forgotten: 0, milliseconds: 0 };
      const took = milliseconds + clock.now() - began;
      looks.set(family, { family, forgotten: forgotten + flows, milliseconds: took });
    }
    return [...looks.values()];
  }

  /** Which of the real servers that come are the first of their virtual server: then all that are wanted come now. */
  #noteFirst(coming: readonly RealServer[]): void {
    const counts = new Map<string, number>();
    for (const { virtualServer } of coming) {
      if (virtualServer.protocol === 'TCP') continue;
      const count = (counts.get(virtualServer.key) ?? 0) + 1;
      counts.set(virtualServer.key, count);
      if (count === this.#options.realServersOf(virtualServer.key).length)
        this.#affect(virtualServer.key, virtualServer);
    }
  }

  #affectBehind(realServer: RealServer | undefined): void {
    if (realServer !== undefined) this.#affect(realServer.virtualServer.key, realServer.virtualServer);
  }

  #affect(key: string, server: VirtualServerId | VirtualServer | undefined): void {
    if (server !== undefined && server.protocol !== 'TCP') this.#affected.set(key, server);
  }

  #isStale({ protocol, destination, server }: Flow, affected: ReadonlyMap<string, VirtualServerId>): boolean {
    const key = virtualServerKey({ protocol, ...destination });
    if (!affected.has(key)) return false;
    return (
      this.#options.ledgers.realServers.wanted(realServerKey(key, server.address, server.port)) === undefined
    );
  }

  #tell(affected: ReadonlyMap<string, VirtualServerId>, forgotten: number): void {
    this.#failure = '';
    const virtualServers = [...affected.keys()].slice(0, longestList);
    const fields = { flows: forgotten, virtualServers, count: affected.size };
    if (forgotten > 0) this.#options.log.info(fields, 'flows that led to no endpoint were forgotten');
    else this.#options.log.debug(fields, 'no flow leads to an endpoint that is none');
  }

  /** What could not be looked at is looked at later. Told once for as long as the reason is the same. */
  #fail(affected: ReadonlyMap<string, VirtualServerId>, error: Error): void {
    const { clock, log } = this.#options;
    for (const [key, server] of affected) if (!this.#affected.has(key)) this.#affected.set(key, server);
    this.#earliest = clock.now() + pauseAfterFailure;
    const reason = error instanceof TableError ? error.code : error.message;
    if (this.#failure === reason) return;
    this.#failure = reason;
    log.warn(
      { err: error },
      'flows to endpoints that are gone cannot be forgotten: clients that keep their port may stay on them',
    );
  }
}

/** What to ask the kernel for: one filter for each family and protocol, as narrow as one for all of them can be. */
function filtersOf(servers: Iterable<VirtualServerId>): FlowFilter[] {
  const groups = new Map<string, FlowFilter>();
  for (const { protocol, address, port } of servers) {
    const family = familyOf(address);
    const name = `${family} ${protocol}`;
    const group = groups.get(name) ?? { family, protocol, address, port };
    groups.set(name, {
      family,
      protocol,
      address: group.address === address ? address : undefined,
      port: group.port === port ? port : undefined,
    });
  }
  return [...groups.values()];
}
