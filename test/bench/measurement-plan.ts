import type { Size } from './workload.ts';

/** A size of cluster, and how often the daemon is started with it. */
export interface PlannedSize extends Size {
  readonly rounds: number;
  /** Whether it is measured what scrapes cost, where there are processors enough. */
  readonly scrapes: boolean;
}

/** How much is measured of the daemon's process. */
export interface MeasurementPlan {
  /** Whether IPVS is the kernel's, in a lab, or tables in memory, on this machine's own kernel. */
  readonly kernel: 'ipvs' | 'memory';
  readonly sizes: readonly PlannedSize[];
  /** Of the idle daemon and of the daemon under churn. */
  readonly windowSeconds: number;
  /** Before a window. */
  readonly settleSeconds: number;
  readonly changesPerSecond: number;
  /** Changes of one endpoint, one after the other. */
  readonly singleChanges: number;
  /** Whether scrapes alone are measured. */
  readonly scrapesAlone?: boolean;
  /** Endpoints that change at once. */
  readonly burst: number;
}

/** What `make bench` measures. */
export const fullPlan: MeasurementPlan = {
  kernel: 'ipvs',
  sizes: [
    { services: 100, endpoints: 10, rounds: 2, scrapes: false },
    { services: 10_000, endpoints: 10, rounds: 2, scrapes: true },
    { services: 50_000, endpoints: 1, rounds: 1, scrapes: false },
  ],
  windowSeconds: 30,
  settleSeconds: 10,
  changesPerSecond: 10,
  singleChanges: 200,
  burst: 10_000,
};

/** A look at whether everything works, in two minutes. */
export const quickPlan: MeasurementPlan = {
  kernel: 'ipvs',
  sizes: [
    { services: 100, endpoints: 10, rounds: 1, scrapes: false },
    { services: 2000, endpoints: 10, rounds: 2, scrapes: true },
  ],
  windowSeconds: 10,
  settleSeconds: 3,
  changesPerSecond: 10,
  singleChanges: 50,
  burst: 2000,
};
