/**
 * Measures everything and rewrites docs/benchmarks.md and test/bench/results/*.json. Exits with 1 where something could
 * not be measured or the kernel did not hold what was asked for; a missed bar is printed and no failure.
 *
 *   node test/bench/bench.ts [--quick] [SERVICES…]   sizes of the measurements of the rooms, 10 endpoints each
 *
 * With --quick everything is small, takes a few minutes and goes to build/bench: to see that it works.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import type { DaemonResult } from './daemon-result.ts';
import type { InMemoryResult } from './in-memory.ts';
import type { IpvsSyncResult } from './ipvs-sync.ts';
import { machineOf } from './machine.ts';
import { page, type Results } from './page.ts';

const given = process.argv.slice(2);
const quick = given.includes('--quick');
const sizes = given.filter((arg) => arg !== '--quick');
const folder = quick ? 'build/bench' : 'test/bench/results';
const pageFile = quick ? `${folder}/benchmarks.md` : 'docs/benchmarks.md';

/** Runs a program and gives what it printed. Its messages go to ours. */
function run(command: string, ...args: readonly string[]): string {
  const { status, stdout, error } = spawnSync(command, args, {
    stdio: ['ignore', 'pipe', 'inherit'],
    encoding: 'utf8',
    maxBuffer: 2 ** 28,
  });
  if (error !== undefined || status !== 0) {
    throw new Error(
      `${[command, ...args].join(' ')}: ${error?.message ?? `exit status ${status ?? 'none'}`}`,
    );
  }
  return stdout;
}

/** Runs a command in the lab, with the results' folder writable. */
function runInLab(...command: readonly string[]): string {
  return run(
    'node',
    'test/lab/run.ts',
    '--mem',
    '6G',
    '--timeout',
    '3000',
    '--write',
    folder,
    '--',
    ...command,
  );
}

/** Runs the program as a process and measures it, in network and process namespaces that end with it. */
function runDaemon(name: string, ...args: readonly string[]): DaemonResult[] {
  const file = `${folder}/${name}.json`;
  const namespaces = ['--net', '--pid', '--fork', '--kill-child', '--mount-proc'];
  process.stdout.write(run('unshare', ...namespaces, 'node', 'test/bench/beside-lab.ts', file, ...args));
  const results = JSON.parse(readFileSync(file, 'utf8')) as DaemonResult[];
  store(name, results);
  return results;
}

function store(name: string, value: unknown): void {
  writeFileSync(`${folder}/${name}.json`, `${JSON.stringify(value, null, 2)}\n`);
}

mkdirSync(folder, { recursive: true });
console.log('in memory');
const inMemory = JSON.parse(
  run('node', '--expose-gc', 'test/bench/in-memory.ts', ...(quick ? ['2000', '2'] : [])),
) as InMemoryResult;
store('in-memory', inMemory);

console.log('in the lab: cold sync, restart and one change');
const labKernel = runInLab('uname', '-r').trim();
runInLab(
  'node',
  'test/bench/ipvs-sync.ts',
  `${folder}/ipvs-sync.json`,
  ...(quick && sizes.length === 0 ? ['10', '100'] : sizes),
);
const ipvs = JSON.parse(readFileSync(`${folder}/ipvs-sync.json`, 'utf8')) as IpvsSyncResult[];
store('ipvs-sync', ipvs);

console.log('the program as a process: with tables in memory, and in the lab');
const plan = quick ? ['--quick'] : [];
const daemon = [...runDaemon('daemon-memory', '--memory', ...plan), ...runDaemon('daemon-lab', ...plan)];

const results: Results = { machine: machineOf(labKernel), inMemory, ipvs, daemon };
store('machine', results.machine);
writeFileSync(pageFile, page(results));
console.log(`\n${page(results).split('\n## ')[0] ?? ''}`);
if (![...ipvs, ...daemon].every((result) => result.right)) process.exitCode = 1;
