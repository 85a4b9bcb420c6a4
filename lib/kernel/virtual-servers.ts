import type { NetlinkError } from '../../native-bindings/error.ts';
import { hasCode } from '../../native-bindings/error.ts';
import type { IpvsBatch } from '../../native-bindings/ipvs-batch.ts';
import type { IpvsService } from '../../native-bindings/ipvs-values.ts';
import type { Ipvs } from '../../native-bindings/ipvs.ts';
import type { VirtualServer } from '../model/virtual-server.ts';
import { type BatchRules, type EntryBatch, orTableError, type Verb, writeInBatches } from './batch-write.ts';
import { sameVirtualServer } from './equality.ts';
import { ipvsServiceId, virtualServerId } from './ipvs-identity.ts';
import type { Change, Refusals, Table } from './table.ts';

/** The virtual servers of IPVS. Those matched by a firewall mark are not read. */
export class VirtualServers implements Table<VirtualServer> {
  readonly name = 'virtual-servers';
  readonly #ipvs: Ipvs;
  readonly #rules: BatchRules<VirtualServer>;

  constructor(ipvs: Ipvs) {
    this.#ipvs = ipvs;
    this.#rules = { table: this.name, begin: () => new VirtualServerBatch(ipvs.batch()), correct, explain };
  }

  // eslint-disable-next-line @typescript-eslint/require-await -- what it throws has to become a rejection
  async read(): Promise<ReadonlyMap<string, VirtualServer>> {
    const found = new Map<string, VirtualServer>();
    for (const service of orTableError(this.name, () => this.#ipvs.services())) {
      const server = virtualServerOf(service);
      if (server !== undefined) found.set(server.key, server);
    }
    return found;
  }

  apply(changes: readonly Change<VirtualServer>[]): Promise<Refusals> {
    return writeInBatches(changes, this.#rules);
  }

  equals(a: VirtualServer, b: VirtualServer): boolean {
    return sameVirtualServer(a, b);
  }
}

class VirtualServerBatch implements EntryBatch<VirtualServer> {
  readonly #batch: IpvsBatch;

  constructor(batch: IpvsBatch) {
    this.#batch = batch;
  }

  add(verb: Verb, server: VirtualServer): void {
    if (verb === 'delete') this.#batch.deleteService(ipvsServiceId(server));
    else if (verb === 'create') this.#batch.newService(ipvsServiceOf(server));
    else this.#batch.setService(ipvsServiceOf(server));
  }

  run(): readonly (NetlinkError | undefined)[] {
    return this.#batch.run();
  }
}

function ipvsServiceOf(server: VirtualServer): IpvsService {
  return {
    ...ipvsServiceId(server),
    scheduler: server.scheduler,
    flags: server.flags,
    timeout: server.timeout,
    netmask: server.persistencePrefix,
  };
}

function virtualServerOf(service: IpvsService): VirtualServer | undefined {
  const id = virtualServerId(service);
  if (id === undefined) return undefined;
  return {
    ...id,
    scheduler: service.scheduler,
    flags: service.flags,
    timeout: service.timeout,
    persistencePrefix: service.netmask,
  };
}

/** ip_vs_ctl.c: EEXIST for a service that is there, ESRCH for one that is not. */
function correct(verb: Verb, error: NetlinkError): Verb | 'done' | undefined {
  if (hasCode(error, 'EEXIST') && verb === 'create') return 'change';
  if (!hasCode(error, 'ESRCH')) return undefined;
  if (verb === 'delete') return 'done';
  return verb === 'change' ? 'create' : undefined;
}

/** ip_vs_ctl.c gives ENOENT for a service only where it finds no such scheduler. */
function explain(verb: Verb, server: VirtualServer, error: NetlinkError): string {
  if (hasCode(error, 'ENOENT') && verb !== 'delete') {
    return (
      `${server.key}: the kernel has no scheduler \`${server.scheduler}\`; ` +
      `load ip_vs_${server.scheduler} (modprobe ip_vs_${server.scheduler}) or choose another scheduler`
    );
  }
  if (hasCode(error, 'EAFNOSUPPORT')) {
    return `${server.key}: the kernel's IPVS has no IPv6; use a kernel with CONFIG_IP_VS_IPV6, or IPv4 services only`;
  }
  return `${server.key}: ${error.message}`;
}
