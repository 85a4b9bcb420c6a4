/**
 * Runs the measurements of `daemon-process.ts` in a lab whose API server is beside it: the lab has one processor, and what
 * a server takes of it would be missing from the daemon. To be run in a network namespace of its own, in which it makes
 * the cable between the two. With --memory there is no lab: tables in memory take the place of IPVS, and the rest of the
 * kernel is this machine's own.
 *
 *   unshare --net node test/bench/beside-lab.ts RESULT.json [--quick] [--memory] [--scrapes] [SERVICESxENDPOINTS…]
 *
 * With --scrapes only what scrapes cost is measured, and printed.
 */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { fullPlan, type MeasurementPlan, type PlannedSize, quickPlan } from './measurement-plan.ts';

const [ours, theirs, device] = ['192.0.2.1', '192.0.2.2/24', 'lab0'];
const here = import.meta.dirname;

/** The cable into the lab: one segment at a time, for the lab's end takes no larger packets than its MTU. */
const intoLab = [
  `tuntap add dev ${device} mode tap`,
  `address add ${ours}/24 dev ${device}`,
  `link set ${device} up gso_max_segs 1`,
];

/** The cable into another network namespace of this machine. */
const intoNamespace = [
  `link add ${device} type veth peer name vec0`,
  `address add ${ours}/24 dev ${device}`,
  `link set ${device} up`,
];

function ip(line: string): void {
  const { status, stderr } = spawnSync('ip', line.split(' '), { encoding: 'utf8' });
  if (status !== 0) throw new Error(`ip ${line}: ${stderr.trim()}`);
}

function sizeIn(text: string): PlannedSize {
  const [, services, endpoints] = /^(\d+)x(\d+)$/.exec(text) ?? [];
  if (services === undefined || endpoints === undefined)
    throw new Error(`expected SERVICESxENDPOINTS, such as 1000x10, got "${text}"`);
  return { services: Number(services), endpoints: Number(endpoints), rounds: 2, scrapes: true };
}

function planOf(args: readonly string[]): MeasurementPlan {
  const plan = args.includes('--quick') ? quickPlan : fullPlan;
  const sizes = args.filter((arg) => !arg.startsWith('--')).map(sizeIn);
  return {
    ...plan,
    ...(sizes.length > 0 && { sizes }),
    ...(args.includes('--memory') && { kernel: 'memory' }),
    ...(args.includes('--scrapes') && { scrapesAlone: true }),
  };
}

async function main(resultFile: string, args: readonly string[]): Promise<void> {
  const plan = planOf(args);
  const inLab = plan.kernel === 'ipvs';
  ip('link set lo up');
  for (const line of inLab ? intoLab : intoNamespace) ip(line);
  const server = spawn(process.execPath, [resolve(here, 'cluster-server.ts'), ours, '0'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  try {
    const [port] = (await once(createInterface({ input: server.stdout }), 'line')) as [string];
    writeFileSync(resultFile, '');
    const lab = [
      ...[resolve(here, '../lab/run.ts'), '--in', 'uml', '--mem', '6G', '--timeout', '2400'],
      ...['--tap', device, '--write', dirname(resolve(resultFile)), '--', 'node'],
    ];
    const measurement = [
      ...[resolve(here, 'daemon-process.ts'), resolve(resultFile), `http://${ours}:${port}`],
      ...['vec0', theirs, JSON.stringify(plan)],
    ];
    const args = [...(inLab ? lab : []), ...measurement];
    const run = spawn(process.execPath, args, { stdio: 'inherit' });
    const [status] = (await once(run, 'close')) as [number | null];
    process.exitCode = status ?? 1;
  } finally {
    server.kill();
  }
}

const [resultFile = '/dev/stdout', ...args] = process.argv.slice(2);
await main(resultFile, args);
