import { Histogram, Registry } from 'prom-client';
import { registerWatchMetrics, type Watches } from './watch-metrics.ts';

/** The numbers from one to another, both included. */
function steps(from: number, to: number, by: number): number[] {
  return Array.from({ length: (to - from) / by + 1 }, (_, index) => from + index * by);
}

/** kube-proxy's, of `kubeproxy_network_programming_duration_seconds` (pkg/proxy/metrics). */
const programmingBuckets = [0.25, 0.5, ...steps(1, 59, 1), ...steps(60, 115, 5), ...steps(120, 300, 30)];

/** kube-proxy's, of `kubeproxy_sync_proxy_rules_duration_seconds`: 15 from a millisecond on, each twice the last. */
const syncBuckets = steps(0, 14, 1).map((power) => 0.001 * 2 ** power);

/** What the program counts of itself, for Prometheus. Those that kube-proxy has too bear its names and buckets. */
export class Metrics {
  readonly #registry = new Registry();
  readonly #programming: Histogram;
  readonly #syncs: Histogram;

  /** @param watches what is read from an API server; nothing where services come from elsewhere */
  constructor(watches: Watches) {
    const registers = [this.#registry];
    this.#programming = new Histogram({
      name: 'kubeproxy_network_programming_duration_seconds',
      help: 'From the begin of a change of endpoints until the kernel holds it.',
      ...{ buckets: programmingBuckets, registers },
    });
    this.#syncs = new Histogram({
      name: 'kubeproxy_sync_proxy_rules_duration_seconds',
      help: 'What it took to plan and write the changes of one pass.',
      ...{ buckets: syncBuckets, registers },
    });
    registerWatchMetrics(this.#registry, watches);
  }

  /** The media type of `text`. */
  get type(): string {
    return this.#registry.contentType;
  }

  /** A change of endpoints is in the kernel. */
  programmed(milliseconds: number): void {
    this.#programming.observe(milliseconds / 1000);
  }

  /** A pass over changed services has ended. */
  synced(milliseconds: number): void {
    this.#syncs.observe(milliseconds / 1000);
  }

  /** Everything in Prometheus' text format, as it is now. */
  text(): Promise<string> {
    return this.#registry.metrics();
  }
}
