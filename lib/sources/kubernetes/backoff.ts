import type { Clock } from '../clock.ts';

/** How a Backoff paces itself. Times are in milliseconds. */
export interface BackoffOptions {
  readonly clock: Clock;
  /** A number from 0 up to but not including 1. */
  readonly random: () => number;
  /** Longest wait after the first failure; it doubles with every further one. */
  readonly base?: number;
  /** Longest wait of all. */
  readonly cap?: number;
}

/**
 * How long to wait after a failure: a random part of a time that doubles with every failure up to a cap (exponential
 * back-off with full jitter, so that the nodes of a cluster do not come back together). It starts anew after a time
 * without failures, and not with the first success, for what fails and succeeds in turn must be paced too.
 */
export class Backoff {
  readonly #options: Required<BackoffOptions>;
  #failures = 0;
  #waitedUntil = -Infinity;

  constructor(options: BackoffOptions) {
    this.#options = { base: 1000, cap: 30_000, ...options };
  }

  /**
   * Notes a failure and gives the milliseconds to wait.
   * @param atLeast what the other side asked for, as in the header Retry-After; jitter comes on top of it
   */
  next(atLeast = 0): number {
    const { clock, random, base, cap } = this.#options;
    if (clock.now() - this.#waitedUntil > 2 * cap) this.#failures = 0;
    const longest = Math.min(cap, base * 2 ** Math.min(this.#failures, 30));
    this.#failures += 1;
    const wait = Math.ceil(atLeast + random() * longest);
    this.#waitedUntil = clock.now() + wait;
    return wait;
  }
}

/** Resolves after some milliseconds, or as soon as the signal is aborted. */
export function pause(clock: Clock, milliseconds: number, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    const end = (): void => {
      clock.clearTimeout(timer);
      signal.removeEventListener('abort', end);
      resolve();
    };
    const timer = clock.setTimeout(end, milliseconds);
    signal.addEventListener('abort', end);
  });
}
