import { Backlog } from './backlog.ts';
import type { Clock } from '../model/clock.ts';
import type { Log } from './log.ts';

/** Something that keeps the kernel from being what it should be, on the whole node and not for one service. */
export interface Trouble {
  /** What it is the trouble of: `firewall`. */
  readonly of: string;
  /** One sentence for a person. */
  readonly text: string;
}

/** What a ProxyHealth needs. */
export interface ProxyHealthOptions {
  readonly clock: Clock;
  readonly log: Log;
  /** Milliseconds from one audit to the next at most, but for what an audit itself takes. */
  readonly syncPeriod: number;
}

/** How this node's balancing stands. */
export interface HealthState {
  readonly healthy: boolean;
  /** Why it is not healthy, in sentences for people. */
  readonly reasons: readonly string[];
  /** When changes were last written or the kernel last read back, in the clock's milliseconds; undefined before. */
  readonly lastPass: number | undefined;
}

/**
 * Whether what services ask for reaches the kernel. It does not, and the node is unhealthy, when
 * - a change has waited for two sync periods to be written, or
 * - nothing has been written or read back for two sync periods, so that the loop hangs, or
 * - something without which nothing can be served has been in trouble for half a sync period.
 *
 * What the kernel refuses of one service leaves the node healthy, and so does an API server that is away: neither is a
 * reason to send clients elsewhere. Until the first change is asked for the program is starting and healthy, as what an
 * earlier one left in the kernel serves on.
 */
export class ProxyHealth {
  readonly #options: ProxyHealthOptions;
  readonly #backlog = new Backlog();
  #lastPass: number | undefined;
  #lastAudit = 0;
  #programmed = false;
  #troubles = new Map<string, Trouble & { readonly since: number }>();
  /** What was last logged. */
  #told = '';

  constructor(options: ProxyHealthOptions) {
    this.#options = options;
  }

  /** A change was asked for. */
  queued(revision: number): void {
    this.#backlog.queued(revision, this.#options.clock.now());
  }

  /** Everything that there was at the start has been written once, but for what the kernel refused. */
  settled(): void {
    this.#programmed = true;
  }

  /** Whether that has been. */
  get programmed(): boolean {
    return this.#programmed;
  }

  /** A pass over changes ended: all up to this one are written. */
  written(revision: number): void {
    this.#backlog.written(revision);
    this.#lastPass = this.#options.clock.now();
  }

  /** The kernel was read back, which took so many milliseconds. */
  audited(milliseconds: number): void {
    this.#lastAudit = milliseconds;
    this.#lastPass = this.#options.clock.now();
  }

  /** These are all the troubles that there are now. */
  troubled(troubles: readonly Trouble[]): void {
    const now = this.#options.clock.now();
    this.#troubles = new Map(
      troubles.map((trouble) => {
        const since = this.#troubles.get(trouble.of)?.since ?? now;
        return [trouble.of, { ...trouble, since }];
      }),
    );
  }

  /** How it stands now. That it has become another is logged. */
  get state(): HealthState {
    const reasons = this.#reasons(this.#options.clock.now());
    this.#tell(reasons);
    return { healthy: reasons.length === 0, reasons, lastPass: this.#lastPass };
  }

  #reasons(now: number): string[] {
    const { syncPeriod } = this.#options;
    const waiting = now - (this.#backlog.oldest ?? now);
    const still = now - (this.#lastPass ?? now);
    return [
      ...(waiting >= 2 * syncPeriod ? [`a change has waited for ${seconds(waiting)} to be written`] : []),
      // An audit follows the one before within the period, or the time that one took, and takes its time itself.
      ...(still > 2 * (syncPeriod + this.#lastAudit)
        ? [`the kernel has not been written or read back for ${seconds(still)}`]
        : []),
      ...[...this.#troubles.values()]
        .filter(({ since }) => now - since >= syncPeriod / 2)
        .map(({ of, text }) => `${of}: ${text}`),
    ];
  }

  #tell(reasons: readonly string[]): void {
    const told = reasons.map((reason) => reason.replace(/\d+ s /, '')).join('\n');
    if (told === this.#told) return;
    this.#told = told;
    const { log } = this.#options;
    if (reasons.length === 0) log.info({}, 'healthy again');
    else log.error({ reasons }, 'unhealthy: health checks get 503');
  }
}

function seconds(milliseconds: number): string {
  return `${Math.floor(milliseconds / 1000)} s`;
}
