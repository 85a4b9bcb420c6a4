import type { Decoded, FieldPath, FieldProblem } from './decoded.ts';

/** What is wrong with a field, told to the person who wrote it. */
export interface Fault {
  readonly expected: string;
  readonly got: string;
  readonly hint: string;
  /** See `Problem.code`. */
  readonly code?: 'wrong-family';
}

/** The problems met while one object, or a part of it that can be left out alone, is read. */
export class Findings {
  /** Undefined until there is one: every endpoint has findings of its own, and hardly any has a problem. */
  #problems: FieldProblem[] | undefined;
  #broken = false;

  get problems(): readonly FieldProblem[] {
    return this.#problems ?? none;
  }

  /** True once something was met without which the object, or the part, cannot be used. */
  get broken(): boolean {
    return this.#broken;
  }

  /** The whole object, or part, cannot be used. */
  fail(path: FieldPath, fault: Fault): void {
    this.#broken = true;
    this.#add({ path, ...fault, severity: 'error' });
  }

  /** The field is left out; the rest is used. */
  drop(path: FieldPath, fault: Fault): void {
    this.#add({ path, ...fault, severity: 'error' });
  }

  /** The field is used, with the reading that the hint tells. */
  warn(path: FieldPath, fault: Fault): void {
    this.#add({ path, ...fault, severity: 'warning' });
  }

  /** Takes over the problems of a part that was left out, without being broken by them. */
  absorb(part: Findings): void {
    for (const problem of part.problems) this.#add(problem);
  }

  /** What was skipped, whatever else was met. */
  skip<T>(reason: string): Decoded<T> {
    return { skipped: reason, problems: this.problems };
  }

  /** The value with the problems, or the problems alone where it cannot be used. */
  conclude<T>(value?: T): Decoded<T> {
    return this.#broken || value === undefined
      ? { problems: this.problems }
      : { value, problems: this.problems };
  }

  #add(problem: FieldProblem): void {
    (this.#problems ??= []).push(problem);
  }
}

const none: readonly FieldProblem[] = [];

const longestShown = 60;

/** A value as an error message shows it: its text for scalars, its kind for the rest. */
export function describe(value: unknown): string {
  if (value === undefined || value === null) return 'nothing';
  if (typeof value === 'string') return shorten(JSON.stringify(value));
  if (Array.isArray(value)) return value.length === 0 ? 'an empty list' : 'a list';
  return typeof value === 'object' ? 'an object' : shorten(JSON.stringify(value));
}

function shorten(text: string): string {
  return text.length <= longestShown ? text : `${text.slice(0, longestShown)}…`;
}

/** The candidate that a misspelt word was most likely meant to be, if any is near. */
export function nearest(word: string, candidates: Iterable<string>): string | undefined {
  let best: string | undefined;
  let least = Math.min(3, Math.ceil(word.length / 2));
  for (const candidate of candidates) {
    const distance = editDistance(word.toLowerCase(), candidate.toLowerCase());
    if (distance < least) {
      best = candidate;
      least = distance;
    }
  }
  return best;
}

/** Levenshtein's distance: the fewest insertions, deletions and replacements that turn one word into the other. */
function editDistance(from: string, to: string): number {
  let previous = Array.from({ length: to.length + 1 }, (_, column) => column);
  for (let row = 1; row <= from.length; row++) {
    const current = [row];
    for (let column = 1; column <= to.length; column++) {
      const replaced = (previous[column - 1] ?? 0) + (from[row - 1] === to[column - 1] ? 0 : 1);
      current.push(Math.min(replaced, (previous[column] ?? 0) + 1, (current[column - 1] ?? 0) + 1));
    }
    previous = current;
  }
  return previous[to.length] ?? 0;
}
