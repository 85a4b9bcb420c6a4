import type { CommandResult, Run } from '../../kernel/command.ts';

/** A `Run` that starts each command line that has no input once: what several readers ask for is the same for all. */
export function runningOnce(run: Run): Run {
  const results = new Map<string, Promise<CommandResult>>();
  return (command, args, stdin) => {
    if (stdin !== undefined) return run(command, args, stdin);
    const line = [command, ...args].join('\0');
    const result = results.get(line) ?? run(command, args);
    results.set(line, result);
    return result;
  };
}
