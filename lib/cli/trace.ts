import { Argument, Option } from '@commander-js/extra-typings';
import type { Command } from '@commander-js/extra-typings';
import { sourceFlags } from '../config/flags.ts';
import { addConfigurationFlags, configured } from './configure.ts';
import type { Context } from './context.ts';
import { exitStatus } from './failure.ts';
import { findKnowledge } from './knowledge.ts';
import { document, formatDocument } from './output/document.ts';
import { traceText } from './output/trace-text.ts';
import type { Probed } from './probe.ts';
import { report } from './report.ts';
import { probeText, probeTrace, readTrace } from './trace-run.ts';
import { readOrigin, readTarget } from './trace-target.ts';
import type { TraceView } from './trace-view.ts';

const description = [
  'Tells what becomes of a packet that opens a connection, without sending one: it leads it through the iptables ' +
    'rules, IP sets, IPVS tables, routes and settings that this node has at this moment, those of others among them, ' +
    'and its answer back. Where the packet or its answer is lost it names the place, the reason and what to do.',
  'The target is ADDRESS:PORT, [ADDRESS]:PORT of IPv6, or NAMESPACE/NAME[:PORT], with /udp or /sctp behind it where it ' +
    'is not TCP. The sender is this node, or with --from who has that address: a pod of this node, or a machine outside, ' +
    'whose packet comes to this node.',
  'Not judged are connections that exist, how busy an endpoint is, rules of nftables that are not those of iptables, eBPF, ' +
    'and what other machines do with the packet. A rule of others that is not understood is taken for one that does not ' +
    'match, and named.',
].join('\n\n');

const examples = `
Examples:
  # why does a pod not reach this Service?
  kube-ipvs trace --kubeconfig /etc/kubernetes/kube-ipvs.conf --from 10.244.0.7 default/web:http

  kube-ipvs trace 10.96.0.10:53/udp
  kube-ipvs trace --from 203.0.113.9 [fd00:198:51::1]:443

  # every rule that is asked, whether it matches or not
  kube-ipvs trace -o wide 10.96.0.1:443

  # and a real attempt from this node
  kube-ipvs trace --probe 10.96.0.1:443

Exit status:
  0  it arrives, and the answer comes back
  1  it or its answer is lost, with some endpoint at least, or a real attempt fails
  2  a flag is wrong, the tables cannot be read, or what becomes of it cannot be told`;

/** What was written on the command line. */
interface Options {
  readonly from: string;
  readonly probe?: true;
  readonly output?: 'wide' | 'json' | 'yaml';
}

/** Adds `kube-ipvs trace`: what becomes of a packet, and why. */
export function addTrace(program: Command, context: Context): void {
  const command = program
    .command('trace')
    .summary('tell what becomes of a packet, and where it is lost')
    .description(description)
    .addHelpText('after', examples);
  const traced = command
    .addArgument(new Argument('<target>', 'what it is sent to'))
    .option('--from <address>', 'who sends it: an address, or node', 'node')
    .option('--probe', 'also open a real connection from this node, and one to each endpoint')
    .addOption(
      new Option('-o, --output <format>', 'how it is printed').choices(['wide', 'json', 'yaml'] as const),
    );
  addConfigurationFlags(command, sourceFlags);
  traced.action(async (target: string, options: Options) => {
    try {
      context.finish(await traceTarget(target, options, context));
    } catch (error) {
      report(error, context.terminal);
      context.finish(exitStatus.usage);
    }
  });
}

const statuses: Readonly<Record<TraceView['outcome'], number>> = {
  delivered: exitStatus.success,
  lost: exitStatus.failure,
  'partly-lost': exitStatus.failure,
  unknown: exitStatus.usage,
};

async function traceTarget(text: string, options: Options, context: Context): Promise<number> {
  const { output } = options;
  const [target, from] = [readTarget(text), readOrigin(options.from)];
  const { configuration } = await configured(sourceFlags, { ...options }, context);
  const asked = target.kind === 'service' ? target.name : undefined;
  const knowledge = await findKnowledge(configuration, asked, context);
  const { trace, view } = await readTrace(target, from, knowledge);
  const probed = options.probe === true ? await probeTrace(view) : undefined;
  context.terminal.out(
    output === 'json' || output === 'yaml'
      ? formatDocument(document('Trace', { ...view, ...(probed && { probe: probed }) }), output)
      : `${traceText(trace, view, output === 'wide')}${probed === undefined ? '' : `\n${probeText(probed)}`}`,
  );
  return statusOf(view, probed);
}

function statusOf({ outcome }: TraceView, probed: readonly Probed[] | undefined): number {
  const told = statuses[outcome];
  const failed = probed?.some(({ reached }) => !reached) === true;
  return told === exitStatus.success && failed ? exitStatus.failure : told;
}
