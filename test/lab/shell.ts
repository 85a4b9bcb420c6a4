/**
 * `make lab`: a shell in a lab with two nodes, four pods, an outside client and a machine for an API server, laid out as in the walkthrough
 * scenarios. On the host it starts the lab, in the lab it builds the cluster.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { styleText } from 'node:util';
import { agentPath, repository } from './agent.ts';
import { Cluster } from './cluster.ts';
import type { Place } from './place.ts';

/** Seconds after which even a forgotten shell ends: a day. */
const longest = '86400';

/** In memory, for manifests that kube-ipvs is tried with, and with kube-ipvs and kubectl in it by their names. */
const manifests = '/tmp/manifests';
const programs = '/tmp/bin';

const serve = { tcp: [80], http: [80], udp: [53], sctp: [9000], hold: [7000] };

/** The short name by which the shell calls each place. */
async function build(cluster: Cluster): Promise<ReadonlyMap<string, Place>> {
  const [n1, n2] = cluster.nodes;
  if (n1 === undefined || n2 === undefined) throw new Error('expected two nodes');
  const [p1, p2] = await n1.addPods([
    { name: 'web-1', addresses: ['10.244.0.2', 'fd00:10:244::2'], serve },
    { name: 'web-2', addresses: ['10.244.0.3', 'fd00:10:244::3'], serve },
  ]);
  const [p3, p4] = await n2.addPods([
    { name: 'web-3', addresses: ['10.244.1.4', 'fd00:10:244:1::4'], serve },
    { name: 'web-4', addresses: ['10.244.1.6', 'fd00:10:244:1::6'], serve },
  ]);
  const client = await cluster.addClient({ name: 'client', addresses: ['192.168.111.10', 'fd00:192::10'] });
  const api = await cluster.addHost({
    name: 'control-plane',
    addresses: ['192.168.111.100', 'fd00:192::64'],
  });
  return new Map(Object.entries<Place | undefined>({ n1, n2, p1, p2, p3, p4, client, api }).filter(hasPlace));
}

function hasPlace(entry: [string, Place | undefined]): entry is [string, Place] {
  return entry[1] !== undefined;
}

const quoted = (word: string): string => `'${word.replaceAll("'", `'\\''`)}'`;

/** Functions of the shell: each place's name runs a command there, and `ask` there makes requests. */
function functions(places: ReadonlyMap<string, Place>): string {
  const lines = [...places].map(([name, place]) => {
    const here = place.commandHere([]).map(quoted).join(' ');
    const ask = [agentPath, 'ask', '--netns', place.netns].map(quoted).join(' ');
    return `${name}() { if [ "$1" = ask ]; then shift; ${ask} "$@"; else ${here} "$@"; fi; }`;
  });
  const variables = [...places].map(([name, place]) => `${name}=${place.addresses[0] ?? ''}`);
  return [
    ...lines,
    ...variables,
    `manifests=${manifests}`,
    `PATH=$PATH:${programs}`,
    "PS1='lab:\\w# '",
    '',
  ].join('\n');
}

function cheatSheet(places: ReadonlyMap<string, Place>): string {
  const table = [...places].map(
    ([name, place]) =>
      `  ${styleText('cyan', name.padEnd(7))} ${place.name.padEnd(21)} ${place.addresses.join('  ')}`,
  );
  const examples: readonly (readonly [string, string])[] = [
    ['p1 ask $p3 80', 'a request from pod to pod; they serve TCP and HTTP 80, UDP 53, SCTP 9000'],
    ['cp test/fixtures/scenarios/02-* $manifests', 'what kube-ipvs is to serve; it follows changes'],
    ['n1 kube-ipvs run --manifests $manifests &', 'kube-ipvs on a node'],
    ['client ask --count 10 $n1 30000', 'its node port from outside'],
    ['p2 ask --count 10 10.110.65.131 8080', 'its cluster address from a pod'],
    ['n1 ipvsadm -Ln', 'what the kernel balances; likewise ipset, iptables, conntrack, ip, bash'],
    ['api kubectl …', 'with an API server instead of files: see docs/lab.md'],
    ['exit', 'takes everything away'],
  ];
  return [
    styleText('bold', 'A NAME AND A COMMAND RUNS IT THERE; $NAME IS ITS ADDRESS'),
    ...table,
    '',
    ...examples.map(([command, meaning]) => `  ${styleText('cyan', command.padEnd(42))} ${meaning}`),
    '',
  ].join('\n');
}

async function inside(): Promise<number> {
  const cluster = await Cluster.create({
    nodes: [
      {
        name: 'ycwang-ubuntu',
        addresses: ['192.168.111.128', 'fd00:192::80'],
        podCIDRs: ['10.244.0.0/24', 'fd00:10:244::/64'],
      },
      {
        name: 'ycwang-ubuntu-worker',
        addresses: ['192.168.111.129', 'fd00:192::81'],
        podCIDRs: ['10.244.1.0/24', 'fd00:10:244:1::/64'],
      },
    ],
  });
  try {
    const places = await build(cluster);
    const startup = '/tmp/lab.bashrc';
    for (const folder of [manifests, programs]) mkdirSync(folder);
    symlinkSync(join(repository, 'dist/kube-ipvs.mjs'), join(programs, 'kube-ipvs'));
    symlinkSync(join(repository, 'build/kubectl/kubectl/kubectl'), join(programs, 'kubectl'));
    writeFileSync(startup, functions(places));
    process.stdout.write(`\n${cheatSheet(places)}\n`);
    // An interrupt is for what the shell runs, not for this.
    process.on('SIGINT', () => undefined);
    const shell = spawn('bash', ['--rcfile', startup, '-i'], { stdio: 'inherit' });
    const [code] = (await once(shell, 'close')) as [number | null];
    return code ?? 1;
  } finally {
    await cluster.destroy();
  }
}

async function outside(): Promise<number> {
  const run = [join(import.meta.dirname, 'run.ts'), '--interactive', '--timeout', longest];
  const lab = spawn('node', [...run, '--', 'node', import.meta.filename], {
    stdio: 'inherit',
    cwd: repository,
  });
  process.on('SIGINT', () => undefined);
  const [code] = (await once(lab, 'close')) as [number | null];
  return code ?? 1;
}

process.exitCode = await (process.env['LAB'] === '1' ? inside() : outside());
