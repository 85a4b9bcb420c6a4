import { CommanderError } from '@commander-js/extra-typings';
import { ConfigurationError } from '../config/configuration-error.ts';
import type { Problem } from '../model/problem.ts';
import { exitStatus, Failure } from './failure.ts';
import type { Terminal } from './terminal.ts';

/**
 * Tells a person why a command ended early, one line `error: …` and, where there is something to do, one line `hint: …`
 * for each reason. Gives the exit status.
 */
export function report(error: unknown, terminal: Terminal): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? exitStatus.success : exitStatus.usage;
  if (error instanceof ConfigurationError) {
    for (const problem of error.problems) tellProblem(problem, terminal);
    return exitStatus.usage;
  }
  if (error instanceof AggregateError) {
    for (const each of error.errors) report(each, terminal);
    return exitStatus.failure;
  }
  if (error instanceof Failure) {
    tell(terminal, error.message, error.hint);
    return exitStatus.failure;
  }
  tell(terminal, ...unexpected(error));
  return exitStatus.failure;
}

/** Tells a person of something that they wrote, in the same form; a warning as such. */
export function tellProblem(
  { where, field, expected, got, hint, severity }: Problem,
  terminal: Terminal,
): void {
  const place = field === undefined ? where : `${where}: ${field}`;
  terminal.err(`${severity}: ${place}: expected ${expected}, got ${got}\nhint: ${hint}\n`);
}

function tell(terminal: Terminal, message: string, hint: string): void {
  terminal.err(`error: ${message}\n${hint === '' ? '' : `hint: ${hint}\n`}`);
}

/** Errors of lower rooms bear a code and say themselves what to do; any other is a fault of this program. */
function unexpected(error: unknown): [message: string, hint: string] {
  if (!(error instanceof Error)) return [String(error), ''];
  if ('code' in error) return [error.message, ''];
  return [
    error.stack ?? error.message,
    'this is a fault of kube-ipvs: please report it with the lines above',
  ];
}
