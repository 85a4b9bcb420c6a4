import { Counter, Gauge, Histogram, type Registry } from 'prom-client';

/** Amounts by the name of a table. */
export type ByTable = Readonly<Record<string, number>>;

/** How the tables of the kernel stand. */
export interface TableFigures {
  /** Entries that are wanted. */
  readonly entries: ByTable;
  /** Entries that wait to be written, refused ones included. */
  readonly pending: ByTable;
  /** Changes written since the start. */
  readonly writes: ByTable;
  /** Entries that the kernel refuses now. */
  readonly refused: ByTable;
  /** Tables of which it is not known now what they hold. */
  readonly unknown: ByTable;
  /** Services that have something in the kernel. */
  readonly services: number;
  /** Services whose plan cannot be made. */
  readonly unplanned: number;
  /** Virtual servers without any real server: they refuse. */
  readonly endpointless: number;
  /** Virtual servers that several services want. */
  readonly contended: number;
  /** Real servers that are wanted no longer and kept for their connections. */
  readonly draining: number;
}

/** What one pass took, in milliseconds. */
export interface PassTimes {
  readonly plan: number;
  readonly write: ByTable;
}

/** What an audit may find of an entry. */
const driftKinds = ['missing', 'different', 'extra'] as const;

type NumberOf = 'services' | 'unplanned' | 'endpointless' | 'contended' | 'draining';

const gaugesByTable = [
  ['entries', 'entries', 'Entries that are wanted.'],
  ['pending_entries', 'pending', 'Entries that wait to be written, refused ones included.'],
  ['refused_entries', 'refused', 'Entries that the kernel refuses, and that are tried again.'],
  ['unknown_tables', 'unknown', 'Tables that could not be read or written: 1, and tried again.'],
] as const satisfies readonly (readonly [string, keyof TableFigures, string])[];

const gauges = [
  ['services', 'services', 'Services that have something in the kernel.'],
  ['unplanned_services', 'unplanned', 'Services whose plan cannot be made: what they had stays in force.'],
  [
    'virtual_servers_without_endpoints',
    'endpointless',
    'Virtual servers behind which there is no endpoint that takes connections or may: they refuse.',
  ],
  ['contended_virtual_servers', 'contended', 'Virtual servers that several services want.'],
  [
    'draining_real_servers',
    'draining',
    'Real servers that are wanted no longer and kept for their connections.',
  ],
] as const satisfies readonly (readonly [string, NumberOf, string])[];

/** An audit takes milliseconds on a small node and seconds on a large one. */
const auditBuckets = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];

/** What becomes of the tables of the kernel: `kube_ipvs_*` with the label `table`. */
export class TableMetrics {
  readonly #refusals: Counter<'table'>;
  readonly #drift: Counter<'table' | 'kind'>;
  readonly #audits: Histogram;
  readonly #lastAudit: Gauge;
  readonly #drained: Counter<'reason'>;
  readonly #planning: Counter;
  readonly #writing: Counter<'table'>;

  /** @param figures how the tables stand; undefined while nothing is programmed yet */
  constructor(registry: Registry, figures: () => TableFigures | undefined) {
    const registers = [registry];
    registerFigures(registry, figures);
    this.#refusals = new Counter({
      name: 'kube_ipvs_refusals_total',
      help: 'Times that the kernel refused an entry for a new reason.',
      ...{ registers, labelNames: ['table'] as const },
    });
    this.#drift = new Counter({
      name: 'kube_ipvs_drift_total',
      help: 'Entries of the kernel that were not as they had been left, by what was found.',
      ...{ registers, labelNames: ['table', 'kind'] as const },
    });
    this.#audits = new Histogram({
      name: 'kube_ipvs_audit_duration_seconds',
      help: 'What it took to read the tables back and compare them, with what was written between.',
      ...{ registers, buckets: auditBuckets },
    });
    this.#lastAudit = new Gauge({
      name: 'kube_ipvs_audit_last_timestamp_seconds',
      help: 'When the last audit ended; nothing before the first has.',
      registers,
    });
    // 0 would be a moment too: an age of half a century, in every graph of it.
    this.#lastAudit.remove();
    this.#drained = new Counter({
      name: 'kube_ipvs_drained_real_servers_total',
      help: 'Real servers that were draining and are gone, by the reason.',
      ...{ registers, labelNames: ['reason'] as const },
    });
    // The first of a reason would be no rise for Prometheus if there had been no 0 before.
    for (const reason of ['drained', 'timeout', 'removed']) this.#drained.inc({ reason }, 0);
    this.#planning = new Counter({
      name: 'kube_ipvs_planning_seconds_total',
      help: 'Time that planning took.',
      registers,
    });
    this.#writing = new Counter({
      name: 'kube_ipvs_writing_seconds_total',
      help: 'Time that writing took, by the table.',
      ...{ registers, labelNames: ['table'] as const },
    });
  }

  /**
   * These are the tables that there will be. What is counted of each begins with 0: the first refusal, or the first drift,
   * would be no rise for Prometheus if it came as the first value.
   */
  begin(tables: readonly string[]): void {
    for (const table of tables) {
      this.#refusals.inc({ table }, 0);
      for (const kind of driftKinds) this.#drift.inc({ table, kind }, 0);
    }
  }

  /** The kernel refused an entry for a reason that it had not given before. */
  refused(table: string): void {
    this.#refusals.inc({ table });
  }

  /** An audit has ended. */
  audited(milliseconds: number, drift: readonly { readonly table: string; readonly kind: string }[]): void {
    this.#audits.observe(milliseconds / 1000);
    this.#lastAudit.setToCurrentTime();
    for (const { table, kind } of drift) this.#drift.inc({ table, kind });
  }

  /** A real server that was draining is gone. */
  drained(reason: string): void {
    this.#drained.inc({ reason });
  }

  /** A pass has ended. */
  passed({ plan, write }: PassTimes): void {
    this.#planning.inc(plan / 1000);
    for (const [table, milliseconds] of Object.entries(write)) {
      if (milliseconds > 0) this.#writing.inc({ table }, milliseconds / 1000);
    }
  }
}

/** What is read when it is asked for. */
function registerFigures(registry: Registry, figures: () => TableFigures | undefined): void {
  const registers = [registry];
  for (const [name, key, help] of gaugesByTable) {
    new Gauge({
      ...{ name: `kube_ipvs_${name}`, help, registers, labelNames: ['table'] as const },
      collect() {
        this.reset();
        for (const [table, amount] of Object.entries(figures()?.[key] ?? {})) this.set({ table }, amount);
      },
    });
  }
  for (const [name, key, help] of gauges) {
    new Gauge({
      ...{ name: `kube_ipvs_${name}`, help, registers },
      collect() {
        this.set(figures()?.[key] ?? 0);
      },
    });
  }
  new Counter({
    name: 'kube_ipvs_writes_total',
    help: 'Changes that were written and are in force.',
    ...{ registers, labelNames: ['table'] as const },
    collect() {
      this.reset();
      for (const [table, amount] of Object.entries(figures()?.writes ?? {})) this.inc({ table }, amount);
    },
  });
}
