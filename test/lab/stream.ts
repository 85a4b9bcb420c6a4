import { EventEmitter, once } from 'node:events';
import { readLines } from './lines.ts';
import type { Child, Ending } from './processes.ts';

/** How connections are streamed. */
export interface StreamOptions {
  /** New connections a second. */
  readonly rate: number;
  /** Milliseconds until a connection counts as not answered. */
  readonly timeout: number;
}

/** What has become of a stream's connections, since the first of them began. */
export interface StreamReport {
  /** From the beginning of the first connection; in the last report to the end of the last one. */
  readonly seconds: number;
  readonly begun: number;
  /** Those that were answered in full. */
  readonly well: number;
  /** Milliseconds from the beginning of a connection to the end of its answer, of the slowest that ended well. */
  readonly slowest: number;
  /** Those that ended well, by who answered. */
  readonly names: Readonly<Record<string, number>>;
  /** Those that did not, by why: the words of `Failure`. */
  readonly errors: Readonly<Record<string, number>>;
}

const nothing: StreamReport = { seconds: 0, begun: 0, well: 0, slowest: 0, names: {}, errors: {} };

/** New TCP connections that begin by the clock, however long earlier ones take. See `agent stream`. */
export class Stream {
  readonly #child: Child;
  readonly #done: Promise<void>;
  readonly #reports = new EventEmitter();
  #report = nothing;

  constructor(child: Child, ended: Ending) {
    this.#child = child;
    this.#done = readLines(child, ended, (line) => {
      this.#report = JSON.parse(line) as StreamReport;
      this.#reports.emit('report');
    });
    // Whoever never waits for the end is not to be ended by it.
    this.#done.catch(() => undefined);
  }

  /** What is known by now: at most a tenth of a second old where the machine is not busy. */
  get report(): StreamReport {
    return this.#report;
  }

  /** Connections that began and ended well a second, over the whole time. */
  get rate(): number {
    return rateOf(this.#report);
  }

  /** Waits for a report of which something is so. Rejects when the stream ends before. */
  async until(holds: (report: StreamReport) => boolean): Promise<void> {
    const ended = this.#done.then(() => true);
    while (!holds(this.#report)) {
      const next = once(this.#reports, 'report').then(() => false);
      if ((await Promise.race([next, ended])) && !holds(this.#report))
        throw new Error(`the stream has ended: ${JSON.stringify(this.#report)}`);
    }
  }

  /** Begins no more connections, waits for those that are open, and gives the last report. */
  async stop(): Promise<StreamReport> {
    this.#child.kill('SIGTERM');
    await this.#done;
    return this.#report;
  }
}

/** Connections of a report that began and ended well a second. */
export function rateOf({ seconds, well }: StreamReport): number {
  return seconds === 0 ? 0 : well / seconds;
}
