import type { Logger } from 'pino';
import type { Catalog } from '../catalog/catalog.ts';
import type { Problem } from '../model/problem.ts';
import type { ServiceKey } from '../model/service.ts';
import { systemClock } from '../reconciler/clock.ts';
import { EventRecorder } from '../sources/kubernetes/event-recorder.ts';
import type { KernelTroubles } from './service-facts.ts';
import type { ClusterAccess } from './service-source.ts';
import { ServiceTroubles } from './service-troubles.ts';

/** What OwnerReports are put together from. */
export interface OwnerReportsOptions {
  readonly cluster: Pick<ClusterAccess, 'api' | 'followProblems'>;
  /** The name of this node. */
  readonly node: string;
  readonly catalog: Pick<Catalog, 'keys' | 'get'>;
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

  /** These are what is not followed in a service, none where it is gone. */
  found(service: ServiceKey, problems: readonly Problem[]): void {
    this.#troubles.planned(service, problems);
  }

  /** The health check port of a service is not served, and why; or, with undefined, it is. */
  healthCheck(service: ServiceKey, trouble: string | undefined): void {
    this.#troubles.healthCheck(service, trouble);
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
