import { styleText } from 'node:util';
import { type Answer, tally } from '../lab/answer.ts';
import { bar } from './story.ts';

/** `web-1 ×10, web-2 ×10`. */
export const inWords = (counts: ReadonlyMap<string, number>): string =>
  [...counts].map(([value, times]) => `${value} ×${times}`).join(', ') || 'nobody';

/** One line for each who answered, with a bar, and one for what was not answered. */
export function bars(answers: readonly Answer[]): string[] {
  const { byName, errors } = tally(answers);
  const lines = [...byName].map(
    ([name, times]) => `${name.padEnd(8)} ${String(times).padStart(4)} ${bar(times, answers.length)}`,
  );
  if (errors.size > 0) lines.push(styleText('red', `not answered: ${inWords(errors)}`));
  return lines;
}

/** Whether exactly these answered, equally often but for one, and nothing went wrong: round robin at work. */
export function even(answers: readonly Answer[], names: readonly string[]): boolean {
  const { byName, errors } = tally(answers);
  const times = [...byName.values()];
  return (
    errors.size === 0 &&
    [...byName.keys()].join() === [...names].sort().join() &&
    Math.max(...times) - Math.min(...times) <= 1
  );
}

/** Whether nobody answered and every request ended in this. */
export function all(answers: readonly Answer[], error: string): boolean {
  return answers.length > 0 && answers.every((answer) => !answer.ok && answer.error === error);
}
