import { Registry } from 'prom-client';
import { type BuildFacts, registerNodeMetrics } from './node-metrics.ts';
import { ProcessMetrics } from './process-metrics.ts';
import { RequestMetrics } from './request-metrics.ts';
import { RuleMetrics } from './rule-metrics.ts';
import { type TableFigures, TableMetrics } from './table-metrics.ts';
import { registerWatchMetrics, type Watches } from './watch-metrics.ts';

/** What metrics are made of besides what they are told. */
export interface MetricsOptions {
  /** What is read from an API server; nothing where services come from elsewhere. */
  readonly watches: Watches;
  readonly build: BuildFacts;
}

/** What is known while services are programmed. */
export interface ProgramFigures {
  readonly tables: TableFigures;
  /** Services that wait to be planned. */
  readonly pendingServices: number;
}

/** One metric, as a reader of it wants to know it. */
export interface MetricDescription {
  readonly name: string;
  readonly type: 'counter' | 'gauge' | 'histogram';
  readonly help: string;
  readonly labels: readonly string[];
}

/** A metric of prom-client's as it is, of which its types leave the labels out. */
interface RegisteredMetric extends Omit<MetricDescription, 'labels'> {
  readonly labelNames: readonly string[];
}

/** What the program counts of itself, for Prometheus. Those that kube-proxy has too bear its names and buckets. */
export class Metrics {
  readonly rules: RuleMetrics;
  readonly tables: TableMetrics;
  readonly requests: RequestMetrics;
  readonly process: ProcessMetrics;
  readonly #registry = new Registry();
  #figures: (() => ProgramFigures) | undefined;
  /** As they were when somebody asked last: many metrics are made of them. */
  #read: ProgramFigures | undefined;

  constructor({ watches, build }: MetricsOptions) {
    const registry = this.#registry;
    this.rules = new RuleMetrics(registry, {
      watches,
      pending: () => this.#read?.pendingServices ?? 0,
    });
    this.tables = new TableMetrics(registry, () => this.#read?.tables);
    registerWatchMetrics(registry, watches);
    this.requests = new RequestMetrics(registry);
    registerNodeMetrics(registry, build);
    this.process = new ProcessMetrics(registry);
  }

  /** Says where to read how the tables stand; without argument that there are none. */
  follow(figures?: () => ProgramFigures): void {
    this.#figures = figures;
  }

  /** Every metric that there is, in the order in which `text` has them. */
  described(): MetricDescription[] {
    const registered = this.#registry.getMetricsAsArray() as unknown as readonly RegisteredMetric[];
    return registered.map(({ name, type, help, labelNames: labels }) => ({ name, type, help, labels }));
  }

  /** The media type of `text`. */
  get type(): string {
    return this.#registry.contentType;
  }

  /** Everything in Prometheus' text format, as it is now. */
  text(): Promise<string> {
    this.#read = this.#figures?.();
    return this.#registry.metrics();
  }
}
