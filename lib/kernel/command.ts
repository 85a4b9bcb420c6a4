import { spawn } from 'node:child_process';

/** What a program left behind. */
export interface CommandResult {
  /**
   * The exit status, or as a shell counts: 127 the program does not exist, 126 it may not be run, 124 it did not end
   * in time, 128 + n a signal ended it.
   */
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a program without a shell, gives it `stdin` and waits for its end. Never rejects. */
export type Run = (command: string, args: readonly string[], stdin?: string) => Promise<CommandResult>;

/** Statuses of `CommandResult` that no program gave itself. */
export const commandStatus = { timedOut: 124, notAllowed: 126, notFound: 127, signalled: 128 } as const;

/** Milliseconds after which a program is killed: well above the longest wait for a lock that is asked for here. */
const timeLimit = 60_000;

/** Makes a `Run` that starts real processes. */
export function commandRunner(limit: number = timeLimit): Run {
  return (command, args, stdin = '') =>
    new Promise((resolve) => {
      const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'pipe'] });
      // Not the option of spawn: its timer outlives a program that could not be started, and with it this process.
      const timer = setTimeout(() => child.kill('SIGKILL'), limit);
      const stdout: Buffer[] = [];
      const stderr: Buffer[] = [];
      const end = (status: number, note = ''): void => {
        clearTimeout(timer);
        resolve({
          status,
          stdout: Buffer.concat(stdout).toString(),
          stderr: Buffer.concat(stderr).toString() + note,
        });
      };
      child.stdout.on('data', (chunk: Buffer) => stdout.push(chunk));
      child.stderr.on('data', (chunk: Buffer) => stderr.push(chunk));
      // A program that ends without reading its input breaks the pipe; its own status tells why.
      child.stdin.on('error', () => undefined);
      child.on('error', (error: NodeJS.ErrnoException) => {
        end(error.code === 'ENOENT' ? commandStatus.notFound : commandStatus.notAllowed, error.message);
      });
      child.on('close', (status, signal) => {
        if (status !== null) end(status);
        else if (signal === 'SIGKILL') end(commandStatus.timedOut, `killed after ${limit / 1000} s`);
        else end(commandStatus.signalled, `ended by ${signal ?? 'a signal'}`);
      });
      child.stdin.end(stdin);
    });
}
