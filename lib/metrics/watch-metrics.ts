import { Counter, Gauge, type Registry } from 'prom-client';

/** What has happened to one list and watch of an API server since the start. */
export interface WatchFigures {
  readonly events: number;
  readonly bookmarks: number;
  readonly duplicates: number;
  readonly lists: number;
  /** How often each trouble was met, by its reason. */
  readonly troubles: ReadonlyMap<string, number>;
  /** How often everything had to be listed again, by the reason. */
  readonly relists: ReadonlyMap<string, number>;
  readonly watching: boolean;
  /** Milliseconds since the epoch; undefined where there was none. */
  readonly lastEvent: number | undefined;
  /** The same, of the last complete list. */
  readonly lastSync: number | undefined;
  /** Milliseconds that decoding and taking up what came has taken; nothing where that is not known. */
  readonly decoding?: number;
}

/** The watches by the name of their resource: `services`. */
export type Watches = () => Readonly<Record<string, WatchFigures>>;

type Amount = (figures: WatchFigures) => number | undefined;
type Amounts = (figures: WatchFigures) => ReadonlyMap<string, number>;

const counters: readonly (readonly [name: string, help: string, amount: Amount])[] = [
  ['events_total', 'Changes of objects that were passed on.', ({ events }) => events],
  ['bookmarks_total', 'Bookmarks that came.', ({ bookmarks }) => bookmarks],
  ['duplicates_total', 'Changes that were known already.', ({ duplicates }) => duplicates],
  ['lists_total', 'Lists that were read to their end.', ({ lists }) => lists],
];

const countersByReason: readonly (readonly [name: string, help: string, amounts: Amounts])[] = [
  [
    'troubles_total',
    'Lists and watches that ended otherwise than agreed, by the reason.',
    ({ troubles }) => troubles,
  ],
  ['relists_total', 'Times that everything had to be listed again, by the reason.', ({ relists }) => relists],
];

const gauges: readonly (readonly [name: string, help: string, amount: Amount])[] = [
  ['open', 'Whether a watch is open: 1 or 0.', ({ watching }) => Number(watching)],
  [
    'last_event_timestamp_seconds',
    'When the last event or bookmark came.',
    ({ lastEvent }) => inSeconds(lastEvent),
  ],
  ['last_list_timestamp_seconds', 'When a list was last complete.', ({ lastSync }) => inSeconds(lastSync)],
];

/** Registers `kube_ipvs_watch_*`, which are read when they are asked for: counting costs the watches nothing. */
export function registerWatchMetrics(registry: Registry, watches: Watches): void {
  const registers = [registry];
  const labelNames = ['resource'] as const;
  for (const [name, help, amount] of counters) {
    new Counter({
      ...{ name: `kube_ipvs_watch_${name}`, help, registers, labelNames },
      collect() {
        this.reset();
        for (const [resource, figures] of Object.entries(watches())) this.inc({ resource }, amount(figures));
      },
    });
  }
  for (const [name, help, amounts] of countersByReason) {
    new Counter({
      ...{ name: `kube_ipvs_watch_${name}`, help, registers, labelNames: [...labelNames, 'reason'] as const },
      collect() {
        this.reset();
        for (const [resource, figures] of Object.entries(watches())) {
          for (const [reason, count] of amounts(figures)) this.inc({ resource, reason }, count);
        }
      },
    });
  }
  for (const [name, help, amount] of gauges) {
    new Gauge({
      ...{ name: `kube_ipvs_watch_${name}`, help, registers, labelNames },
      collect() {
        this.reset();
        for (const [resource, figures] of Object.entries(watches())) {
          const value = amount(figures);
          if (value !== undefined) this.set({ resource }, value);
        }
      },
    });
  }
}

function inSeconds(milliseconds: number | undefined): number | undefined {
  return milliseconds === undefined ? undefined : milliseconds / 1000;
}
