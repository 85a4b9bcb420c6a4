import { setImmediate as breathe } from 'node:timers/promises';
import { Registry } from 'prom-client';
import { type IpFamily, ipFamilies } from '../model/family.ts';
import { type KernelFacts, registerKernelMetrics } from './kernel-metrics.ts';
import { type NetlinkByTable, registerNetlinkMetrics } from './netlink-metrics.ts';
import {
  type BuildFacts,
  type NodeStanding,
  registerBuildMetrics,
  registerStandingMetrics,
} from './node-metrics.ts';
import { PhaseMetrics } from './phase-metrics.ts';
import { ProcessMetrics } from './process-metrics.ts';
import { RequestMetrics } from './request-metrics.ts';
import { RuleMetrics } from './rule-metrics.ts';
import {
  endpointFamilies,
  endpointLabel,
  serviceFamilies,
  type ServiceFamily,
  serviceLabels,
} from './service-families.ts';
import { droppedMetric, type ServiceReading } from './service-reading.ts';
import { type TableFigures, TableMetrics } from './table-metrics.ts';
import { registerWatchMetrics, type Watches } from './watch-metrics.ts';

/** What metrics are made of besides what they are told. */
export interface MetricsOptions {
  /** What is read from an API server; nothing where services come from elsewhere. */
  readonly watches: Watches;
  readonly build: BuildFacts;
  /** The families that are served. Both unless told. */
  readonly families?: readonly IpFamily[];
  /** How the node stands, asked at every scrape. It is well unless told. */
  readonly standing?: () => NodeStanding;
  /** Asked at every scrape, for iptables is looked at after the start. Nothing is known unless told. */
  readonly kernel?: () => KernelFacts;
  /** What has gone to and from the kernel. Nothing unless told. */
  readonly netlink?: NetlinkByTable;
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
  readonly phases: PhaseMetrics;
  readonly process: ProcessMetrics;
  readonly #registry = new Registry();
  #figures: (() => ProgramFigures) | undefined;
  #readServices: (() => Promise<ServiceReading | undefined>) | undefined;
  /** As they were when somebody asked last: many metrics are made of them. */
  #read: ProgramFigures | undefined;

  constructor(options: MetricsOptions) {
    const { watches, build, families = ipFamilies, standing = () => well } = options;
    const { kernel = () => unknownKernel, netlink = () => ({}) } = options;
    const registry = this.#registry;
    this.rules = new RuleMetrics(registry, {
      watches,
      families,
      pending: () => this.#read?.pendingServices ?? 0,
    });
    this.tables = new TableMetrics(registry, () => this.#read?.tables);
    registerWatchMetrics(registry, watches);
    this.requests = new RequestMetrics(registry);
    registerNetlinkMetrics(registry, netlink);
    this.phases = new PhaseMetrics(registry, watches);
    registerStandingMetrics(registry, standing);
    registerBuildMetrics(registry, build);
    registerKernelMetrics(registry, kernel);
    this.process = new ProcessMetrics(registry);
  }

  /** Says where to read how the tables stand; without argument that there are none. */
  follow(figures?: () => ProgramFigures): void {
    this.#figures = figures;
    if (figures !== undefined) this.tables.begin(Object.keys(figures().tables.entries));
  }

  /** Says where to read what goes through services, at every scrape; without argument that nowhere. */
  followServices(read?: () => Promise<ServiceReading | undefined>): void {
    this.#readServices = read;
  }

  /** Every metric that there is, in the order in which `exposition` has them. */
  described(): MetricDescription[] {
    const registered = this.#registry.getMetricsAsArray() as unknown as readonly RegisteredMetric[];
    return [
      ...registered.map(({ name, type, help, labelNames: labels }) => ({ name, type, help, labels })),
      ...serviceFamilies.map((family) => described(family, serviceLabels)),
      ...endpointFamilies.map((family) => described(family, [...serviceLabels, endpointLabel])),
      droppedMetric,
    ];
  }

  /** The media type of `text`. */
  get type(): string {
    return this.#registry.contentType;
  }

  /** All but what goes through services, in Prometheus' text format, as it is now. */
  async text(): Promise<string> {
    let text = '';
    for await (const piece of this.#own()) text += piece;
    return text;
  }

  /**
   * Everything, in pieces: there may be far more of services than is good to hold. A connection may take all of them at
   * once; the event loop turns after each all the same.
   */
  async *exposition(): AsyncGenerator<string, void> {
    yield* this.#own();
    const reading = await this.#readServices?.();
    for (const piece of reading?.text() ?? []) {
      yield piece;
      await breathe();
    }
  }

  async *#own(): AsyncGenerator<string, void> {
    this.#read = this.#figures?.();
    for (const { name } of this.#registry.getMetricsAsArray()) {
      yield `${await this.#registry.getSingleMetricAsString(name)}\n`;
      await breathe();
    }
  }
}

const well: NodeStanding = { healthy: true, eligible: true };

const unknownKernel: KernelFacts = { release: '', ipvs_version: '', connection_table_size: '', iptables: '' };

function described({ name, type, help, split }: ServiceFamily, labels: readonly string[]): MetricDescription {
  return { name, type, help, labels: split === undefined ? labels : [...labels, split[0]] };
}
