import { Argument, Option } from '@commander-js/extra-typings';
import type { Command } from '@commander-js/extra-typings';
import { stringify } from 'yaml';
import { socketFlag } from '../config/socket-flag.ts';
import type { DaemonEvent } from '../socket/event.ts';
import { addConfigurationFlags, configured } from './configure.ts';
import type { Context } from './context.ts';
import { exitStatus, Failure } from './failure.ts';
import { SocketError } from '../socket/socket-error.ts';
import { localDaemon } from './local-processes.ts';
import { NodeDaemon } from './node-daemon.ts';
import { formatEvent } from './output/event-line.ts';
import { painter } from './output/paint.ts';

const description = [
  'Follows what the running kube-ipvs does: a line for every entry of the kernel that it makes, removes or changes, with the ' +
    'Service that it is for and how long it took from the moment when kube-ipvs was told of the change.',
  'A ! before a line says that the kernel refused it, and "drift" that somebody else had changed an entry, which is repaired. ' +
    'Whoever reads too slowly misses lines, and is told how many. It goes on until it is interrupted.',
].join('\n\n');

const after = `
Examples:
  kube-ipvs monitor
  kube-ipvs monitor -n kube-system kube-dns

  # a JSON object a line
  kube-ipvs monitor -o json

Exit status:
  0  interrupted
  1  no kube-ipvs answers, or it has ended
  2  the command line is wrong`;

/** How events are printed, where not as lines for people. */
type Format = 'wide' | 'json' | 'yaml';

/** Which events are told; all where nothing is given. */
interface Selection {
  readonly namespace?: string | undefined;
  readonly name?: string | undefined;
}

/** Adds `kube-ipvs monitor`: a live line for every change. */
export function addMonitor(program: Command, context: Context): void {
  const command: Command = program
    .command('monitor')
    .summary('follow every change, live')
    .description(description)
    .addHelpText('after', after);
  const monitor = command
    .addArgument(new Argument('[name]', 'only what is for the Service of this name'))
    .option('-n, --namespace <namespace>', 'only what is for Services in this namespace')
    .addOption(
      new Option(
        '-o, --output <format>',
        'wide with the date before each time, json for an object a line, yaml for a document each',
      ).choices(['wide', 'json', 'yaml'] as const),
    );
  addConfigurationFlags(command, [socketFlag]);
  monitor.action(async (name, options) => {
    const { configuration } = await configured([socketFlag], { ...options }, context);
    const { namespace, output } = options;
    await follow(configuration.socket, { name, namespace }, output, context);
    context.finish(exitStatus.success);
  });
}

async function follow(
  socket: string,
  selection: Selection,
  output: Format | undefined,
  context: Context,
): Promise<void> {
  const { terminal, untilStopped } = context;
  const ending = new AbortController();
  void untilStopped().then(() => {
    ending.abort();
  });
  const paint = painter(terminal.screen?.colours ?? false);
  const format = (event: DaemonEvent): string => {
    if (output === 'json') return `${JSON.stringify(event)}\n`;
    if (output === 'yaml') return `---\n${stringify(event, { lineWidth: 0 })}`;
    return formatEvent(event, paint, output === 'wide');
  };
  const daemon = new NodeDaemon({ socket, process: localDaemon });
  // On a quiet node nothing comes for long.
  if (terminal.screen !== undefined) terminal.err('changes are shown as they come; Ctrl-C ends it\n');
  try {
    for await (const line of daemon.lines('/v1/events', ending.signal)) {
      const event = line as DaemonEvent;
      if (isSelected(event, selection)) terminal.out(format(event));
    }
  } catch (error) {
    throw failureOf(error);
  }
  if (ending.signal.aborted) return;
  throw new Failure('ended', 'expected more events, got the end: kube-ipvs has ended', 'start it again');
}

function failureOf(error: unknown): unknown {
  if (!(error instanceof SocketError)) return error;
  return new Failure(error.code, error.summary, error.hint, { cause: error });
}

/** What has to do with no single Service is told where none is asked for, and what is missing always. */
function isSelected({ kind, service }: DaemonEvent, { namespace, name }: Selection): boolean {
  if (kind === 'dropped' || (namespace === undefined && name === undefined)) return true;
  const [ofNamespace, ofName] = (service ?? '/').split('/');
  return (namespace ?? ofNamespace) === ofNamespace && (name ?? ofName) === ofName;
}
