import type { Command } from '@commander-js/extra-typings';
import type { Configuration } from '../config/configuration.ts';
import { cleanupFlags } from '../config/flags.ts';
import { applyRemovals, removalsOfOurs } from '../reconciler/removals.ts';
import type { Removals } from '../reconciler/removals.ts';
import { addConfigurationFlags, configured } from './configure.ts';
import type { Context } from './context.ts';
import { exitStatus } from './failure.ts';
import { kernelTables, openKernel } from './kernel.ts';
import { localDaemon } from './local-processes.ts';
import type { Kernel } from './kernel.ts';
import { nodeAddresses, serviceInterface } from './node-addresses.ts';
import { describeChanges, formatChanges } from './output/changes.ts';
import type { Terminal } from './terminal.ts';

const description = [
  'Removes from the kernel what kube-ipvs made, and what kube-proxy in IPVS mode made by the same ' +
    'names: its virtual servers, the interface kube-ipvs0, the KUBE-* ip sets and iptables chains. ' +
    'What others made stays. Sysctls stay as they are. Connections through the removed virtual ' +
    'servers break.',
  'Stop kube-ipvs first: a running one puts everything back.',
].join('\n\n');

const examples = `
Examples:
  # what would be removed?
  kube-ipvs cleanup --dry-run

  kube-ipvs cleanup

Exit status:
  0  nothing of ours is left
  1  something could not be removed
  2  a flag is wrong`;

/** Adds `kube-ipvs cleanup`: the way out. */
export function addCleanup(program: Command, context: Context): void {
  const command: Command = program
    .command('cleanup')
    .summary('remove what kube-ipvs made, and only that')
    .description(description)
    .addHelpText('after', examples);
  addConfigurationFlags(command, cleanupFlags);
  command
    .option('--dry-run', 'print what would be removed, and remove nothing')
    .action(async (options: { dryRun?: true }) => {
      const { configuration } = await configured(cleanupFlags, { ...options }, context);
      if (options.dryRun !== true) await warnOfDaemon(context.terminal);
      context.finish(await cleanup(configuration, options.dryRun === true, context.terminal));
    });
}

/** What is removed under a running kube-ipvs comes back with its next look at the kernel. */
async function warnOfDaemon({ err }: Terminal): Promise<void> {
  const pid = await localDaemon();
  if (pid === undefined) return;
  err(`warning: kube-ipvs runs, as process ${pid}, and makes anew what is removed\n`);
  err('hint: stop it first: take its DaemonSet off this node, or kill the process\n');
}

/** Removes from the kernel what is ours, or prints it alone. Gives the exit status. */
export async function cleanup(
  configuration: Pick<Configuration, 'excludeCidrs'>,
  dryRun: boolean,
  terminal: Terminal,
): Promise<number> {
  const kernel = openKernel(undefined);
  try {
    const tables = kernelTables(kernel, []);
    const removals = await removalsOfOurs(tables, {
      excludeCIDRs: configuration.excludeCidrs,
      nodeAddresses: nodeAddresses(kernel.route, []).localAddresses,
    });
    terminal.out(formatChanges(describeChanges({ ...removals.changes, sysctls: [], realServers: [] })));
    const device = kernel.route.link(serviceInterface)?.kind === 'dummy';
    if (device) terminal.out(`- interface ${serviceInterface}\n`);
    const failures = dryRun ? removals.failures.map(messageOf) : await remove(kernel, removals, device);
    for (const failure of failures) terminal.err(`error: ${failure}\n`);
    return failures.length === 0 ? exitStatus.success : exitStatus.failure;
  } finally {
    kernel.close();
  }
}

/** Removes everything that can be removed, and gives a line for what could not. */
async function remove(kernel: Kernel, removals: Removals, device: boolean): Promise<string[]> {
  const { refused, failures } = await applyRemovals(kernelTables(kernel, []), removals);
  const lines = [
    ...removals.failures.map(messageOf),
    ...failures.map(messageOf),
    ...refused.map(({ refusal }) => `${refusal.operation}: ${refusal.message}`),
  ];
  const addressesAreKnown = [...removals.failures, ...failures].every(({ table }) => table !== 'addresses');
  if (device && addressesAreKnown) await kernel.addresses.removeDevice();
  return lines;
}

function messageOf({ table, error }: { readonly table: string; readonly error: Error }): string {
  return `${table}: ${error.message}`;
}
