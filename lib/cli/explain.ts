import { Argument, Option } from '@commander-js/extra-typings';
import type { Command } from '@commander-js/extra-typings';
import { addConfigurationFlags } from './configure.ts';
import type { Context } from './context.ts';
import { doctorFlags, findSubject } from './examination/subject.ts';
import { readExplanation, type ReadExplanation } from './explain-run.ts';
import { readServiceArgument } from './explanation/service-argument.ts';
import { exitStatus } from './failure.ts';
import { document, formatDocument } from './output/document.ts';
import { explanationText } from './output/explanation-text.ts';
import { painter } from './output/paint.ts';
import { report } from './report.ts';

const description = [
  'Explains a Service as this node has it: what it asks for, its virtual servers and whether the kernel holds them as ' +
    'wanted, who may reach them and whose source address is hidden, which endpoints are used and why others are not, ' +
    'what is not followed, and at the end whether it is served, why not, and what to look at next.',
  'It reads the kernel, the API server or manifests, and the running kube-ipvs at its socket where one answers. Without ' +
    'flags the configuration is that of the kube-ipvs that runs on the node. A health check port of this node is asked what ' +
    'it answers; besides, nothing is sent, and nothing is changed: "kube-ipvs trace" follows a packet, and ' +
    '"kube-ipvs doctor" examines the node.',
].join('\n\n');

const examples = `
Examples:
  # on the node, or in the pod of kube-ipvs: kubectl exec -n kube-system POD -- kube-ipvs explain …
  kube-ipvs explain default/web

  # every real server of every virtual server
  kube-ipvs explain -o wide kube-system/kube-dns

  kube-ipvs explain --kubeconfig /etc/kubernetes/admin.conf -o json default/web

Exit status:
  0  it is served, and the kernel holds it as wanted
  1  it is not served at every address and port, or the kernel differs
  2  a flag is wrong, there is no such Service, or it cannot be read`;

/** What was written on the command line. */
interface Options {
  readonly output?: 'wide' | 'json' | 'yaml';
}

/** Adds `kube-ipvs explain`: what a node makes of a Service. */
export function addExplain(program: Command, context: Context): void {
  const command = program
    .command('explain')
    .summary('tell what this node makes of a Service, and why')
    .description(description)
    .addHelpText('after', examples);
  const explained = command
    .addArgument(new Argument('<service>', 'NAMESPACE/NAME'))
    .addOption(
      new Option('-o, --output <format>', 'how it is printed').choices(['wide', 'json', 'yaml'] as const),
    );
  addConfigurationFlags(command, doctorFlags);
  explained.action(async (service: string, options: Options) => {
    try {
      context.finish(await explainService(service, options, context));
    } catch (error) {
      report(error, context.terminal);
      context.finish(exitStatus.usage);
    }
  });
}

async function explainService(text: string, options: Options, context: Context): Promise<number> {
  const argument = readServiceArgument(text);
  const subject = await findSubject({ ...options }, context);
  const read = await readExplanation(argument, subject, context);
  context.terminal.out(formatRead(read, options, context));
  const { outcome, asWanted } = read.explanation.conclusion;
  return outcome === 'served' && asWanted ? exitStatus.success : exitStatus.failure;
}

function formatRead(
  { explanation, sources }: ReadExplanation,
  { output }: Options,
  { terminal }: Context,
): string {
  if (output === 'json' || output === 'yaml') {
    return formatDocument(document('Explanation', { read: sources, ...explanation }), output);
  }
  const paint = painter(terminal.screen?.colours ?? false);
  return explanationText(explanation, sources, { wide: output === 'wide', paint });
}
