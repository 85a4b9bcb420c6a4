import { setImmediate } from 'node:timers/promises';
import type { Logger } from 'pino';
import type { Problem } from '../../model/problem.ts';
import { type Clock, systemClock } from '../clock.ts';
import type { ObjectSink } from '../object-sink.ts';
import type { LabelListener } from '../objects/decoded.ts';
import { assemble, type Assembly } from './assembly.ts';
import { errorCode, ManifestDirectory } from './manifest-directory.ts';
import { DirectoryReader } from './directory-reader.ts';
import { ManifestSet } from './manifest-set.ts';
import { ProblemReport } from './problem-report.ts';
import { Publication } from './publication.ts';

/** What a ManifestSource needs. Times are in milliseconds. */
export interface ManifestSourceOptions {
  /** The directory with the manifests. */
  readonly directory: string;
  /** Where the objects go. */
  readonly catalog: ObjectSink;
  readonly log: Logger;
  readonly labelled?: LabelListener | undefined;
  readonly clock?: Clock;
  /** How long to wait for more after the first sign of a change. */
  readonly debounceTime?: number;
  /** How long a file stands still before what is missing from it is withdrawn. */
  readonly settleTime?: number;
  /** How often to look without any sign of a change, for file systems that give none. */
  readonly pollTime?: number;
}

const defaults = { clock: systemClock, debounceTime: 50, settleTime: 1000, pollTime: 5000 };

/** A directory whose files never stand still is taken as it is after this many settle times. */
const mostSettleTimes = 10;

/**
 * Services and endpoints from a directory of manifests: a load balancer without an API server. Which files are read is
 * told at ManifestDirectory, when a change comes into force at ManifestSet. Wrong input is a problem, never an
 * exception, and takes nothing away that was served before.
 */
export class ManifestSource {
  readonly #options: Required<Omit<ManifestSourceOptions, 'labelled'>>;
  readonly #directory: ManifestDirectory;
  readonly #files: ManifestSet;
  readonly #reader: DirectoryReader;
  readonly #publication: Publication;
  readonly #report: ProblemReport;
  /** The last assembly, and the revision of the files that it was made of. */
  #assembly: Assembly = assemble([], new Set());
  #published = -1;
  #timer: unknown;
  #wakesAt = Infinity;
  #round: Promise<void> | undefined;
  #stopped = false;

  constructor(options: ManifestSourceOptions) {
    this.#options = { ...defaults, ...options };
    this.#directory = new ManifestDirectory(options.directory);
    this.#files = new ManifestSet(this.#options.settleTime);
    this.#reader = new DirectoryReader(this.#directory, this.#files, options.log, {
      pause: () => setImmediate(),
      labelled: options.labelled,
    });
    this.#publication = new Publication(options.catalog);
    this.#report = new ProblemReport(options.log);
  }

  /** What is wrong with the manifests now. */
  problems(): readonly Problem[] {
    return this.#report.problems;
  }

  /**
   * Reads everything once, hands it to the catalog and marks that synced; then goes on watching. Files that were written
   * to within the settle time are waited for. Rejects with ManifestDirectoryError where the directory cannot be read.
   */
  async start(): Promise<void> {
    const { clock, settleTime, catalog } = this.#options;
    const patience = clock.now() + mostSettleTimes * settleTime;
    await this.#reader.read((file) => Math.min(file?.modified ?? Infinity, clock.now()));
    this.#files.settle(clock.now());
    while (this.#files.settlesAt !== undefined && clock.now() < patience) {
      await this.#sleep(this.#files.settlesAt - clock.now());
      await this.#reader.read(() => clock.now());
      this.#files.settle(clock.now());
    }
    this.#files.settle(Infinity);
    this.#publish();
    catalog.markSynced();
    if (this.#stopped) return;
    await this.#watch();
    this.#wakeAt(clock.now());
  }

  /** Stops watching. What the catalog holds stays. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#options.clock.clearTimeout(this.#timer);
    this.#directory.close();
    await this.#round;
  }

  async #look(): Promise<void> {
    const { clock, pollTime } = this.#options;
    let problem: Problem | undefined;
    try {
      await this.#reader.read(() => clock.now());
      this.#files.settle(clock.now());
      await this.#watch();
    } catch (error) {
      problem = this.#lost(error);
    }
    this.#publish(problem);
    this.#wakeAt(Math.min(clock.now() + pollTime, problem ? Infinity : (this.#files.settlesAt ?? Infinity)));
  }

  #publish(problem?: Problem): void {
    if (this.#files.revision !== this.#published) {
      this.#published = this.#files.revision;
      this.#assembly = assemble(this.#files.accepted(), this.#files.mentioned());
      this.#publication.publish(this.#assembly);
    }
    // While a file is being written, what is wrong with it may be right in a moment.
    if (problem === undefined && this.#files.settlesAt !== undefined) return;
    const lost = problem === undefined ? [] : [problem];
    this.#report.replace([...lost, ...this.#files.problems(), ...this.#assembly.problems]);
  }

  async #watch(): Promise<void> {
    const { clock, debounceTime, pollTime, log } = this.#options;
    try {
      await this.#directory.watch(() => {
        this.#wakeAt(clock.now() + debounceTime);
      });
    } catch (error) {
      log.debug({ code: errorCode(error) }, `the directory is not watched; it is read every ${pollTime} ms`);
    }
  }

  /** Sees to it that the directory is looked at by then, or earlier. */
  #wakeAt(time: number): void {
    if (this.#stopped || time >= this.#wakesAt) return;
    const { clock } = this.#options;
    clock.clearTimeout(this.#timer);
    this.#wakesAt = time;
    this.#timer = clock.setTimeout(
      () => {
        this.#wake();
      },
      Math.max(0, time - clock.now()),
    );
  }

  #wake(): void {
    this.#wakesAt = Infinity;
    if (this.#round !== undefined) {
      // A sign of a change during a round may be of something that the round had passed already.
      this.#wakeAt(this.#options.clock.now() + this.#options.debounceTime);
      return;
    }
    this.#round = this.#look().finally(() => {
      this.#round = undefined;
    });
  }

  #lost(error: unknown): Problem {
    return {
      where: this.#options.directory,
      expected: 'a readable directory of manifests',
      got: errorCode(error instanceof Error && error.cause !== undefined ? error.cause : error),
      hint: 'restore it; until then everything that was read from it is served',
      severity: 'error',
    };
  }

  #sleep(milliseconds: number): Promise<void> {
    return new Promise((resolve) => {
      this.#options.clock.setTimeout(resolve, milliseconds);
    });
  }
}
