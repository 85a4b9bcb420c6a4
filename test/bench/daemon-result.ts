import type { Sample } from './sample.ts';
import type { Size } from './workload.ts';

/** What a window of time cost the daemon. */
export interface WindowResult {
  readonly seconds: number;
  readonly processorSeconds: number;
  /** Endpoints that were replaced meanwhile. */
  readonly changes: number;
  /** Median of the resident bytes meanwhile. */
  readonly resident: number;
}

/** What a burst of endpoint changes cost. Times in milliseconds. */
export interface BurstResult {
  readonly changes: number;
  /** In which the server wrote them. */
  readonly wroteIn: number;
  /** From the server's write of an endpoint to the return of the write to the kernel that has it. */
  readonly median: number;
  readonly p99: number;
  /** The last one. */
  readonly worst: number;
  /** Of the latency, until the bytes of the event had come to the process. */
  readonly underWay: { readonly median: number; readonly p99: number };
  /** How long the kernel worked on all writes of the burst; that of tables in memory counts as the daemon's. */
  readonly kernel: number;
  readonly writeCalls: number;
  /** The most commands that were written for one real server. */
  readonly mostCommands: number;
}

/** One endpoint changed at a time, from the bytes of the event to the kernel. Times in milliseconds. */
export interface OneChangeResult {
  readonly changes: number;
  readonly median: number;
  readonly p99: number;
  /** Commands for each change, at most. */
  readonly mostCommands: number;
}

/** What scrapes one after the other cost single changes. Times in milliseconds, sizes in bytes. */
export interface ScrapeResult {
  /** What was told of services: of each virtual server, or of each endpoint too. */
  readonly level: 'service' | 'endpoint';
  /** Without scrapes, and with them. */
  readonly quiet: OneChangeResult;
  readonly scraped: OneChangeResult;
  /** How long a scrape took. */
  readonly scrape: Sample;
  /** Of its text. */
  readonly bytes: number;
  /** Resident before, and at most meanwhile. */
  readonly resident: number;
  readonly residentMeanwhile: number;
}

/** The daemon's process at one size of cluster. Times in milliseconds, sizes in bytes. */
export interface DaemonResult {
  readonly size: Size;
  /** Whether IPVS was the kernel's, or tables in memory. */
  readonly kernel: 'ipvs' | 'memory';
  /** From the start of the process to the first real server of `default/kubernetes` in the kernel. */
  readonly firstService: Sample;
  /** From the start of the process to everything programmed. */
  readonly ready: Sample;
  /** The most that was resident, the first list and the first sync included. */
  readonly peak: Sample;
  readonly idle: WindowResult;
  readonly churn: WindowResult;
  /** Of the resident bytes of the idle process, those that no file backs. */
  readonly anonymous: number;
  /** From the last byte of the lists to `default/kubernetes` reachable, masquerading included. */
  readonly usableAfterLists: number;
  readonly oneChange: OneChangeResult;
  readonly burst: BurstResult;
  readonly scrapes: readonly ScrapeResult[];
  /** Whether the kernel held what was asked for after every run. */
  readonly right: boolean;
}
