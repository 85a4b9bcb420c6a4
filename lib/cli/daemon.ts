import type { Logger } from 'pino';
import type { Catalog } from '../catalog/catalog.ts';
import type { Configuration } from '../config/configuration.ts';
import { listeningHosts } from '../health/listening-hosts.ts';
import type { ProxyHealth } from '../health/proxy-health.ts';
import { ServiceHealthServers } from '../health/service-health-servers.ts';
import type { FlowTable } from '../kernel/flow-table.ts';
import type { ServerStatistics } from '../kernel/server-statistics.ts';
import type { KernelTables } from '../kernel/kernel-tables.ts';
import type { Metrics } from '../metrics/metrics.ts';
import type { Service, ServiceKey } from '../model/service.ts';
import { systemClock } from '../reconciler/clock.ts';
import type { TriggerTimes } from '../reconciler/programming-latency.ts';
import { Reconciler } from '../reconciler/reconciler.ts';
import { total } from '../reconciler/sync-tally.ts';
import { type ApiServers, apiServerService } from './api-servers.ts';
import { combinedListener } from './combined-listener.ts';
import type { DaemonSocket } from './daemon-socket.ts';
import type { Failure } from './failure.ts';
import { HealthFeed } from './health-feed.ts';
import { compactHeap } from './heap.ts';
import { NodeAddressWatch } from './node-address-watch.ts';
import { nodePortCidrs } from './node-addresses.ts';
import type { AddressReader } from './node-addresses.ts';
import { metricsListener, programFigures } from './metrics-feed.ts';
import { NodeFollower } from './node-follower.ts';
import { oldestFirst } from './oldest-first.ts';
import { OwnerReports } from './owner-reports.ts';
import type { Planning } from './planning.ts';
import { programmerOptions } from './programming.ts';
import type { ServiceSource, SourceNode } from './service-source.ts';
import { ServiceStatistics } from './service-statistics.ts';

/** The rooms that the daemon ties together. */
export interface DaemonOptions {
  readonly configuration: Configuration;
  readonly tables: KernelTables;
  readonly flows: FlowTable;
  readonly statistics: Pick<ServerStatistics, 'read'>;
  readonly route: AddressReader;
  readonly catalog: Catalog;
  readonly planning: Planning;
  /** Started: the catalog has everything there is. */
  readonly source: Pick<ServiceSource, 'cluster' | 'node'>;
  readonly apiServers: ApiServers;
  /** Told what becomes of changes. */
  readonly health: ProxyHealth;
  /** Told what there is to count. */
  readonly metrics: Metrics;
  /** Told what others may ask. */
  readonly socket: Pick<DaemonSocket, 'follow' | 'listener' | 'events'>;
  readonly log: Logger;
}

/** Changes of the source, of the node and of its addresses on their way to the kernel, until it is stopped. */
export class Daemon {
  readonly #options: DaemonOptions;
  readonly #reconciler: Reconciler;
  readonly #addresses: NodeAddressWatch;
  readonly #node: NodeFollower | undefined;
  readonly #owners: OwnerReports | undefined;
  readonly #healthServers: ServiceHealthServers;
  readonly #health: HealthFeed;
  readonly #statistics: ServiceStatistics | undefined;
  readonly #failed = Promise.withResolvers<never>();
  #primaryAddresses: readonly string[];
  #stopped = false;

