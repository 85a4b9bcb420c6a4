import type { ProcessInput } from '../config/process-input.ts';
import { exitStatus } from './failure.ts';
import { createProgram } from './program.ts';
import { report } from './report.ts';
import { untilSignal } from './signals.ts';
import type { Terminal } from './terminal.ts';

/** Carries out one command line and gives the exit status. Never rejects. */
export async function runCommandLine(
  input: Omit<ProcessInput, 'colours'>,
  terminal: Terminal,
): Promise<number> {
  let status: number = exitStatus.success;
  const program = createProgram({
    nodeName: input.nodeName,
    apiServer: input.apiServer,
    terminal,
    untilStopped: untilSignal,
    finish: (result) => {
      status = result;
    },
  });
  try {
    await program.parseAsync(input.args.map(withDashes), { from: 'user' });
    return status;
  } catch (error) {
    return report(error, terminal);
  }
}

/** Kubernetes' components take `--log_dir` for `--log-dir`. */
function withDashes(arg: string): string {
  return arg.replace(/^--[a-z][\w-]*/, (name) => name.replaceAll('_', '-'));
}
