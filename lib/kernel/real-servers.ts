import { setImmediate } from 'node:timers/promises';
import type { NetlinkError } from '../../native-bindings/error.ts';
import { hasCode } from '../../native-bindings/error.ts';
import type { IpvsBatch } from '../../native-bindings/ipvs-batch.ts';
import type { IpvsDestination } from '../../native-bindings/ipvs-values.ts';
import type { Ipvs } from '../../native-bindings/ipvs.ts';
import type { Keyed } from '../model/keyed.ts';
import { type Forwarding, type RealServer, realServerKey } from '../model/real-server.ts';
import type { VirtualServerId } from '../model/virtual-server.ts';
import { type BatchRules, type EntryBatch, orTableError, type Verb, writeInBatches } from './batch-write.ts';
import { sameRealServer } from './equality.ts';
import { ipvsServiceId, virtualServerId } from './ipvs-identity.ts';
import type { RealServerTable, RealServerUse } from './real-server-table.ts';
import type { Change, Refusals } from './table.ts';

/** Virtual servers whose real servers are read between two turns of the event loop. */
const readAtOnce = 64;

/** The real servers of IPVS, of every virtual server that is not matched by a firewall mark. */
export class RealServers implements RealServerTable {
  readonly name = 'real-servers';
  readonly #ipvs: Ipvs;
  readonly #rules: BatchRules<RealServer>;

  constructor(ipvs: Ipvs) {
    this.#ipvs = ipvs;
    this.#rules = { table: this.name, begin: () => new RealServerBatch(ipvs.batch()), correct, explain };
  }

  async read(): Promise<ReadonlyMap<string, RealServer>> {
    const found = new Map<string, RealServer>();
    const services = orTableError(this.name, () => this.#ipvs.services());
    for (const [index, service] of services.entries()) {
      if (index % readAtOnce === readAtOnce - 1) await setImmediate();
      const id = virtualServerId(service);
      if (id === undefined) continue;
      for (const { server } of this.readUse(id)) found.set(server.key, server);
    }
    return found;
  }

  readUse(virtualServer: VirtualServerId & Keyed): readonly RealServerUse[] {
    const destinations = orTableError(this.name, () => this.#ipvs.destinations(ipvsServiceId(virtualServer)));
    return destinations.map((destination) => ({
      server: realServerOf(virtualServer, destination),
      active: destination.activeConnections ?? 0,
      inactive: destination.inactiveConnections ?? 0,
    }));
  }

  apply(changes: readonly Change<RealServer>[]): Promise<Refusals> {
    return writeInBatches(changes, this.#rules);
  }

  equals(a: RealServer, b: RealServer): boolean {
    return sameRealServer(a, b);
  }
}

class RealServerBatch implements EntryBatch<RealServer> {
  readonly #batch: IpvsBatch;

  constructor(batch: IpvsBatch) {
    this.#batch = batch;
  }

  add(verb: Verb, server: RealServer): void {
    const id = ipvsServiceId(server.virtualServer);
    if (verb === 'delete') this.#batch.deleteDestination(id, server);
    else if (verb === 'create') this.#batch.newDestination(id, ipvsDestinationOf(server));
    else this.#batch.setDestination(id, ipvsDestinationOf(server));
  }

  run(): readonly (NetlinkError | undefined)[] {
    return this.#batch.run();
  }
}

/** In the kernel's order: the index is its number (`IP_VS_CONN_F_*`, linux/ip_vs.h). */
const forwardings: readonly Forwarding[] = ['masquerade', 'local', 'tunnel', 'route', 'bypass'];

function ipvsDestinationOf(server: RealServer): IpvsDestination {
  return {
    address: server.address,
    port: server.port,
    weight: server.weight,
    forwarding: forwardings.indexOf(server.forwarding),
    upperThreshold: server.upperThreshold,
    lowerThreshold: server.lowerThreshold,
  };
}

function realServerOf(virtualServer: VirtualServerId & Keyed, destination: IpvsDestination): RealServer {
  const { address, port, weight, upperThreshold, lowerThreshold } = destination;
  return {
    key: realServerKey(virtualServer.key, address, port),
    virtualServer,
    address,
    port,
    weight,
    forwarding: forwardings[destination.forwarding] ?? 'masquerade',
    upperThreshold,
    lowerThreshold,
  };
}

/** ip_vs_ctl.c: EEXIST for a destination that is there, ENOENT for one that is not, ESRCH without its service. */
function correct(verb: Verb, error: NetlinkError): Verb | 'done' | undefined {
  if (verb === 'create') return hasCode(error, 'EEXIST') ? 'change' : undefined;
  if (verb === 'change') return hasCode(error, 'ENOENT') ? 'create' : undefined;
  return hasCode(error, 'ENOENT', 'ESRCH') ? 'done' : undefined;
}

function explain(_verb: Verb, server: RealServer, error: NetlinkError): string {
  return `${server.key}: ${meanings[error.code]?.(server) ?? error.message}`;
}

/** What the errnos of ip_vs_ctl.c mean for a real server. */
const meanings: Readonly<Record<string, (server: RealServer) => string>> = {
  ESRCH: ({ virtualServer }) =>
    `expected the virtual server ${virtualServer.key} to exist, got none; it was refused itself, or someone removed it`,
  ERANGE: ({ weight, upperThreshold, lowerThreshold }) =>
    'expected a weight of 0 or more and a lower threshold that is not above the upper one, ' +
    `got weight ${weight}, lower threshold ${lowerThreshold} and upper threshold ${upperThreshold}`,
  EINVAL: ({ address }) =>
    `expected an address that packets can be sent to, of the virtual server's family, got ${address}`,
};
