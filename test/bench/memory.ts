/**
 * M1 without a kernel: what the daemon's rooms hold of a cluster that they read from an API server over TLS, in a bundle
 * as the daemon is one. Prints a table: once with collections forced, to see what is held, once without, to see what is
 * resident.
 *
 *   node test/bench/memory.ts [SERVICESxENDPOINTS [SETTLE_SECONDS [NODE_OPTION…]]]
 */
import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { build } from 'esbuild';
import { bundleOptions } from '../../scripts/bundle-options.ts';
import type { MemoryStage } from './memory-process.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const megabyte = 1e6;

async function bundle(outfile: string): Promise<void> {
  await build({
    ...bundleOptions,
    entryPoints: [join(root, 'test/bench/memory-process.ts')],
    outfile,
    define: { embeddedVersion: '"bench"' },
  });
}

async function startApiServer(load: string, kubeconfig: string): Promise<ChildProcess> {
  const program = join(root, 'test/kube/serve.ts');
  const child = spawn(process.execPath, [program, '--load', load, '--kubeconfig-out', kubeconfig], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  for await (const line of createInterface({ input: child.stdout })) {
    if (line.startsWith('https://')) return child;
  }
  throw new Error('expected the address of the API server, got its end');
}

function printStage({ stage, milliseconds, ...sizes }: MemoryStage): void {
  const columns = [sizes.resident, sizes.anonymous, sizes.peak, sizes.heap, sizes.heapTotal, sizes.external];
  const texts = columns.map((bytes) => (bytes / megabyte).toFixed(1).padStart(9));
  console.log(`${stage.padEnd(12)}${milliseconds.toFixed(0).padStart(7)}${texts.join('')}`);
}

async function measure(options: readonly string[], program: string, args: readonly string[]): Promise<void> {
  console.log(`\nnode ${options.join(' ')}`);
  console.log('stage            ms resident     anon     peak     heap    total external (MB)');
  const { stdout } = await promisify(execFile)(process.execPath, [...options, program, ...args]);
  for (const line of stdout.trim().split('\n')) {
    const stage = JSON.parse(line) as Partial<MemoryStage>;
    if (stage.stage === undefined) console.log(line);
    else printStage(stage as MemoryStage);
  }
}

const [load = '10000x10', settleSeconds = '15', ...options] = process.argv.slice(2);
// Inside the repository, for the bundle looks for the addon in its node_modules.
await mkdir(join(root, 'build'), { recursive: true });
const directory = await mkdtemp(join(root, 'build/memory-'));
const kubeconfig = join(directory, 'kubeconfig');
const program = join(directory, 'memory-process.mjs');
await bundle(program);
const server = await startApiServer(load, kubeconfig);
try {
  await measure(['--expose-gc', ...options], program, [kubeconfig, '0']);
  await measure(options, program, [kubeconfig, settleSeconds]);
} finally {
  server.kill();
  await rm(directory, { recursive: true });
}
