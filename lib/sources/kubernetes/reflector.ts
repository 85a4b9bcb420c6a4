import type { Logger } from 'pino';
import type { Clock } from '../clock.ts';
import { troubleOf } from './api-status.ts';
import type { Api, ApiResponse } from './api.ts';
import { Backoff, pause } from './backoff.ts';
import { type BodyOptions, watchEvents } from './body.ts';
import { currentVersion, listPages, type PageListOptions } from './page-list.ts';
import { Replica, type ResourceHandler } from './replica.ts';
import { describeTrouble, TroubleReport } from './trouble-report.ts';
import { Trouble, type TroubleReason } from './trouble.ts';
import { WatchCounters } from './watch-counters.ts';

/** What a Reflector needs. */
export interface ReflectorOptions {
  readonly api: Api;
  /** `/apis/discovery.k8s.io/v1/endpointslices`. */
  readonly path: string;
  /** The objects' name for messages, in the plural: `EndpointSlices`. */
  readonly what: string;
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
  readonly handler: ResourceHandler;
  readonly log: Logger;
  readonly clock: Clock;
  /** A number from 0 up to but not including 1. */
  readonly random: () => number;
}

/** Seconds that a watch is asked to last: at random, so that a server's watches do not end together. */
const shortestWatch = 300;
const longestWatch = 600;

/**
 * Milliseconds without a byte after which a watch is given up. Servers send a bookmark every minute, so two were missed:
 * the server hangs, or waits for a version that it lost. That the connection is dead is noticed sooner (see transport).
 */
const watchIdleTime = 150_000;

/** The same for lists. A server that does not know how to stream one is silent where it should end. */
const streamIdleTime = 10_000;
const pageIdleTime = 30_000;

/** A watch that the server ends sooner, in milliseconds, is a fault of the server's and not repeated at once. */
const shortWatch = 1000;

/** Milliseconds to wait at least where only a person can help. */
const slowRetry = 30_000;
const slow: readonly TroubleReason[] = ['unauthorized', 'forbidden', 'missing', 'refused'];

/** After these everything is listed again, for the watch cannot be gone on with. */
const relisting: readonly TroubleReason[] = ['expired', 'disorder', 'backwards'];

/** And after these when they come twice for a watch from one version. */
const suspicious: readonly TroubleReason[] = [
  'broken',
  'unknown',
  'unversioned',
  'silent',
  'ahead',
  'refused',
];

/** After these nothing that is remembered is trusted, for versions may have been given out twice. */
const mistrusted: readonly TroubleReason[] = ['disorder', 'backwards', 'ahead', 'silent'];

/** So often a list is tried to be streamed. */
const mostStreamed = 3;

/**
 * Keeps a handler equal to one resource of the API server: lists it, watches it from there, and lists it again whenever
 * something was or may have been missed. A list is streamed where the server can (KEP-3157), read page by page where
 * not. Whatever the server does, the handler is never left wrong in silence: every irregularity is counted, told, and
 * answered with going on from the last good version or with a list, after a wait that grows.
 *
 * One thing no client can see: a server restored from a backup that has since given out more versions than it lost,
 * while nobody was watching. Restore with `etcdutl snapshot restore --bump-revision --mark-compacted`.
 */
export class Reflector {
  /** What has happened so far. */
  readonly counters = new WatchCounters();
  readonly #options: ReflectorOptions;
  readonly #selectors: Readonly<Record<string, string>>;
  readonly #backoff: Backoff;
  readonly #report: TroubleReport;
  readonly #replica: Replica;
  readonly #stopping = new AbortController();
  #running: Promise<void> | undefined;
  /** Whether to list before watching. */
  #stale = true;
  /** Whether the server has said that it does not stream lists. */
  #pagesOnly = false;
  /** How often streaming this list has failed. */
  #attempts = 0;
  /** Whether the server may be another than it was: its connection broke, or a watch ended before its time. */
  #unsure = false;
  /** The version at which the last suspicious trouble was met. */
  #suspectedAt: number | undefined;

