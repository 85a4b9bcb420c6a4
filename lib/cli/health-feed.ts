import type { ProxyHealth } from '../health/proxy-health.ts';
import type { ServiceHealthServers } from '../health/service-health-servers.ts';
import type { ServicePlan } from '../model/plan.ts';
import type { ServiceKey } from '../model/service.ts';
import type { ReconcilerListener, ReconcilerStatus } from '../reconciler/reports.ts';
import { isCommon, kernelTroubles } from './kernel-health.ts';

/** What a HealthFeed ties together. */
export interface HealthFeedOptions {
  readonly health: Pick<ProxyHealth, 'queued' | 'settled' | 'written' | 'audited' | 'troubled'>;
  readonly servers: Pick<ServiceHealthServers, 'has' | 'set'>;
  readonly reconciler: () => {
    readonly written: number;
    status(): Pick<ReconcilerStatus, 'refused' | 'failed' | 'lastAudit'>;
  };
}

/** Tells the servers of health what the reconciler does. */
export class HealthFeed {
  readonly #options: HealthFeedOptions;
  /** Of services with a health check port, planned and not yet written. */
  readonly #planned = new Map<ServiceKey, ServicePlan['health']>();
  /** Whether there is, or was, trouble: the status, which costs more the more there is, is read only then. */
  #troubled = false;

  constructor(options: HealthFeedOptions) {
    this.#options = options;
  }

  /** A change was asked for. */
  queued(revision: number): void {
    this.#options.health.queued(revision);
  }

  /** Everything that there was at the start has been written once. */
  settled(): void {
    this.#options.health.settled();
  }

  /** A service was planned, or is gone. Its port answers accordingly as soon as the plan is written. */
  planned(service: ServiceKey, plan: ServicePlan | undefined): void {
    const health = plan?.health;
    if (health !== undefined || this.#planned.has(service) || this.#options.servers.has(service)) {
      this.#planned.set(service, health);
    }
  }

  /** For the reconciler. */
  get listener(): ReconcilerListener {
    return {
      refused: (entry) => {
        this.#troubled ||= isCommon(entry);
      },
      tableFailed: () => {
        this.#troubled = true;
      },
      audited: (report) => {
        this.#troubled ||= report.failures.length > 0;
        this.#options.health.audited(report.milliseconds);
      },
      synced: () => {
        this.#publish();
        this.#options.health.written(this.#options.reconciler().written);
        if (this.#troubled) this.#look();
      },
    };
  }

  #publish(): void {
    for (const [service, health] of this.#planned) this.#options.servers.set(service, health);
    this.#planned.clear();
  }

  #look(): void {
    const troubles = kernelTroubles(this.#options.reconciler().status());
    this.#troubled = troubles.length > 0;
    this.#options.health.troubled(troubles);
  }
}
