import type { Command, CommandUnknownOpts } from '@commander-js/extra-typings';
import { createProgram } from '../lib/cli/program.ts';

/** A command line that prints nothing and does nothing: for its help. */
function program(): Command {
  const nothing = (): void => undefined;
  return createProgram({
    nodeName: undefined,
    apiServer: undefined,
    terminal: { out: nothing, err: nothing },
    finish: nothing,
    untilStopped: () => new Promise(nothing),
  });
}

/** The help of a command as a terminal shows it, what stands behind the options included. */
function helpOf(command: CommandUnknownOpts): string {
  let text = '';
  command.configureOutput({
    writeOut: (part) => {
      text += part;
    },
    getOutHelpWidth: () => 100,
  });
  command.outputHelp();
  return text.trimEnd();
}

function* sections(command: CommandUnknownOpts, path: string): Generator<string> {
  yield `## ${path}\n\n\`\`\`text\n${helpOf(command)}\n\`\`\`\n`;
  for (const child of command.commands) {
    yield* sections(child, `${path} ${child.name()}`);
  }
}

/** The page of every command and flag, in Markdown. */
export function cliReference(): string {
  const head =
    '# Commands and flags\n\nWhat `kube-ipvs COMMAND --help` prints. `make docs` makes this page from the program.\n';
  return `${head}\n${[...sections(program(), 'kube-ipvs')].join('\n')}`;
}