  constructor(options: ReflectorOptions) {
    const { labelSelector, fieldSelector } = options;
    this.#options = options;
    this.#selectors = {
      ...(labelSelector !== undefined && { labelSelector }),
      ...(fieldSelector !== undefined && { fieldSelector }),
    };
    this.#backoff = new Backoff(options);
    this.#report = new TroubleReport(options.log, options.what);
    this.#replica = new Replica({ ...options, counters: this.counters });
  }

  /** What keeps it from watching now, if anything. */
  get trouble(): string | undefined {
    return this.#report.current;
  }

  /** Begins, once. */
  start(): void {
    this.#running ??= this.#run();
  }

  /** Ends. What the handler was given stays. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#running;
  }

  async #run(): Promise<void> {
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      const wait = await this.#round();
      if (wait > 0) await pause(this.#options.clock, wait, signal);
    }
  }

  /** One request and its answer. Gives the milliseconds to wait after it. */
  async #round(): Promise<number> {
    try {
      if (!this.#stale) await this.#watch();
      else if (this.#pagesOnly || this.#attempts >= mostStreamed) await this.#readPages();
      else await this.#streamList();
      return 0;
    } catch (error) {
      return this.#stopping.signal.aborted ? 0 : this.#recover(describeTrouble(error, this.#options.what));
    } finally {
      this.counters.watching = false;
    }
  }

  /** Decides how to go on after a trouble. */
  #recover(trouble: Trouble): number {
    const { code, retryAfter } = trouble;
    this.counters.add('troubles', code);
    this.#unsure = true;
    this.#report.tell(trouble);
    if (this.#stale) {
      this.#reconsiderStreaming(code);
    } else if (relisting.includes(code) || this.#suspectedTwice(code)) {
      this.#stale = true;
      this.counters.add('relists', code);
      if (mistrusted.includes(code)) this.#replica.mistrust();
    }
    if (code === 'unsupported') return 0;
    return this.#backoff.next(slow.includes(code) ? Math.max(slowRetry, retryAfter) : retryAfter);
  }

  /** What cannot be streamed is read in pages. Whose fault a broken or silent stream is shows when it is tried often. */
  #reconsiderStreaming(code: TroubleReason): void {
    if (code === 'unsupported' || code === 'silent') this.#attempts = mostStreamed;
    else if (this.#replica.listing) this.#attempts += 1;
  }

  #suspectedTwice(code: TroubleReason): boolean {
    if (!suspicious.includes(code)) return false;
    const again = this.#suspectedAt === this.#replica.position;
    this.#suspectedAt = this.#replica.position;
    return again;
  }

  async #watch(): Promise<void> {
    const { clock, what } = this.#options;
    if (this.#unsure) {
      // A server that was restored from a backup accepts a watch from its future, and says nothing until then.
      this.#replica.compare(await currentVersion(this.#paging()));
      this.#unsure = false;
    }
    const opened = clock.now();
    const response = await this.#open({ resourceVersion: String(this.#replica.position) });
    if (response.status !== 200) throw await troubleOf(response, what, clock);
    this.#report.opened();
    await this.#follow(response);
    const lasted = clock.now() - opened;
    this.#unsure = lasted < shortestWatch * 1000;
    if (lasted < shortWatch) {
      throw new Trouble(
        'short',
        `expected a watch of ${what}, got one that ended at once; it is tried again`,
      );
    }
  }

  async #streamList(): Promise<void> {
    const { what } = this.#options;
    const response = await this.#open({ sendInitialEvents: 'true', resourceVersionMatch: 'NotOlderThan' });
    if (response.status !== 200) {
      const trouble = await troubleOf(response, what, this.#options.clock);
      this.#pagesOnly = [400, 415, 422].includes(response.status);
      throw this.#pagesOnly ? this.#unsupported(trouble.message) : trouble;
    }
    this.#replica.beginList();
    await this.#follow(response);
    if (this.#stale) throw this.#unsupported('an end before that of the list');
    this.#unsure = true;
  }

  async #readPages(): Promise<void> {
    let version = 0;
    for await (const page of listPages(this.#paging())) {
      const began = this.#options.clock.now();
      if (page.restarted) this.#replica.beginList();
      for (const item of page.items) this.#replica.list(item);
      this.counters.worked(this.#options.clock.now() - began);
      version = page.version;
    }
    this.#listing(() => {
      this.#replica.endList(version);
    });
  }

  #open(query: Readonly<Record<string, string>>): Promise<ApiResponse> {
    const { api, path, random } = this.#options;
    const seconds = Math.floor(shortestWatch + random() * (longestWatch - shortestWatch));
    return api.request({
      path,
      query: {
        ...this.#selectors,
        ...query,
        watch: 'true',
        allowWatchBookmarks: 'true',
        timeoutSeconds: String(seconds),
      },
      signal: this.#stopping.signal,
    });
  }

  /** Reads a watch to its end. */
  async #follow(response: ApiResponse): Promise<void> {
    const reading = this.#reading(() => (this.#replica.listing ? streamIdleTime : watchIdleTime));
    this.counters.watching = true;
    for await (const event of watchEvents(response, reading)) {
      if (this.#stopping.signal.aborted) return;
      this.#listing(() => {
        this.#replica.take(event);
      });
    }
  }

  /** Does what may end a list, and notes whether it did. */
  #listing(step: () => void): void {
    const before = this.#stale;
    try {
      step();
    } finally {
      this.#stale = before && this.#replica.listing;
    }
    if (this.#stale) return;
    this.#attempts = 0;
    this.#unsure = false;
    this.#report.clear();
  }

  #unsupported(got: string): Trouble {
    const { what } = this.#options;
    return new Trouble(
      'unsupported',
      `expected a streamed list of ${what}, got ${got}; they are listed in pages`,
    );
  }

  #paging(): PageListOptions {
    const { api, path } = this.#options;
    const { signal } = this.#stopping;
    return { ...this.#reading(() => pageIdleTime), api, path, query: this.#selectors, signal };
  }

  #reading(idleTime: () => number): BodyOptions {
    const { clock, what } = this.#options;
    const worked = (milliseconds: number): void => {
      this.counters.worked(milliseconds);
    };
    return { clock, what, idleTime, worked };
  }
}
