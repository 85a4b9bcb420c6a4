import { spawn } from 'node:child_process';
import { accessSync, constants, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import type { Duplex } from 'node:stream';
import { agentPath } from './agent.ts';
import type { Lab } from './launch.ts';
import { LabError, initArguments } from './launch.ts';
import type { LabOptions } from './options.ts';
import { leastTaken } from './processors.ts';

const guard = join(import.meta.dirname, 'guard.sh');

/** Characters of the kernel's console that are kept for an error message. */
const consoleTail = 4000;

/** Where a program is, `undefined` where it is not installed. */
function find(program: string): string | undefined {
  const folders = (process.env['PATH'] ?? '').split(delimiter);
  return [...folders, '/usr/sbin', '/usr/bin']
    .map((folder) => join(folder, program))
    .find((path) => {
      try {
        accessSync(path, constants.X_OK);
        return true;
      } catch {
        return false;
      }
    });
}

/** Descriptors of the guard, and through it of the kernel; 0 is the leash. */
const descriptors = { console: 3, input: 4, output: 5, errors: 6, orders: 7, reports: 8 } as const;

function kernelArguments(options: LabOptions, folder: string): string[] {
  const { console, input, output, errors, orders, reports } = descriptors;
  return [
    `mem=${options.memory}`,
    ...['rootfstype=hostfs', 'rootflags=/', 'ro', 'quiet', 'selinux=0', 'panic=1'],
    ...[`uml_dir=${folder}/`, 'umid=lab', 'con=null', 'ssl=null'],
    `con0=null,fd:${console}`,
    `ssl0=fd:${input},fd:${output}`,
    `ssl1=null,fd:${errors}`,
    `ssl2=fd:${orders},fd:${reports}`,
    ...(options.tap === undefined ? [] : [`vec0:transport=tap,ifname=${options.tap}`]),
    `init=${folder}/agent`,
    ...['--', 'init', `@${folder}/arguments`],
  ];
}

/** Boots User-Mode-Linux with the options' command. */
export function bootUml(options: LabOptions): Lab {
  const kernel = find('linux.uml');
  if (kernel === undefined)
    throw new LabError(
      'LAB_MISSING',
      'expected linux.uml (Debian: user-mode-linux) on the PATH; run `make setup-lab`',
    );
  const folder = mkdtempSync(join(tmpdir(), 'kube-ipvs-lab-'));
  try {
    writeFileSync(
      join(folder, 'arguments'),
      ['--uml', ...initArguments(options, process.env)].map((text) => `${text}\0`).join(''),
    );
    symlinkSync(agentPath, join(folder, 'agent'));
    return start(kernel, options, folder);
  } catch (error) {
    rmSync(folder, { recursive: true, force: true });
    throw error;
  }
}

/**
 * Each system call and page fault inside is two switches between a process of the kernel's and one that it traces. On one
 * processor that is four times as fast as between two, of which one always has to be woken.
 */
function onOneProcessor(command: readonly string[], processor = leastTaken('linux.uml')): readonly string[] {
  return processor === undefined || find('taskset') === undefined
    ? command
    : ['taskset', '--cpu-list', String(processor), ...command];
}

function start(kernel: string, options: LabOptions, folder: string): Lab {
  const command = ['/bin/sh', guard, folder, kernel, ...kernelArguments(options, folder)];
  const [program = '', ...args] = onOneProcessor(command, options.processor);
  const child = spawn(program, args, {
    // A session of its own: a signal for the launcher's process group must not reach the kernel.
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore', 'pipe', 'pipe', 'pipe', 'pipe', 'pipe', 'pipe'],
  });
  const streams: readonly unknown[] = child.stdio;
  const stream = (name: keyof typeof descriptors): Duplex => streams[descriptors[name]] as Duplex;
  let tail = '';
  stream('console')
    .setEncoding('latin1')
    .on('data', (text: string) => (tail = (tail + text).slice(-consoleTail)));
  const kill = (): void => void child.stdin?.destroy();
  if (options.interactive) attachTerminal(stream('input'));
  stream('output').pipe(process.stdout, { end: false });
  stream('errors').pipe(process.stderr, { end: false });
  process.stdout.once('error', kill);
  for (const name of ['input', 'output', 'errors', 'console'] as const)
    stream(name).on('error', () => undefined);
  child.stdin?.on('error', () => undefined);
  return { child, reports: stream('reports'), orders: stream('orders'), console: () => tail.trimEnd(), kill };
}

/** Hands what is typed on as it is: line editing and interrupts are for the terminal inside. */
function attachTerminal(input: Duplex): void {
  process.stdin.setRawMode(true);
  process.stdin.pipe(input);
  process.once('exit', () => process.stdin.setRawMode(false));
  input.once('close', () => process.stdin.unref());
}
