import type { Answer } from './answer.ts';
import { parseAnswer } from './answer.ts';
import { readLines } from './lines.ts';
import type { Child, Ending } from './processes.ts';

/** Requests that are being made. */
export class Asking {
  /** What became of those made until now. */
  readonly answers: Answer[] = [];
  /**
   * All of them, once the last has been made. Rejects where asking itself failed; that no answer came is an answer.
   */
  readonly done: Promise<readonly Answer[]>;
  readonly #child: Child;
  readonly #waiting = new Set<() => void>();

  constructor(child: Child, ended: Ending) {
    this.#child = child;
    const read = readLines(child, ended, (line) => {
      this.answers.push(parseAnswer(line));
      this.#wake();
    });
    this.done = read.then(() => {
      this.#wake();
      return this.answers;
    });
    // Whoever never waits for the end is not to be ended by it.
    this.done.catch(() => undefined);
  }

  /** Waits until so many answers have come, or the asking has ended. */
  async reach(count: number): Promise<void> {
    const ended = this.done.then(() => true);
    while (this.answers.length < count) {
      const next = new Promise<boolean>((resolve) => {
        this.#waiting.add(() => {
          resolve(false);
        });
      });
      if ((await Promise.race([next, ended])) && this.answers.length < count)
        throw new Error(`expected ${count} answers, got ${this.answers.length}`);
    }
  }

  /** Ends the asking and gives what came until then. */
  async stop(): Promise<readonly Answer[]> {
    this.#child.kill('SIGTERM');
    return this.done;
  }

  #wake(): void {
    for (const wake of this.#waiting) wake();
    this.#waiting.clear();
  }
}
