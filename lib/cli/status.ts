import { Option } from '@commander-js/extra-typings';
import type { Command } from '@commander-js/extra-typings';
import { socketFlag } from '../config/socket-flag.ts';
import { SocketError } from '../socket/socket-error.ts';
import type { DaemonStatus } from '../socket/status.ts';
import { addConfigurationFlags, configured } from './configure.ts';
import type { Context } from './context.ts';
import { exitStatus } from './failure.ts';
import { type KernelGlance, kernelGlance } from './kernel-glance.ts';
import { daemonOf, type LocalProcess, localProcesses } from './local-processes.ts';
import { type AnsweredStatus, NodeDaemon } from './node-daemon.ts';
import { document, formatDocument } from './output/document.ts';
import { painter } from './output/paint.ts';
import {
  daemonLines,
  formatFindings,
  formatLines,
  kernelLines,
  type StatusLine,
} from './output/status-lines.ts';
import { daemonFindings, type Finding, processFindings } from './status-findings.ts';
import type { Terminal } from './terminal.ts';

const description = [
  'Says at one glance how this node stands: what runs, where its Services come from, what the kernel holds, what it refused, ' +
    'what drains and what was repaired, and at the end what is wrong and what to do about it.',
  'The running kube-ipvs is asked at its socket. Where none runs, or it gives no answer within half a second, that is said, ' +
    'with what the kernel alone can tell.',
].join('\n\n');

const after = `
Examples:
  kube-ipvs status
  kubectl -n kube-system exec ds/kube-ipvs -- kube-ipvs status

  # every refused entry of which the program tells, not the first five alone
  kube-ipvs status -o wide

  # for scripts: everything that the running program tells
  kube-ipvs status -o json

Exit status:
  0  well: a kube-ipvs runs, and everything that Services ask for is in the kernel
  1  not well, or no kube-ipvs that answers
  2  the command line is wrong`;

/** Milliseconds that a daemon is waited for: the whole command takes less than a second. */
const patience = 500;

/** What was found out. */
interface Found {
  readonly daemon: DaemonStatus | undefined;
  /** Where there is no answer of a daemon. */
  readonly kernel: KernelGlance | undefined;
  /** What was read, and why. */
  readonly from: string;
  readonly findings: readonly Finding[];
}

/** Adds `kube-ipvs status`: how this node stands. */
export function addStatus(program: Command, context: Context): void {
  const command: Command = program
    .command('status')
    .summary('say at one glance how this node stands')
    .description(description)
    .addOption(new Option('-o, --output <format>', 'how it is printed').choices(['wide', 'json', 'yaml']))
    .addHelpText('after', after);
  addConfigurationFlags(command, [socketFlag]);
  command.action(async (options: Readonly<Record<string, unknown>>) => {
    const { configuration } = await configured([socketFlag], options, context);
    const { output } = options;
    const found = await find(configuration.socket, output === 'wide' ? Infinity : undefined);
    const isWell = found.findings.every(({ severity }) => severity !== 'error');
    context.terminal.out(
      output === 'json' || output === 'yaml'
        ? formatDocument(statusDocument(found, isWell), output)
        : formatStatus(found, isWell, context.terminal),
    );
    context.finish(isWell ? exitStatus.success : exitStatus.failure);
  });
}

/** @param most findings of one kind that are told one by one */
async function find(socket: string, most: number | undefined): Promise<Found> {
  const looking = localProcesses();
  const [asked, processes] = await Promise.all([ask(socket, looking), looking]);
  if (!(asked instanceof SocketError)) {
    const { status: daemon, path } = asked;
    const findings = [
      ...daemonFindings(daemon, most),
      ...processFindings(processes, pidOf(daemon, processes)),
    ];
    return { daemon, kernel: undefined, from: `the daemon, at ${path}`, findings };
  }
  return {
    daemon: undefined,
    kernel: kernelGlance(),
    from: 'the kernel alone, for no daemon answers',
    findings: [silence(asked, processes), ...processFindings(processes, undefined)],
  };
}

/** The daemon's process as it is seen here. What it calls itself is another number in a container. */
function pidOf({ process: { pid } }: DaemonStatus, processes: readonly LocalProcess[]): number | undefined {
  return processes.some((one) => one.pid === pid) ? pid : daemonOf(processes)?.pid;
}

async function ask(
  socket: string,
  looking: Promise<readonly LocalProcess[]>,
): Promise<AnsweredStatus | SocketError> {
  const process = async (): Promise<number | undefined> => daemonOf(await looking)?.pid;
  try {
    return await new NodeDaemon({ socket, process, patience }).status();
  } catch (error) {
    if (error instanceof SocketError) return error;
    throw error;
  }
}

/** Why there is no answer, in the light of the processes that there are. */
function silence(error: SocketError, processes: readonly LocalProcess[]): Finding {
  const daemon = daemonOf(processes);
  const severity = 'error';
  if (daemon === undefined) return { severity, text: error.summary, hint: error.hint };
  const { pid, state } = daemon;
  if (state === 'T' || state === 't') {
    const text = `kube-ipvs, process ${pid}, is stopped and programs nothing`;
    return { severity, text, hint: `have it go on: kill -CONT ${pid}` };
  }
  if (error.code === 'no-daemon') {
    const text = `kube-ipvs, process ${pid}, runs, and not with the socket ${error.path}`;
    return { severity, text, hint: 'name its socket with --socket; its log says where it is' };
  }
  return { severity, text: `${error.summary}, of process ${pid} (state ${state})`, hint: error.hint };
}

function statusDocument(
  { daemon, kernel, from, findings }: Found,
  isWell: boolean,
): ReturnType<typeof document> {
  return document('NodeStatus', {
    well: isWell,
    from,
    findings,
    daemon: daemon ?? null,
    kernel: kernel ?? null,
  });
}

function formatStatus(
  { daemon, kernel, from, findings }: Found,
  isWell: boolean,
  { screen }: Terminal,
): string {
  const paint = painter(screen?.colours ?? false);
  const verdict = isWell ? paint('green', 'well') : paint('red', 'not well');
  const lines: readonly StatusLine[] = [
    ['kube-ipvs', verdict],
    ['Read from', from],
    ...(daemon === undefined ? [] : daemonLines(daemon)),
    ...(kernel === undefined ? [] : kernelLines(kernel)),
  ];
  const told = formatFindings(findings, paint);
  return formatLines(lines, paint) + (told === '' ? '' : `\n${told}`);
}
