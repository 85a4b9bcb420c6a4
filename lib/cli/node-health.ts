import type { Logger } from 'pino';
import type { Configuration } from '../config/configuration.ts';
import { contentOf } from '../config/written-file.ts';
import { HttpListener, type Place } from '../health/http-listener.ts';
import type { ListenError } from '../health/listen-error.ts';
import { isEligible } from '../health/node-eligibility.ts';
import { type HealthState, ProxyHealth } from '../health/proxy-health.ts';
import { type HealthRoutes, proxyHealthRoutes } from '../health/proxy-health-routes.ts';
import { json, type PiecedReply, type Reply, text } from '../health/reply.ts';
import { router, type Routes } from '../health/router.ts';
import type { KernelFacts } from '../metrics/kernel-metrics.ts';
import { Metrics } from '../metrics/metrics.ts';
import type { BuildFacts } from '../metrics/node-metrics.ts';
import type { BindAddress } from '../model/bind-address.ts';
import type { IpFamily } from '../model/family.ts';
import { systemClock } from '../reconciler/clock.ts';
import type { NetlinkMeters } from './netlink-meters.ts';
import type { ServiceSource } from './service-source.ts';
import { isFromHere, type Verbosity, verbosityRoute } from './verbosity.ts';

/** Milliseconds: Prometheus waits for 10 seconds unless told otherwise, and for a minute where it is told so. */
const longestScrape = 60_000;

/** By which `/configz` of kube-proxy has its configuration. */
const configurationName = 'kubeproxy.config.k8s.io';

/** What a NodeHealth needs. */
export interface NodeHealthOptions {
  readonly configuration: Configuration;
  readonly source: Pick<ServiceSource, 'cluster'>;
  /** The families that are served. */
  readonly families: readonly IpFamily[];
  readonly build: BuildFacts;
  readonly facts: () => KernelFacts;
  readonly netlink: Pick<NetlinkMeters, 'traffic'>;
  /** How much is logged, which who is on this machine may change. */
  readonly verbosity: Verbosity;
  readonly log: Logger;
}

/** The servers that tell how this node stands, from the start of the program to its end. */
export class NodeHealth {
  /** For whoever knows what becomes of changes. */
  readonly proxy: ProxyHealth;
  /** For whoever has something to count. */
  readonly metrics: Metrics;
  readonly #options: NodeHealthOptions;
  readonly #listeners: HttpListener[] = [];
  /** Until the Node has been read there is no reason to send clients elsewhere. */
  #eligible = true;

  constructor(options: NodeHealthOptions) {
    const { configuration, source, families, build, facts, netlink, log } = options;
    this.#options = options;
    this.metrics = new Metrics({
      watches: () => source.cluster?.watches ?? {},
      build,
      families,
      standing: () => this.state,
      kernel: facts,
      netlink: () => netlink.traffic,
    });
    source.cluster?.followRequests((request) => {
      this.metrics.requests.requested(request);
    });
    this.proxy = new ProxyHealth({ clock: systemClock, log, syncPeriod: configuration.syncPeriod });
    source.cluster?.nodeWatch.onChange((node) => {
      this.#setEligible(isEligible(node));
    });
  }

  /**
   * Begins to listen. Resolves when that has been tried once. Rejects with ListenError where it was in vain and that is
   * to end the program (`bindAddressHardFail`); else it is told and tried again.
   */
  async listen(): Promise<void> {
    const { configuration, families, verbosity } = this.#options;
    const { proxyMode, healthzBindAddress, metricsBindAddress, bindAddressHardFail } = configuration;
    const nodeEligible = (): boolean => this.#eligible;
    const answers = proxyHealthRoutes({ health: this.proxy, clock: systemClock, families, nodeEligible });
    const health = {
      '/healthz': this.#counted('healthz', answers),
      '/livez': this.#counted('livez', answers),
      '/readyz': answers['/readyz'],
    };
    this.metrics.process.start();
    const program: Routes = {
      '/healthz': () => text(200, 'ok'),
      '/proxyMode': () => text(200, proxyMode),
      '/metrics': () => this.#exposition(),
      '/debug/flags/v': verbosityRoute(verbosity, isFromHere),
      '/configz': () => json({ [configurationName]: contentOf(configuration) }),
    };
    const [error] = [
      ...(await this.#serve('health', healthzBindAddress, health)),
      ...(await this.#serve('metrics', metricsBindAddress, program, longestScrape)),
    ];
    if (error !== undefined && bindAddressHardFail) throw error;
  }

  /** How the node stands now, and whether it is to get new connections. */
  get state(): HealthState & { readonly eligible: boolean } {
    return { ...this.proxy.state, eligible: this.#eligible };
  }

  /** Closes every port and connection at once. */
  close(): void {
    this.metrics.process.stop();
    for (const listener of this.#listeners) listener.close();
  }

  #counted(path: 'healthz' | 'livez', routes: HealthRoutes): () => Reply {
    return () => {
      const reply = routes[`/${path}`]();
      this.metrics.rules.answered(path, reply.status);
      return reply;
    };
  }

  #exposition(): PiecedReply {
    return { status: 200, type: this.metrics.type, pieces: this.metrics.exposition() };
  }

  /** Gives why the first try was in vain, where it was. */
  async #serve(
    what: string,
    address: BindAddress | 'off',
    routes: Routes,
    longestConnection?: number,
  ): Promise<ListenError[]> {
    if (address === 'off') return [];
    const { log } = this.#options;
    let trouble: string | undefined;
    const listener = new HttpListener({
      place: placeOf(address),
      answer: router(routes, log),
      longestConnection,
      clock: systemClock,
      random: Math.random,
      told: (error) => {
        if (error === undefined) log.info({ ...address }, `${what} is served over HTTP`);
        else if (error.code !== trouble)
          log.error({ err: error }, `${what} is not served: it is tried again`);
        trouble = error?.code;
      },
    });
    this.#listeners.push(listener);
    const error = await listener.start();
    return error === undefined ? [] : [error];
  }

  #setEligible(eligible: boolean): void {
    if (this.#eligible === eligible) return;
    this.#eligible = eligible;
    const { log } = this.#options;
    if (eligible) log.info({}, 'the Node is to get new connections again');
    else log.warn({}, 'the Node goes or is gone: /healthz gets 503, so that load balancers leave it out');
  }
}

function placeOf({ address, port }: BindAddress): Place {
  return address === '0.0.0.0' || address === '::' ? { port } : { host: address, port };
}
