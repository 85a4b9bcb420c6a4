import { Option } from '@commander-js/extra-typings';
import type { Command } from '@commander-js/extra-typings';
import type { Configuration } from '../config/configuration.ts';
import { loggingFlags, planningFlags } from '../config/flags.ts';
import { fakeKernel } from '../kernel/fake-kernel.ts';
import { Firewall } from '../kernel/firewall.ts';
import type { KernelTables } from '../kernel/kernel-tables.ts';
import { VirtualServers } from '../kernel/virtual-servers.ts';
import { diff } from '../reconciler/once.ts';
import type { DiffReport } from '../reconciler/once.ts';
import { addConfigurationFlags, configured } from './configure.ts';
import type { Context } from './context.ts';
import { exitStatus, Failure } from './failure.ts';
import { KernelSchedulers } from './kernel-schedulers.ts';
import { kernelTables, openKernel, readNodeAddresses, traceTo } from './kernel.ts';
import { createLog } from './log.ts';
import { nodePortCidrs } from './node-addresses.ts';
import { oldestFirst } from './oldest-first.ts';
import { describeChanges, formatChanges } from './output/changes.ts';
import type { ChangeLine } from './output/changes.ts';
import { document, formatDocument } from './output/document.ts';
import type { Document, DocumentFormat } from './output/document.ts';
import { createPlanning } from './planning.ts';
import type { Planning } from './planning.ts';
import { programmerOptions } from './programming.ts';
import { report } from './report.ts';
import { schedulerFailure } from './scheduler-check.ts';
import { SchedulerIndex } from './scheduler-index.ts';
import { shortfallLines } from './shortfall.ts';
import { readSource } from './sources.ts';
import type { Terminal } from './terminal.ts';

const flags = [...planningFlags, ...loggingFlags];

const description = [
  'Prints what "kube-ipvs run --once" with the same flags would write, and writes nothing. A line ' +
    'for each change: + is made, - is removed, ~ becomes another.',
  'Where the kernel may not be read, the comparison is with an empty one, and standard error says ' + 'so.',
  'Which schedulers the kernel has is looked up in /proc/modules and /lib/modules, for nothing is ' +
    'loaded for a look. Where these do not tell, standard error names the schedulers that the kernel ' +
    'may refuse.',
].join('\n\n');

const examples = `
Examples:
  # is this node as the API server says?
  kube-ipvs diff --kubeconfig /etc/kubernetes/kube-ipvs.conf

  # is it as its manifests say?
  kube-ipvs diff --manifests /etc/kube-ipvs/manifests

  # what would another scheduler change?
  kube-ipvs diff --manifests ./manifests --ipvs-scheduler mh

Exit status:
  0  the kernel holds what it should
  1  there are changes
  2  a flag is wrong, or the comparison could not be made`;

/** Adds `kube-ipvs diff`: what would be written. */
export function addDiff(program: Command, context: Context): void {
  const command: Command = program
    .command('diff')
    .summary('show what would be written, and write nothing')
    .description(description)
    .addHelpText('after', examples);
  addConfigurationFlags(command, flags);
  const output = new Option('-o, --output <format>', 'json or yaml').choices(['json', 'yaml'] as const);
  command.addOption(output).action(async (options: { output?: DocumentFormat }) => {
    const { configuration } = await configured(flags, { ...options }, context);
    try {
      context.finish(await printDiff(configuration, options.output, context));
    } catch (error) {
      report(error, context.terminal);
      context.finish(exitStatus.usage);
    }
  });
}

async function printDiff(
  configuration: Configuration,
  output: DocumentFormat | undefined,
  context: Context,
): Promise<number> {
  const { terminal } = context;
  const result = await compare(configuration, context);
  const lines = describeChanges(result.changes);
  const shortfall = shortfallLines(result);
  for (const line of shortfall) terminal.err(`error: ${line}\n`);
  terminal.out(output === undefined ? formatChanges(lines) : formatDocument(diffDocument(lines), output));
  if (shortfall.length > 0) return exitStatus.usage;
  return lines.length === 0 ? exitStatus.success : exitStatus.failure;
}

/** What is compared with: the kernel, or an empty one. */
interface Compared {
  readonly tables: (planning: Planning) => KernelTables;
  readonly schedulersInUse: () => Promise<ReadonlySet<string>>;
  close(): void;
}

async function compare(configuration: Configuration, context: Context): Promise<DiffReport> {
  const { terminal } = context;
  const log = createLog(configuration, terminal);
  const compared = openForReading(configuration, terminal);
  try {
    const [{ catalog, node, apiServers }, randomFully] = await Promise.all([
      readSource({ configuration, input: context, log }),
      new Firewall().supportsRandomFully(),
    ]);
    const schedulers = await lookUpSchedulers(configuration, compared, terminal);
    const planning = await createPlanning({ configuration, catalog, node, randomFully, schedulers });
    const cidrs = nodePortCidrs(configuration.nodePortAddresses, node.primaryAddresses);
    planning.node = { ...planning.node, ...readNodeAddresses(cidrs, apiServers) };
    const tables = compared.tables(planning);
    return await diff(programmerOptions(tables, planning, configuration, log), oldestFirst(catalog));
  } finally {
    compared.close();
  }
}

/**
 * The schedulers that a run would find, as far as that can be told without making anything.
 *
 * @throws Failure where the configured one is missing, as a run would
 */
async function lookUpSchedulers(
  { scheduler }: Configuration,
  { schedulersInUse }: Compared,
  terminal: Terminal,
): Promise<KernelSchedulers> {
  const index = await SchedulerIndex.read(await schedulersInUse());
  const schedulers = new KernelSchedulers((name) => {
    const verdict = index.verdict(name);
    if (verdict === 'unknown') {
      terminal.err(
        `warning: whether the kernel has the scheduler ${name} is not known: a run may find it missing\n`,
      );
      terminal.err(`hint: see that "modprobe -n ip_vs_${name}" on the node finds its module\n`);
    }
    return verdict !== 'missing';
  });
  schedulers.ask(scheduler);
  if (!schedulers.found.includes(scheduler)) throw schedulerFailure(scheduler);
  return schedulers;
}

function openForReading({ traceNetlink }: Configuration, terminal: Terminal): Compared {
  try {
    const kernel = openKernel(traceNetlink ? traceTo(terminal) : undefined);
    return {
      tables: ({ base }) => kernelTables(kernel, base.sysctls),
      schedulersInUse: async () => {
        const servers = await new VirtualServers(kernel.ipvs).read();
        return new Set([...servers.values()].map((server) => server.scheduler));
      },
      close: () => {
        kernel.close();
      },
    };
  } catch (error) {
    if (!(error instanceof Failure && error.code === 'no-permission')) throw error;
    terminal.err(`warning: ${error.message}: comparing with an empty kernel\nhint: ${error.hint}\n`);
    return {
      tables: () => fakeKernel(),
      schedulersInUse: () => Promise.resolve(new Set()),
      close: () => undefined,
    };
  }
}

function diffDocument(lines: readonly ChangeLine[]): Document {
  const actions = { '+': 'create', '-': 'remove', '~': 'change' } as const;
  return document('Diff', {
    changes: lines.map(({ sign, table, key, text, details }) => ({
      action: actions[sign],
      table,
      key,
      text,
      details,
    })),
  });
}
