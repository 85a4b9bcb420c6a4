import { type Command, InvalidArgumentError, Option } from '@commander-js/extra-typings';
import { allChecks } from '../doctor/checks.ts';
import { type Choice, examine, namesOf } from '../doctor/examine.ts';
import { programVersion } from './build-info.ts';
import { addConfigurationFlags } from './configure.ts';
import type { Context } from './context.ts';
import { NodeExamination } from './examination/node-examination.ts';
import { doctorFlags, findSubject } from './examination/subject.ts';
import { exitStatus } from './failure.ts';
import { type DocumentFormat, formatDocument } from './output/document.ts';
import { examinationDocument, formatExamination } from './output/examination.ts';

const description = [
  'Examines this node and says what is wrong, what that means and the command that mends it. It reads ' +
    'and changes nothing, but that it opens a TCP connection to each endpoint and closes it.',
  'Without flags the configuration is that of the kube-ipvs that runs on the node, as its command line has ' +
    'it. A check that cannot be made says why and keeps no other from being made.',
].join('\n\n');

const examples = `
Examples:
  # on the node, or in the pod of kube-ipvs: kubectl exec -n kube-system POD -- kube-ipvs doctor
  kube-ipvs doctor

  # two checks and one finding alone, for a program
  kube-ipvs doctor --only sysctls,conntrack,another-proxy -o json

  # with what each check reads
  kube-ipvs doctor -o wide

  # without connecting to endpoints
  kube-ipvs doctor --no-probe

  # where kube-ipvs does not run yet
  kube-ipvs doctor --config /etc/kubernetes/kube-proxy.conf --kubeconfig /etc/kubernetes/admin.conf

Exit status:
  0  no errors were found
  1  there are errors
  2  a flag is wrong`;

/** What was written on the command line. */
interface DoctorOptions {
  readonly output?: DocumentFormat | 'wide';
  readonly only?: readonly string[];
  readonly skip?: readonly string[];
  readonly probe: boolean;
}

/** Adds `kube-ipvs doctor`: what is wrong with this node. */
export function addDoctor(program: Command, context: Context): void {
  const command: Command = program
    .command('doctor')
    .summary('examine this node, and say what is wrong and what mends it')
    .description(description)
    .addHelpText('after', examples);
  command
    .addOption(namesOption('--only <names>', 'only these checks or findings, by their names'))
    .addOption(namesOption('--skip <names>', 'none of these checks or findings'))
    .addOption(new Option('--no-probe', 'connect to no endpoint'))
    .addOption(
      new Option('-o, --output <format>', 'how it is printed').choices(['wide', 'json', 'yaml'] as const),
    );
  addConfigurationFlags(command, doctorFlags);
  command.action(async (options) => {
    context.finish(await doctor(options as unknown as DoctorOptions, context));
  });
}

function namesOption(flags: string, help: string): Option {
  return new Option(flags, help).argParser<readonly string[]>(
    (written, previous: readonly string[] | undefined) => {
      const names = written.split(',').map((name) => name.trim());
      const known = namesOf(allChecks);
      const unknown = names.find((name) => !known.includes(name));
      if (unknown === undefined) return [...(previous ?? []), ...names];
      throw new InvalidArgumentError(
        `There is no check or finding ${unknown}. The checks are ${checkNames()}.`,
      );
    },
  );
}

function checkNames(): string {
  return allChecks.map(({ name }) => name).join(', ');
}

async function doctor(options: DoctorOptions, context: Context): Promise<number> {
  const subject = await findSubject({ ...options }, context);
  const node = new NodeExamination(subject, context);
  try {
    const examination = await examine(node, allChecks, choiceOf(options));
    const facts = {
      node: node.name,
      kernel: node.kernelRelease,
      version: programVersion(),
      configuration: subject.source,
    };
    const { output } = options;
    context.terminal.out(
      output === undefined || output === 'wide'
        ? formatExamination(facts, examination, output === 'wide' ? whatIsRead() : undefined)
        : formatDocument(examinationDocument(facts, examination), output),
    );
    const errors = examination.findings.some(({ severity }) => severity === 'error');
    return errors ? exitStatus.failure : exitStatus.success;
  } finally {
    await node.close();
  }
}

/** What each check reads. */
function whatIsRead(): ReadonlyMap<string, string> {
  return new Map(allChecks.map(({ name, about }) => [name, about]));
}

function choiceOf({ only = [], skip = [], probe }: DoctorOptions): Choice {
  return { only, skip: probe ? skip : [...skip, 'endpoints'] };
}
