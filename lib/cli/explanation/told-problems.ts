import type { Logger } from 'pino';
import type { Problem } from '../../model/problem.ts';
import { createLog } from '../log.ts';
import type { Terminal } from '../terminal.ts';

/** A log that keeps the problems of objects that a source tells of, and writes whatever else is a warning. */
export interface ProblemLog {
  readonly log: Logger;
  /** Those of the objects of one namespace by these names. */
  problemsOf(objects: readonly string[]): readonly Problem[];
}

/** One line of the log. */
interface Line {
  readonly msg?: string;
  readonly problem?: Problem;
}

/** Makes a log of a source that is read once. */
export function problemLog(terminal: Pick<Terminal, 'err'>): ProblemLog {
  const problems: Problem[] = [];
  const take = (text: string): void => {
    const { msg = '', problem } = JSON.parse(text) as Line;
    if (problem === undefined) terminal.err(`warning: ${msg}\n`);
    else problems.push(problem);
  };
  const quiet = { loggingFormat: 'json', verbosity: 0 } as const;
  const log = createLog(quiet, { out: () => undefined, err: take });
  log.level = 'warn';
  return {
    log,
    problemsOf: (objects) =>
      problems.filter(({ object = '', where }) => objects.includes(object) || objects.includes(where)),
  };
}
