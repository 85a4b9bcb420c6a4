import type { Clock } from '../clock.ts';

/** How much may be done. */
export interface TokenBucketOptions {
  readonly clock: Pick<Clock, 'now'>;
  /** How often a second in the long run. */
  readonly rate: number;
  /** How often at once after a rest. */
  readonly burst: number;
}

/** Paces what must not be done too often. */
export class TokenBucket {
  readonly #options: TokenBucketOptions;
  #tokens: number;
  #filled: number;

  constructor(options: TokenBucketOptions) {
    this.#options = options;
    this.#tokens = options.burst;
    this.#filled = options.clock.now();
  }

  /** Takes one token, be it one that is yet to come, and gives the milliseconds to wait for it. */
  take(): number {
    const { clock, rate, burst } = this.#options;
    const now = clock.now();
    // A clock that is put back takes nothing away.
    const gained = (Math.max(0, now - this.#filled) * rate) / 1000;
    this.#tokens = Math.min(burst, this.#tokens + gained) - 1;
    this.#filled = now;
    return this.#tokens >= 0 ? 0 : Math.ceil((-this.#tokens * 1000) / rate);
  }
}