  constructor(options: DaemonOptions) {
    const { configuration, tables, flows, route, planning, source, apiServers, log } = options;
    this.#options = options;
    this.#primaryAddresses = source.node.primaryAddresses;
    // Nobody need be waiting for a failure.
    this.#failed.promise.catch(() => undefined);
    this.#addresses = new NodeAddressWatch({
      reader: route,
      cidrs: () => nodePortCidrs(configuration.nodePortAddresses, this.#primaryAddresses),
      apiServers: () => apiServers.addresses,
      clock: systemClock,
      log,
      changed: (addresses) => {
        planning.node = { ...planning.node, ...addresses };
        this.#healthServers.listenAt(this.#healthHosts());
        this.#changed([...this.#exposedServices()]);
      },
    });
    planning.node = { ...planning.node, ...this.#addresses.current };
    this.#owners = this.#ownerReports();
    this.#healthServers = this.#makeHealthServers();
    this.#health = this.#makeHealthFeed();
    const programmer = programmerOptions(tables, planning, configuration, log, (service, problems) => {
      this.#owners?.found(service, problems);
    });
    this.#reconciler = new Reconciler({
      ...programmer,
      plan: (service) => {
        const began = systemClock.now();
        const plan = programmer.plan(service);
        options.metrics.phases.planned(systemClock.now() - began);
        this.#health.planned(service, plan);
        options.socket.events.planned(service, plan);
        options.metrics.rules.planned(service, plan?.missingLocal);
        return plan;
      },
      flows,
      syncPeriod: configuration.syncPeriod,
      minSyncPeriod: configuration.minSyncPeriod,
      listener: combinedListener(
        this.#health.listener,
        this.#owners?.listener ?? {},
        metricsListener(options.metrics),
        options.socket.listener,
        options.socket.events.listener,
        { audited: () => void this.#lookAround() },
      ),
    });
    options.metrics.follow(() => programFigures(this.#reconciler.status()));
    this.#statistics = this.#followServices();
    options.socket.follow(() => ({ reconciler: this.#reconciler.status(), node: planning.node }));
    this.#node = this.#follower();
  }

  /** Rejects with what only a new start of the program can take up; never resolves. */
  get failed(): Promise<never> {
    return this.#failed.promise;
  }

  /** Begins with everything that the source has handed in. */
  start(): void {
    const { catalog } = this.#options;
    catalog.takeChanged();
    catalog.onChange(() => {
      setImmediate(() => {
        const services = [...catalog.takeChanged()];
        this.#changed(services, catalog.takeTriggers());
        if (services.includes(apiServerService)) this.#addresses.refresh();
      });
    });
    this.#addresses.start();
    this.#reconciler.start(oldestFirst(catalog));
    this.#health.queued(this.#reconciler.status().revision);
    this.#node?.start();
    this.#owners?.start();
    void this.#reconciler.settled().then(() => {
      if (this.#stopped) return;
      this.#health.settled();
      this.#logReady();
      compactHeap();
    });
  }

  /** Ends, leaving the kernel as it is. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#statistics?.stop();
    this.#healthServers.close();
    this.#node?.stop();
    await this.#owners?.stop();
    await this.#addresses.stop();
    await this.#reconciler.stop();
  }

  #changed(services: readonly ServiceKey[], triggers?: TriggerTimes): void {
    const revision = this.#reconciler.changed(services, triggers);
    // With nothing to plan there is nothing that could wait.
    if (services.length === 0) return;
    this.#health.queued(revision);
    this.#options.metrics.rules.queued();
    this.#options.socket.events.queued();
  }

  /** Looks at what nobody tells of: addresses behind names, and modules of the kernel. */
  async #lookAround(): Promise<void> {
    const { planning, catalog, apiServers } = this.#options;
    await apiServers.resolve();
    if (this.#stopped) return;
    this.#addresses.refresh();
    this.#changed(planning.schedulersCome(catalog.keys()));
  }

  #makeHealthServers(): ServiceHealthServers {
    const { health, log } = this.#options;
    return new ServiceHealthServers(
      {
        healthy: () => health.state.healthy,
        clock: systemClock,
        random: Math.random,
        log,
        told: (service, trouble) => this.#owners?.healthCheck(service, trouble),
      },
      this.#healthHosts(),
    );
  }

  #makeHealthFeed(): HealthFeed {
    const { health } = this.#options;
    return new HealthFeed({ health, servers: this.#healthServers, reconciler: () => this.#reconciler });
  }

  /** Has the metrics tell what goes through services, where that is asked for, and the socket whose changes are. */
  #followServices(): ServiceStatistics | undefined {
    const { configuration, statistics, metrics, socket, log } = this.#options;
    const { serviceMetrics: level, serviceMetricsLimit: limit } = configuration;
    const { wanted } = this.#reconciler;
    const served = {
      virtualServers: () => wanted.tables.virtualServers.entries(),
      ownerOf: (virtualServer: string) => wanted.ownerOf(virtualServer),
    };
    socket.events.follow(served);
    if (level === 'off') return undefined;
    const reader = new ServiceStatistics({
      ...{ level, limit, served, kernel: statistics, clock: systemClock, log },
      worked: (milliseconds) => {
        metrics.phases.read('statistics', milliseconds);
      },
    });
    metrics.followServices(() => reader.read());
    return reader;
  }

  /** Where health check ports are served: where node ports are. */
  #healthHosts(): readonly (string | undefined)[] {
    const { configuration, planning } = this.#options;
    return listeningHosts({
      cidrs: nodePortCidrs(configuration.nodePortAddresses, this.#primaryAddresses),
      addresses: this.#addresses.current.addresses,
      families: planning.options.families,
    });
  }

  #follower(): NodeFollower | undefined {
    const { configuration, source, log } = this.#options;
    if (source.cluster === undefined) return undefined;
    return new NodeFollower({
      watch: source.cluster.nodeWatch,
      log,
      known: source.node,
      planForPodCidrs: configuration.detectLocalMode === 'NodeCIDR',
      changed: (node) => {
        this.#nodeChanged(node);
      },
      failed: (failure: Failure) => {
        this.#failed.reject(failure);
      },
    });
  }

  /** Owners of services are told through the API server that these come from. */
  #ownerReports(): OwnerReports | undefined {
    const { configuration, source, catalog, log } = this.#options;
    if (source.cluster === undefined) return undefined;
    return new OwnerReports({
      cluster: source.cluster,
      node: configuration.nodeName,
      catalog,
      log,
      kernel: () => this.#reconciler.status(),
    });
  }

  #nodeChanged({ zone, addresses, primaryAddresses }: SourceNode): void {
    const { planning, catalog } = this.#options;
    const moved = planning.node.zone !== zone;
    this.#primaryAddresses = primaryAddresses;
    planning.node = { ...planning.node, zone, statusAddresses: addresses };
    this.#addresses.refresh();
    this.#changed([...(moved ? catalog.keys() : this.#exposedServices())]);
  }

  /** Says once that the kernel is as it should be, and how much of it was not: 0 writes after a restart. */
  #logReady(): void {
    const { services, writes, refused } = this.#reconciler.status();
    const fields = { services, writes: total(writes) };
    const { log } = this.#options;
    if (refused.length === 0) log.info(fields, 'ready: every service is programmed');
    else log.warn({ ...fields, refused: refused.length }, 'ready, but for what the kernel refused');
  }

  *#exposedServices(): Generator<ServiceKey> {
    const { catalog } = this.#options;
    for (const key of catalog.keys()) {
      const service = catalog.get(key)?.service;
      if (service !== undefined && isExposed(service)) yield key;
    }
  }
}

/** Whether what is planned for a service depends on the addresses of the node. */
function isExposed({ ports, externalIPs, loadBalancerIngress }: Service): boolean {
  return (
    externalIPs.length > 0 || loadBalancerIngress.length > 0 || ports.some(({ nodePort }) => nodePort > 0)
  );
}
