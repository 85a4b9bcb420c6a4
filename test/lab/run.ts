/** The launcher of the lab, run on the host: see `--help`, or `usage` in options.ts. */
import { mkdirSync } from 'node:fs';
import { resolve } from 'node:path';
import { buildAgent } from './agent.ts';
import { LabError, attend } from './launch.ts';
import { enterNamespaces, namespacesServe } from './namespaces.ts';
import type { LabOptions } from './options.ts';
import { UsageError, parseOptions, usage } from './options.ts';
import { bootUml } from './uml.ts';

/** Exit statuses of the launcher's own, as timeout(1) and container runtimes have them. */
const statuses = { usage: 2, timedOut: 124, failed: 125 } as const;

function checkTerminal(options: LabOptions): void {
  if (options.interactive && !process.stdin.isTTY)
    throw new UsageError('--interactive: expected a terminal as standard input, got none');
}

async function run(args: readonly string[]): Promise<number> {
  const given = parseOptions(args);
  const options = { ...given, writable: given.writable.map((folder) => resolve(folder)) };
  checkTerminal(options);
  buildAgent();
  for (const folder of options.writable) mkdirSync(folder, { recursive: true });
  const colours = process.stdout.isTTY && process.env['NO_COLOR'] === undefined ? ['FORCE_COLOR=1'] : [];
  const full = { ...options, environment: [...colours, ...options.environment] };
  const inNamespaces = full.way === 'namespaces' || (full.way === 'auto' && namespacesServe());
  return attend(inNamespaces ? enterNamespaces(full) : bootUml(full), full);
}

async function main(args: readonly string[]): Promise<void> {
  if (args[0] === '--help') {
    process.stdout.write(usage);
    return;
  }
  try {
    process.exitCode = await run(args);
  } catch (error) {
    if (!(error instanceof UsageError) && !(error instanceof LabError)) throw error;
    process.stderr.write(`lab: ${error.message}\n`);
    if (error instanceof UsageError) process.exitCode = statuses.usage;
    else process.exitCode = error.code === 'LAB_TIMEOUT' ? statuses.timedOut : statuses.failed;
  }
}

await main(process.argv.slice(2));
