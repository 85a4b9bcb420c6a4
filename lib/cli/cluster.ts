import type { Logger } from 'pino';
import type { Catalog } from '../catalog/catalog.ts';
import type { Configuration } from '../config/configuration.ts';
import type { ServiceKey } from '../model/service.ts';
import type { ServiceState } from '../model/service-state.ts';
import { ApiClient } from '../sources/kubernetes/api-client.ts';
import type { LabelListener } from '../sources/objects/decoded.ts';
import { ReportingApi } from '../sources/kubernetes/reporting-api.ts';
import { Credentials } from '../sources/kubernetes/credentials.ts';
import type { ServerIdentity } from '../sources/kubernetes/kubeconfig.ts';
import { KubernetesSource } from '../sources/kubernetes/kubernetes-source.ts';
import { type NodeObject, NodeWatch } from '../sources/kubernetes/node.ts';
import type { ProblemListener } from '../sources/kubernetes/problem-listener.ts';
import { readServiceAhead } from '../sources/kubernetes/service-ahead.ts';
import { type ToldRequest, ToldTransport } from '../sources/kubernetes/told-transport.ts';
import { Transport } from '../sources/kubernetes/transport.ts';
import type { WatchCounters } from '../sources/kubernetes/watch-counters.ts';
import { systemClock } from '../sources/clock.ts';
import { programVersion } from './build-info.ts';
import { Failure } from './failure.ts';
import {
  type ClusterAccess,
  type ClusterTroubles,
  type ServiceSource,
  type SourceNode,
  unknownNode,
} from './service-source.ts';
import { sourceNode } from './source-node.ts';

/** What a Cluster needs. */
export interface ClusterOptions {
  readonly identity: ServerIdentity;
  readonly configuration: Pick<Configuration, 'nodeName' | 'nodeTimeout' | 'detectLocalMode'>;
  readonly catalog: Catalog;
  readonly log: Logger;
  readonly labelled?: LabelListener | undefined;
  /** Milliseconds that all of it may take to be read for the first time; without end unless told. */
  readonly patience?: number | undefined;
}

/** Services, slices and the own Node from an API server, all read at the same time. */
export class Cluster implements ServiceSource, ClusterAccess {
  readonly api: ReportingApi;
  /** The Node of this machine. */
  readonly nodeWatch: NodeWatch;
  readonly #options: ClusterOptions;
  readonly #credentials: Credentials;
  readonly #transport = new Transport({ userAgent: `kube-ipvs/${programVersion()}` });
  readonly #source: KubernetesSource;
  readonly #requestListeners: ((request: ToldRequest) => void)[] = [];
  readonly #ahead = new AbortController();
  #nodeRead: Promise<NodeObject> | undefined;
  #node = unknownNode;

  constructor(options: ClusterOptions) {
    const { identity, configuration, catalog, log, labelled, patience = Infinity } = options;
    this.#options = options;
    this.#credentials = new Credentials(identity, systemClock);
    const transport = new ToldTransport(this.#transport, (request) => {
      for (const listener of this.#requestListeners) listener(request);
    });
    this.api = new ReportingApi(new ApiClient(this.#credentials, transport), log);
    this.#source = new KubernetesSource({ api: this.api, catalog, log, labelled });
    this.nodeWatch = new NodeWatch({
      api: this.api,
      name: configuration.nodeName,
      log,
      limit: Math.min(configuration.nodeTimeout, patience),
      needsPodCIDRs: configuration.detectLocalMode === 'NodeCIDR',
    });
    this.nodeWatch.onChange((node) => {
      if (node !== undefined) this.#node = sourceNode(node);
    });
  }

  get server(): URL {
    const { server, proxy } = this.#options.identity;
    return proxy ?? server;
  }

  get cluster(): ClusterAccess {
    return this;
  }

  get watches(): Readonly<Record<string, WatchCounters>> {
    const { services, endpointSlices } = this.#source.counters;
    return { services, endpointslices: endpointSlices, nodes: this.nodeWatch.counters };
  }

  get troubles(): ClusterTroubles {
    const { services, endpointSlices } = this.#source.troubleOf;
    const watches = { services, endpointslices: endpointSlices, nodes: this.nodeWatch.trouble };
    return { server: this.api.trouble, watches };
  }

  followRequests(listener: (request: ToldRequest) => void): void {
    this.#requestListeners.push(listener);
  }

  followProblems(listener: ProblemListener): void {
    this.#source.followProblems(listener);
  }

  get node(): SourceNode {
    return this.#node;
  }

  /**
   * Sees that there are credentials, so that what can never work is told at once and not at every try. Rejects with
   * CredentialsError where a file or a program that is named for them is not there.
   */
  async checkCredentials(): Promise<void> {
    try {
      await this.#credentials.access();
    } catch (error) {
      if (!isPassing(error)) throw error;
    }
  }

  /** Rejects with NodeMissingError, and with Failure where it takes longer than there is patience for. */
  async start(): Promise<void> {
    this.#source.start();
    const complete = Promise.all([synced(this.#options.catalog), this.#readNode()]);
    const { patience } = this.#options;
    try {
      await (patience === undefined ? complete : this.#within(patience, complete));
    } finally {
      this.#ahead.abort();
    }
  }

  async readAhead(services: readonly ServiceKey[]): Promise<readonly ServiceState[]> {
    const { signal } = this.#ahead;
    const { api } = this;
    const [states] = await Promise.all([
      Promise.all(services.map((service) => readServiceAhead({ api, clock: systemClock, service, signal }))),
      this.#readNode(),
    ]);
    return states.filter((state) => state !== undefined);
  }

  async stop(): Promise<void> {
    this.#ahead.abort();
    await Promise.all([this.#source.stop(), this.nodeWatch.stop()]);
    this.#transport.close();
  }

  #readNode(): Promise<NodeObject> {
    this.#nodeRead ??= this.nodeWatch.start();
    return this.#nodeRead;
  }

  async #within(patience: number, complete: Promise<unknown>): Promise<void> {
    const { promise, reject } = Promise.withResolvers<never>();
    const timer = setTimeout(() => {
      // Where the Node alone is missing, its watch says so when it is ended.
      if (this.#trouble === undefined && this.#options.catalog.synced) void this.nodeWatch.stop();
      else reject(this.#late(patience));
    }, patience);
    try {
      await Promise.race([complete, promise]);
    } finally {
      clearTimeout(timer);
    }
  }

  #late(patience: number): Failure {
    const { origin } = this.#options.identity.server;
    const got = this.#trouble ?? 'nothing';
    return new Failure(
      'no-cluster',
      `expected everything from the API server ${origin} within ${patience / 1000} s, got: ${got}`,
      'mend that; the kernel is as it was',
    );
  }

  /** What keeps the server from being read now, if anything. */
  get #trouble(): string | undefined {
    const { server, watches } = this.troubles;
    return [server, ...Object.values(watches)].find((trouble) => trouble !== undefined);
  }
}

/** Resolves when everything there is has been handed in. */
function synced(catalog: Catalog): Promise<void> {
  if (catalog.synced) return Promise.resolve();
  return new Promise((resolve) => {
    const end = catalog.onChange(() => {
      if (!catalog.synced) return;
      end();
      resolve();
    });
  });
}

/** A program that gives credentials may need what is not there yet; one that is not there itself will not come. */
function isPassing(error: unknown): boolean {
  const cause: unknown = error instanceof Error ? error.cause : undefined;
  return cause instanceof Error && !('code' in cause);
}
