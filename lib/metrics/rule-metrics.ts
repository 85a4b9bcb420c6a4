import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import { type IpFamily } from '../model/family.ts';
import type { MissingLocalEndpoints } from '../model/plan.ts';
import type { ServiceKey } from '../model/service.ts';
import type { Watches } from './watch-metrics.ts';

/** The numbers from one to another, both included. */
function steps(from: number, to: number, by: number): number[] {
  return Array.from({ length: (to - from) / by + 1 }, (_, index) => from + index * by);
}

/** kube-proxy's, of `kubeproxy_network_programming_duration_seconds` (pkg/proxy/metrics): it has one of 0 too. */
const programmingBuckets = [0, 0.25, 0.5, ...steps(1, 59, 1), ...steps(60, 115, 5), ...steps(120, 300, 30)];

/** kube-proxy's, of what a pass takes: 15 from a millisecond on, each twice the last. */
const passBuckets = steps(0, 14, 1).map((power) => 0.001 * 2 ** power);

/** What is read when kube-proxy's metrics are asked for. */
export interface RuleFigures {
  readonly watches: Watches;
  /** Services that wait to be planned. */
  readonly pending: () => number;
  /** The families that are served. */
  readonly families: readonly IpFamily[];
}

/** The label of what kube-proxy has twice, once for each of its two halves. */
const familyLabel = ['ip_family'] as const;

type FamilyLabel = (typeof familyLabel)[number];

/** What every metric of kube-proxy's has here. */
interface Named {
  readonly name: string;
  readonly help: string;
  readonly registers: Registry[];
}

function named(registry: Registry, name: string, help: string): Named {
  return { name: `kubeproxy_${name}`, help, registers: [registry] };
}

function answersTo(path: string, registry: Registry): Counter<'code'> {
  const counter = new Counter({
    ...named(registry, `proxy_${path}_total`, `Answers to /${path}, by their status.`),
    labelNames: ['code'] as const,
  });
  // The first of a status would be no rise for Prometheus if there had been no 0 before.
  for (const code of ['200', '503']) counter.inc({ code }, 0);
  return counter;
}

/**
 * The metrics that kube-proxy has in its mode IPVS, by its names, labels and buckets. It works through each IP family by
 * itself, while one pass here serves all of them: that is told of each.
 */
export class RuleMetrics {
  readonly #families: readonly IpFamily[];
  readonly #programming: Histogram<FamilyLabel>;
  readonly #passes: Histogram<FamilyLabel>;
  readonly #queued: Gauge<FamilyLabel>;
  readonly #last: Gauge<FamilyLabel>;
  readonly #restoreFailures: Counter<FamilyLabel>;
  readonly #answers: Readonly<Record<'healthz' | 'livez', Counter<'code'>>>;
  readonly #flowPasses: Histogram<FamilyLabel>;
  readonly #flows: Counter<FamilyLabel>;
  readonly #missingLocal = new Map<ServiceKey, readonly MissingLocalEndpoints[]>();

