import type { Logger } from 'pino';
import type { Catalog } from '../catalog/catalog.ts';
import type { ServiceKey } from '../model/service.ts';
import { serviceProblems } from '../planner/service-problems.ts';
import { systemClock } from '../reconciler/clock.ts';
import { EventRecorder } from '../sources/kubernetes/event-recorder.ts';
import type { Planning } from './planning.ts';
import type { KernelTroubles } from './service-facts.ts';
import type { ClusterAccess } from './service-source.ts';
import { ServiceTroubles } from './service-troubles.ts';

/** What OwnerReports are put together from. */
export interface OwnerReportsOptions {
  readonly cluster: Pick<ClusterAccess, 'api' | 'followProblems'>;
  /** The name of this node. */
  readonly node: string;
  readonly catalog: Pick<Catalog, 'keys' | 'get'>;
  readonly planning: Pick<Planning, 'node' | 'options'>;
  readonly log: Logger;
  /** What keeps services from the kernel now. */
  readonly kernel: () => KernelTroubles;
}

/** What this node tells the owners of services by Kubernetes Events: all that keeps these from being served here. */
export class OwnerReports {
  readonly #options: OwnerReportsOptions;
  readonly #recorder: EventRecorder;
  readonly #troubles: ServiceTroubles;

  constructor(options: OwnerReportsOptions) {
    const { cluster, node, catalog, log, kernel } = options;
    this.#options = options;
    this.#recorder = new EventRecorder({ api: cluster.api, node, log });
    this.#troubles = new ServiceTroubles({ events: this.#recorder, catalog, clock: systemClock, kernel });
  }

  /** For the reconciler. */
  get listener(): ServiceTroubles['listener'] {
    return this.#troubles.listener;
  }

  /** A service is planned, or is gone. Never throws, for that it is served matters more than that it is told of. */
  planned(key: ServiceKey): void {
    const { catalog, planning, log } = this.#options;
    try {
      const service = catalog.get(key)?.service;
      this.#troubles.planned(key, service ? serviceProblems(service, planning.node, planning.options) : []);
    } catch (error) {
      log.error({ service: key, err: error }, 'it could not be found out what is wrong in a service');
    }
  }

  /** Begins with what the source has found by now. */
  start(): void {
    this.#options.cluster.followProblems((problems) => {
      this.#troubles.decoded(problems);
    });
  }

  /** Ends. What has not been sent is not told. */
  async stop(): Promise<void> {
    this.#troubles.stop();
    await this.#recorder.stop();
  }
}
