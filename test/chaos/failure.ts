import type { Stage } from './stage.ts';

/** Lines of a difference that are shown. */
const longestShown = 12;

/** What was done to an entry last, as far as it is shown. */
const longestHistory = 12;

/** Something that must not happen has happened. The message says what, and how to have it happen again. */
export class ChaosFailure extends Error {
  override readonly name = 'ChaosFailure';
  readonly #lines: readonly string[];
  readonly #key: string | undefined;

  /**
   * @param lines what was found, the most important first
   * @param key the entry of the kernel that it is about
   */
  constructor(lines: readonly string[], key?: string) {
    const more = lines.length - longestShown;
    super([...lines.slice(0, longestShown), ...(more > 0 ? [`… and ${more} more`] : [])].join('\n'));
    this.#lines = lines;
    this.#key = key;
  }

  /** The same with where it happened. */
  of(
    run: { readonly seed: number; readonly operations: number; readonly without?: readonly string[] },
    { step, lives, history }: Pick<Stage, 'step' | 'lives' | 'history'>,
  ): ChaosFailure {
    const { seed, operations, without = [] } = run;
    const left = without.map((kind) => ` --without ${kind}`).join('');
    const key = this.#key;
    const about =
      key === undefined ? [] : history.filter((line) => line.includes(key) || line.endsWith('killed'));
    const failure = new ChaosFailure(this.#lines);
    failure.message = [
      `after ${step} of ${operations} operations with seed ${seed}:`,
      failure.message,
      ...(key === undefined ? [] : [`what was done to ${key} last, after the operation of the number:`]),
      ...about.slice(-longestHistory).map((line) => `  ${line}`),
      'the last of the log:',
      ...lives.tail.slice(-6).map((line) => `  ${line}`),
      `again: node test/chaos/run.ts --seed ${seed} --operations ${operations}${left}`,
    ].join('\n');
    return failure;
  }
}
