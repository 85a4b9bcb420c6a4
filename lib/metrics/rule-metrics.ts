import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
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
}

/**
 * The metrics that kube-proxy has in its mode IPVS, by its names and with its buckets. Where it has a label `ip_family` there is
 * none here, for one pass serves both.
 */
export class RuleMetrics {
  readonly #programming: Histogram;
  readonly #passes: Histogram;
  readonly #queued: Gauge;
  readonly #last: Gauge;
  readonly #restoreFailures: Counter;
  readonly #answers: Readonly<Record<'healthz' | 'livez', Counter<'code'>>>;
  readonly #flowPasses: Histogram;
  readonly #flows: Counter;
  readonly #missingLocal = new Map<ServiceKey, readonly MissingLocalEndpoints[]>();

  constructor(registry: Registry, figures: RuleFigures) {
    const registers = [registry];
    const named = (name: string, help: string): { name: string; help: string; registers: Registry[] } => ({
      name: `kubeproxy_${name}`,
      help,
      registers,
    });
    this.#programming = new Histogram({
      ...named(
        'network_programming_duration_seconds',
        'From the begin of a change of endpoints until the kernel holds it.',
      ),
      buckets: programmingBuckets,
    });
    this.#passes = new Histogram({
      ...named(
        'sync_proxy_rules_duration_seconds',
        'What it took to plan and write the changes of one pass.',
      ),
      buckets: passBuckets,
    });
    this.#queued = new Gauge(
      named('sync_proxy_rules_last_queued_timestamp_seconds', 'When a change was last to be written.'),
    );
    this.#last = new Gauge(named('sync_proxy_rules_last_timestamp_seconds', 'When the last pass ended.'));
    this.#restoreFailures = new Counter(
      named(
        'sync_proxy_rules_iptables_restore_failures_total',
        'Times that iptables could not be read or written.',
      ),
    );
    const answers = (path: string): Counter<'code'> => {
      const counter = new Counter({
        ...named(`proxy_${path}_total`, `Answers to /${path}, by their status.`),
        labelNames: ['code'] as const,
      });
      // The first of a status would be no rise for Prometheus if there had been no 0 before.
      for (const code of ['200', '503']) counter.inc({ code }, 0);
      return counter;
    };
    this.#answers = { healthz: answers('healthz'), livez: answers('livez') };
    this.#flowPasses = new Histogram({
      ...named(
        'conntrack_reconciler_sync_duration_seconds',
        'What it took to look for flows to endpoints that are gone.',
      ),
      buckets: passBuckets,
    });
    this.#flows = new Counter(
      named(
        'conntrack_reconciler_deleted_entries_total',
        'Flows that the kernel was made to forget because they led to no endpoint.',
      ),
    );
    registerChanges(registry, figures);
    this.#registerMissingLocal(registry);
  }

  /** A change of endpoints is in the kernel, so many milliseconds after it began. */
  programmed(milliseconds: number): void {
    this.#programming.observe(milliseconds / 1000);
  }

  /** A change waits to be written. */
  queued(): void {
    this.#queued.setToCurrentTime();
  }

  /** A pass over changed services has ended. */
  passed(milliseconds: number): void {
    this.#passes.observe(milliseconds / 1000);
    this.#last.setToCurrentTime();
  }

  /** A service was planned; `undefined` where nothing is missing, or it is gone. */
  planned(service: ServiceKey, missing: readonly MissingLocalEndpoints[] | undefined): void {
    if (missing !== undefined && missing.length > 0) this.#missingLocal.set(service, missing);
    else this.#missingLocal.delete(service);
  }

  /** iptables could not be read or written. */
  restoreFailed(): void {
    this.#restoreFailures.inc();
  }

  /** A health path was answered with a status. */
  answered(path: 'healthz' | 'livez', code: number): void {
    this.#answers[path].inc({ code: String(code) });
  }

  /** Flows to endpoints that are gone were looked for. */
  flowsLookedAt(milliseconds: number, forgotten: number): void {
    this.#flowPasses.observe(milliseconds / 1000);
    this.#flows.inc(forgotten);
  }

  #registerMissingLocal(registry: Registry): void {
    const missing = this.#missingLocal;
    new Gauge({
      name: 'kubeproxy_sync_proxy_rules_no_local_endpoints_total',
      help: 'Services with a traffic policy Local and no endpoint on this node, by the policy.',
      ...{ registers: [registry], labelNames: ['traffic_policy'] as const },
      collect() {
        for (const policy of ['internal', 'external'] as const) {
          const without = [...missing.values()].filter((each) => each.some((one) => one.policy === policy));
          this.set({ traffic_policy: policy }, without.length);
        }
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
