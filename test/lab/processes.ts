import type { ChildProcessByStdio } from 'node:child_process';
import { spawn } from 'node:child_process';
import { existsSync, readFileSync, readdirSync, readlinkSync, statSync } from 'node:fs';
import type { Readable, Writable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';

/** A program that runs in the lab. */
export type Child = ChildProcessByStdio<Writable, Readable, Readable>;

/** What a program left behind. */
export interface Output {
  /** The exit status, 128 + n where signal n ended it. */
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** How a program ended, as a shell tells it. */
export type Ending = Promise<number>;

const signalNumbers: Readonly<Record<string, number>> = { SIGHUP: 1, SIGINT: 2, SIGKILL: 9, SIGTERM: 15 };

/** A program that was started. */
export interface Started {
  readonly child: Child;
  /** Its status, as soon as it has ended. */
  readonly exited: Ending;
  /** Its status, once its output has ended too: whatever it started in turn may hold that open. */
  readonly ended: Ending;
}

/** Starts programs and knows which of them still run. */
export class Processes {
  readonly #running = new Map<Child, Ending>();

  /** Starts a program. Its endings reject only where it cannot be started. */
  start(command: readonly string[], environment?: NodeJS.ProcessEnv): Started {
    const [program = '', ...args] = command;
    const child = spawn(program, args, { stdio: ['pipe', 'pipe', 'pipe'], env: environment ?? process.env });
    // A program that ends without reading its input breaks the pipe; its own status tells why.
    child.stdin.on('error', () => undefined);
    const exited = ending(child, 'exit').finally(() => this.#running.delete(child));
    const ended = ending(child, 'close');
    // Whoever waits for one of the two learns of the failure; the other must not end the whole program.
    for (const promise of [exited, ended]) promise.catch(() => undefined);
    this.#running.set(child, exited);
    return { child, exited, ended };
  }

  /** Runs a program to its end. Rejects only where it cannot be started. */
  async run(command: readonly string[], stdin = ''): Promise<Output> {
    const { child, ended } = this.start(command);
    const stdout: Buffer[] = [];
    const stderr: Buffer[] = [];
    child.stdout.on('data', (chunk: Buffer) => stdout.push(chunk));
    child.stderr.on('data', (chunk: Buffer) => stderr.push(chunk));
    child.stdin.end(stdin);
    const code = await ended;
    return { code, stdout: Buffer.concat(stdout).toString(), stderr: Buffer.concat(stderr).toString() };
  }

  /** Runs a program that must succeed and gives what it printed. */
  async must(command: readonly string[], stdin = ''): Promise<string> {
    const { code, stdout, stderr } = await this.run(command, stdin);
    if (code !== 0) throw new Error(`${command.join(' ')}: exit status ${code}: ${stderr || stdout}${stdin}`);
    return stdout;
  }

  /** Kills everything that was started here and waits for its end. */
  async killAll(): Promise<void> {
    const running = [...this.#running];
    for (const [child] of running) child.kill('SIGKILL');
    await Promise.allSettled(running.map(([, exited]) => exited));
  }
}

function ending(child: Child, event: 'exit' | 'close'): Ending {
  return new Promise((resolve, reject) => {
    child.once('error', reject).once(event, (code: number | null, signal: NodeJS.Signals | null) => {
      resolve(code ?? 128 + (signalNumbers[signal ?? ''] ?? 0));
    });
  });
}

/** Every process of the lab. */
export function processIds(): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number);
}

/** What a process was started as; empty for one of the kernel's own and for one that has gone. */
export function commandOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim();
  } catch {
    return '';
  }
}

/** The process that started another, 0 where there is none. */
export function parentOf(pid: number): number {
  try {
    return Number(/^PPid:\s*(\d+)$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0);
  } catch {
    return 0;
  }
}

function isIn(pid: number, namespace: string): boolean {
  try {
    return readlinkSync(`/proc/${pid}/ns/net`) === namespace;
  } catch {
    return false;
  }
}

/** Those of some network namespaces that `ip netns` has made. */
export function existingNamespaces(names: readonly string[]): string[] {
  return names.filter((name) => existsSync(`/run/netns/${name}`));
}

/** Kills every process in some network namespaces, which must exist, and waits until none is left. */
export async function emptyNamespaces(names: readonly string[]): Promise<void> {
  const namespaces = names.map((name) => `net:[${statSync(`/run/netns/${name}`).ino}]`);
  for (;;) {
    const inside = processIds().filter((pid) => namespaces.some((namespace) => isIn(pid, namespace)));
    if (inside.length === 0) return;
    for (const pid of inside) {
      try {
        process.kill(pid, 'SIGKILL');
      } catch {
        // It has just ended by itself, which is what was wanted.
      }
    }
    await sleep(5);
  }
}
