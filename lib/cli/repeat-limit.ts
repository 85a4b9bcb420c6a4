/** How many lines with one message may come. */
export interface RepeatAllowance {
  /** So many at once. */
  readonly burst: number;
  /** After them one in so many milliseconds, so that a flood is told and fills no disk. */
  readonly refill: number;
}

/** Messages that are remembered at a time. */
const mostMessages = 200;

/** What is known of the lines with one message. */
interface Repeats {
  /** Lines that may come yet. */
  room: number;
  /** When `room` was right, in milliseconds. */
  since: number;
  /** Lines that were left out since the last that came. */
  leftOut: number;
}

/** Keeps lines that say the same again and again from filling a log: of each message some, and then one from time to time. */
export class RepeatLimit {
  readonly #now: () => number;
  readonly #allowance: RepeatAllowance;
  /** By message, those that came last at the end. */
  readonly #repeats = new Map<string, Repeats>();

  /** @param now in milliseconds */
  constructor(now: () => number, allowance: RepeatAllowance) {
    this.#now = now;
    this.#allowance = allowance;
  }

  /** Whether a line may come: gives how many with its message were left out before it, or undefined where it may not. */
  take(message: string): number | undefined {
    const now = this.#now();
    const { burst, refill } = this.#allowance;
    const known = this.#repeats.get(message) ?? { room: burst, since: now, leftOut: 0 };
    this.#remember(message, known);
    const gained = Math.max(0, Math.floor((now - known.since) / refill));
    known.room = Math.min(burst, known.room + gained);
    known.since = known.room === burst ? now : known.since + gained * refill;
    if (known.room === 0) {
      known.leftOut += 1;
      return undefined;
    }
    known.room -= 1;
    const { leftOut } = known;
    known.leftOut = 0;
    return leftOut;
  }

  #remember(message: string, repeats: Repeats): void {
    this.#repeats.delete(message);
    this.#repeats.set(message, repeats);
    if (this.#repeats.size <= mostMessages) return;
    const [oldest] = this.#repeats.keys();
    if (oldest !== undefined) this.#repeats.delete(oldest);
  }
}
