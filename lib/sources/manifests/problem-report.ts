import type { Logger } from 'pino';
import { formatProblem, type Problem } from '../../model/problem.ts';

/** The problems there are now, each logged once when it appears and once when it is gone. */
export class ProblemReport {
  readonly #log: Logger;
  #current = new Map<string, Problem>();

  constructor(log: Logger) {
    this.#log = log;
  }

  /** All of them, in the order in which they were given. */
  get problems(): readonly Problem[] {
    return [...this.#current.values()];
  }

  /** Replaces the problems and logs what changed. */
  replace(problems: readonly Problem[]): void {
    const next = new Map(problems.map((problem) => [formatProblem(problem), problem]));
    for (const [line, problem] of next) {
      if (this.#current.has(line)) continue;
      if (problem.severity === 'error') this.#log.error({ problem }, line);
      else this.#log.warn({ problem }, line);
    }
    for (const [line, problem] of this.#current) {
      if (!next.has(line)) this.#log.info({ problem }, `no longer a problem: ${line}`);
    }
    this.#current = next;
  }
}
