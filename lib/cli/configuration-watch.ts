import { watch } from 'node:fs';
import type { FSWatcher } from 'node:fs';
import { dirname } from 'node:path';
import type { Clock } from '../sources/clock.ts';

/** What a watch of a file needs. Times are in milliseconds. */
export interface ConfigurationWatchOptions {
  readonly file: string;
  /** What it held when it was used. */
  readonly text: string;
  /** Reads the file. Rejects where it is not there or cannot be read. */
  readonly read: () => Promise<string>;
  /** Told the new text once it has stood still, and not again before it is another. */
  readonly changed: (text: string) => void;
  /** Told once that the file cannot be read any more, until it can be. */
  readonly lost: (error: unknown) => void;
  readonly clock: Clock;
  /** How long a text has to be the same before it counts: nobody writes for longer without a pause. */
  readonly settleTime?: number;
  /** How often to look without any sign of a change, for file systems that give none. */
  readonly pollTime?: number;
}

/**
 * Watches the text of a file. Its directory is watched and not the file, for whoever mounts a ConfigMap swaps a symbolic
 * link beside it, and editors put a new file in its place. What signs of changes there are only have it look earlier.
 */
export class ConfigurationWatch {
  readonly #options: Required<ConfigurationWatchOptions>;
  /** What was told last, or what the watch began with. */
  #known: string;
  /** What was there at the last look. */
  #seen: string;
  #seenSince = 0;
  #isLost = false;
  #watcher: FSWatcher | undefined;
  #timer: unknown;
  #wakesAt = Infinity;
  #stopped = false;

  constructor(options: ConfigurationWatchOptions) {
    this.#options = { settleTime: 1000, pollTime: 5000, ...options };
    this.#known = options.text;
    this.#seen = options.text;
  }

  /** Begins to watch. */
  start(): void {
    this.#watchDirectory();
    this.#wakeAfter(0);
  }

  /** Ends. Nothing is told any more. */
  stop(): void {
    this.#stopped = true;
    this.#options.clock.clearTimeout(this.#timer);
    this.#watcher?.close();
  }

  /** Whatever goes wrong with a watch, there is still the look from time to time. */
  #watchDirectory(): void {
    const { file, settleTime } = this.#options;
    try {
      this.#watcher = watch(dirname(file), { persistent: false }, () => {
        this.#wakeAfter(settleTime / 4);
      });
      this.#watcher.on('error', () => {
        this.#watcher?.close();
      });
    } catch {
      this.#watcher = undefined;
    }
  }

  async #look(): Promise<void> {
    const { read, pollTime } = this.#options;
    try {
      const text = await read();
      this.#isLost = false;
      this.#wakeAfter(this.#settle(text) ?? pollTime);
    } catch (error) {
      this.#lose(error);
      this.#wakeAfter(pollTime);
    }
  }

  /** Tells a new text that has stood still. Gives how long one that has not must still do so. */
  #settle(text: string): number | undefined {
    const { clock, settleTime, changed } = this.#options;
    const now = clock.now();
    if (text !== this.#seen) {
      this.#seen = text;
      this.#seenSince = now;
    }
    if (text === this.#known || this.#stopped) return undefined;
    const stoodStill = now - this.#seenSince;
    if (stoodStill < settleTime) return settleTime - stoodStill;
    this.#known = text;
    changed(text);
    return undefined;
  }

  #lose(error: unknown): void {
    if (this.#isLost || this.#stopped) return;
    this.#isLost = true;
    this.#options.lost(error);
  }

  #wakeAfter(milliseconds: number): void {
    const { clock } = this.#options;
    const time = clock.now() + milliseconds;
    if (this.#stopped || time >= this.#wakesAt) return;
    clock.clearTimeout(this.#timer);
    this.#wakesAt = time;
    this.#timer = clock.setTimeout(() => {
      this.#wakesAt = Infinity;
      void this.#look();
    }, milliseconds);
  }
}
