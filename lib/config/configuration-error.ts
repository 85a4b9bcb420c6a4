import { formatProblem } from '../model/problem.ts';
import type { Problem } from '../model/problem.ts';

/** A configuration that cannot be used. Nothing has been done yet. */
export class ConfigurationError extends Error {
  override readonly name = 'ConfigurationError';
  readonly code = 'INVALID_CONFIGURATION';
  /** Everything that is wrong with it, at least one. */
  readonly problems: readonly Problem[];

  constructor(problems: readonly Problem[]) {
    super(problems.map(formatProblem).join('\n'));
    this.problems = problems;
  }
}
