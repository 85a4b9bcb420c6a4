import { Argument } from '@commander-js/extra-typings';
import type { Command } from '@commander-js/extra-typings';
import { bashCompletion } from './completion/bash.ts';
import { completedCommand } from './completion/command-tree.ts';
import { fishCompletion } from './completion/fish.ts';
import { zshCompletion } from './completion/zsh.ts';
import type { Context } from './context.ts';

const shells = { bash: bashCompletion, zsh: zshCompletion, fish: fishCompletion } as const;

const examples = `
Examples:
  # in this shell, and in each one from now on
  source <(kube-ipvs completion bash)
  kube-ipvs completion bash >/etc/bash_completion.d/kube-ipvs

  kube-ipvs completion zsh >"\${fpath[1]}/_kube_ipvs"
  kube-ipvs completion fish >~/.config/fish/completions/kube-ipvs.fish

Exit status:
  0  printed
  2  the command line is wrong`;

/** Adds `kube-ipvs completion`: scripts by which shells complete commands, flags and their values. */
export function addCompletion(program: Command, { terminal }: Context): void {
  program
    .command('completion')
    .summary('print a script by which a shell completes commands and flags')
    .description('Prints a script by which a shell completes commands, flags and their values.')
    .addArgument(new Argument('<shell>', 'the shell').choices(['bash', 'zsh', 'fish'] as const))
    .addHelpText('after', examples)
    .action((shell) => {
      terminal.out(shells[shell](program.name(), completedCommand(program)));
    });
}