  constructor(registry: Registry, figures: RuleFigures) {
    this.#families = figures.families;
    const byFamily = (name: string, help: string): Named & { labelNames: FamilyLabel[] } => ({
      ...named(registry, name, help),
      labelNames: [...familyLabel],
    });
    this.#programming = new Histogram({
      ...byFamily(
        'network_programming_duration_seconds',
        'From the begin of a change of endpoints until the kernel holds it.',
      ),
      buckets: programmingBuckets,
    });
    this.#passes = new Histogram({
      ...byFamily(
        'sync_proxy_rules_duration_seconds',
        'What it took to plan and write the changes of one pass.',
      ),
      buckets: passBuckets,
    });
    this.#queued = new Gauge(
      byFamily('sync_proxy_rules_last_queued_timestamp_seconds', 'When a change was last to be written.'),
    );
    this.#last = new Gauge(byFamily('sync_proxy_rules_last_timestamp_seconds', 'When the last pass ended.'));
    this.#restoreFailures = new Counter(
      byFamily(
        'sync_proxy_rules_iptables_restore_failures_total',
        'Times that iptables could not be read or written.',
      ),
    );
    this.#answers = { healthz: answersTo('healthz', registry), livez: answersTo('livez', registry) };
    this.#flowPasses = new Histogram({
      ...byFamily(
        'conntrack_reconciler_sync_duration_seconds',
        'What it took to look for flows to endpoints that are gone.',
      ),
      buckets: passBuckets,
    });
    this.#flows = new Counter(
      byFamily(
        'conntrack_reconciler_deleted_entries_total',
        'Flows that the kernel was made to forget because they led to no endpoint.',
      ),
    );
    this.#begin();
    registerChanges(registry, figures);
    this.#registerMissingLocal(registry);
  }

  /**
   * A change of endpoints is in the kernel, so many milliseconds after it began.
   * @param families those that its service is served in
   */
  programmed(milliseconds: number, families: readonly IpFamily[]): void {
    for (const ip_family of families) this.#programming.observe({ ip_family }, milliseconds / 1000);
  }

  /** A change waits to be written. */
  queued(): void {
    for (const ip_family of this.#families) this.#queued.setToCurrentTime({ ip_family });
  }

  /** A pass over changed services has ended. */
  passed(milliseconds: number): void {
    for (const ip_family of this.#families) {
      this.#passes.observe({ ip_family }, milliseconds / 1000);
      this.#last.setToCurrentTime({ ip_family });
    }
  }

  /** A service was planned; `undefined` where nothing is missing, or it is gone. */
  planned(service: ServiceKey, missing: readonly MissingLocalEndpoints[] | undefined): void {
    if (missing !== undefined && missing.length > 0) this.#missingLocal.set(service, missing);
    else this.#missingLocal.delete(service);
  }

  /** iptables of one family could not be written, or that of all could not be read. */
  restoreFailed(families: readonly IpFamily[] = this.#families): void {
    for (const ip_family of families) this.#restoreFailures.inc({ ip_family });
  }

  /** A health path was answered with a status. */
  answered(path: 'healthz' | 'livez', code: number): void {
    this.#answers[path].inc({ code: String(code) });
  }

  /** Flows of a family to endpoints that are gone were looked for. */
  flowsLookedAt(ip_family: IpFamily, milliseconds: number, forgotten: number): void {
    this.#flowPasses.observe({ ip_family }, milliseconds / 1000);
    this.#flows.inc({ ip_family }, forgotten);
  }

  /** Everything is there from the start, for the same reason. */
  #begin(): void {
    for (const ip_family of this.#families) {
      for (const histogram of [this.#programming, this.#passes, this.#flowPasses])
        histogram.zero({ ip_family });
      for (const gauge of [this.#queued, this.#last]) gauge.set({ ip_family }, 0);
      for (const counter of [this.#restoreFailures, this.#flows]) counter.inc({ ip_family }, 0);
    }
  }

  #registerMissingLocal(registry: Registry): void {
    const missing = this.#missingLocal;
    const families = this.#families;
    new Gauge({
      name: 'kubeproxy_sync_proxy_rules_no_local_endpoints_total',
      help: 'Services with a traffic policy Local and no endpoint on this node, by the policy.',
      ...{ registers: [registry], labelNames: ['traffic_policy', ...familyLabel] as const },
      collect() {
        this.reset();
        for (const policy of ['internal', 'external'] as const)
          for (const ip_family of families) this.set({ traffic_policy: policy, ip_family }, 0);
        for (const { policy, family } of [...missing.values()].flat())
          this.inc({ traffic_policy: policy, ip_family: family });
      },
    });
  }
}

/** What has changed, as the watches count it, and what of it waits. */
function registerChanges(registry: Registry, { watches, pending }: RuleFigures): void {
  for (const [kind, resource, what] of [
    ['endpoint', 'endpointslices', 'EndpointSlices'],
    ['service', 'services', 'Services'],
  ] as const) {
    new Counter({
      name: `kubeproxy_sync_proxy_rules_${kind}_changes_total`,
      help: `Changes of ${what} that have come.`,
      registers: [registry],
      collect() {
        this.reset();
        this.inc(watches()[resource]?.events ?? 0);
      },
    });
    new Gauge({
      name: `kubeproxy_sync_proxy_rules_${kind}_changes_pending`,
      help: `Services that wait to be planned; their ${what} may have changed, or what else their plans depend on.`,
      registers: [registry],
      collect() {
        this.set(pending());
      },
    });
  }
}
