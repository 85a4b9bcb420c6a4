import { Command } from '@commander-js/extra-typings';
import { programVersion } from './build-info.ts';
import { addCleanup } from './cleanup.ts';
import { addCompletion } from './completion.ts';
import { addConfig } from './config.ts';
import type { Context } from './context.ts';
import { addDiff } from './diff.ts';
import { addDoctor } from './doctor.ts';
import { addExplain } from './explain.ts';
import { addGet } from './get.ts';
import { addMigrate } from './migrate.ts';
import { addMonitor } from './monitor.ts';
import { addRun } from './run.ts';
import { addStatus } from './status.ts';
import { addTrace } from './trace.ts';
import { addTop } from './top.ts';
import { addVersion } from './version.ts';

/** Characters in a line of help, on a terminal that is wider or on none. */
const helpWidth = 100;

const description = `Kubernetes service load balancing in the kernel's IPVS: a drop-in for kube-proxy's IPVS mode.`;

const after = `
Run "kube-ipvs COMMAND --help" for the flags and examples of a command.`;

/** The whole command line. */
export function createProgram(context: Context): Command {
  const { terminal } = context;
  const program: Command = new Command('kube-ipvs')
    .description(description)
    .version(`kube-ipvs ${programVersion()}`, '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print this help')
    .helpCommand('help [command]', 'print the help of a command')
    .addHelpText('after', after)
    .showHelpAfterError('hint: add --help for the flags and examples of a command')
    .configureOutput({
      writeOut: terminal.out,
      writeErr: terminal.err,
      getOutHelpWidth: () => helpWidth,
      getErrHelpWidth: () => helpWidth,
    })
    .exitOverride();
  addRun(program, context);
  addDiff(program, context);
  addGet(program, context);
  addDoctor(program, context);
  addStatus(program, context);
  addMonitor(program, context);
  addTrace(program, context);
  addTop(program, context);
  addExplain(program, context);
  addCleanup(program, context);
  addConfig(program, context);
  addMigrate(program, context);
  addCompletion(program, context);
  addVersion(program, context);
  return program;
}
