import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

/** The program as it is shipped. `make build` makes it. */
export const program = fileURLToPath(new URL('../../dist/kube-ipvs.mjs', import.meta.url));

/** What a run of the program left behind. */
export interface Ran {
  readonly status: number | null;
  readonly out: string;
  readonly err: string;
}

/** Runs the program to its end. */
export function kubeIpvs(...args: string[]): Ran {
  return ranAs([process.execPath, program, ...args]);
}

/** Has the program remove all that it made, for the next test. Fails where anything is left. */
export function cleanUp(): void {
  const { status, err } = kubeIpvs('cleanup');
  if (status !== 0) throw new Error(`kube-ipvs cleanup ended with ${status ?? 'a signal'}: ${err}`);
}

/** Runs what stands behind it as a user who may do nothing. */
export const unprivileged = [
  'setpriv',
  '--reuid=65534',
  '--clear-groups',
  '--inh-caps=-all',
  '--bounding-set=-all',
] as const;

/** Runs any command line to its end. */
export function ranAs([command = '', ...args]: readonly string[], input = ''): Ran {
  const { status, stdout, stderr } = spawnSync(command, args, { encoding: 'utf8', input, timeout: 120_000 });
  return { status, out: stdout, err: stderr };
}

/** A running `kube-ipvs run`. */
export interface Running {
  readonly pid: number;
  /** What it has logged so far. */
  log(): string;
  /** Sends a signal. */
  signal(name: NodeJS.Signals): void;
  /** Resolves with the exit status when it ends. */
  ended(): Promise<number | null>;
  /** Sends SIGTERM and resolves with the exit status. */
  stop(): Promise<number | null>;
}

/** Starts the program and leaves it running. */
export function startKubeIpvs(...args: string[]): Running {
  return startedAs([process.execPath, program, ...args]);
}

/** Starts any command line and leaves it running. */
export function startedAs([command = '', ...args]: readonly string[]): Running {
  const child = spawn(command, args, { stdio: ['ignore', 'inherit', 'pipe'] });
  let log = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    log += text;
  });
  const ended = once(child, 'exit').then(([status]) => status as number | null);
  return {
    pid: child.pid ?? 0,
    log: () => log,
    signal: (name) => {
      child.kill(name);
    },
    ended: () => ended,
    stop: () => {
      child.kill('SIGTERM');
      return ended;
    },
  };
}

/** Waits until something is so. Fails with the last answer after a minute and a half. */
export async function eventually<Value>(look: () => Value, holds: (value: Value) => boolean): Promise<Value> {
  const deadline = Date.now() + 90_000;
  for (;;) {
    const value = look();
    if (holds(value)) return value;
    if (Date.now() > deadline)
      throw new Error(`it did not come to be; at last it was ${JSON.stringify(value)}`);
    await new Promise((resolve) => {
      setTimeout(resolve, 100);
    });
  }
}

/**
 * Runs the program to its end while this process goes on, for a server that the program asks may be in it.
 *
 * @param variables added to the environment, or in the place of what is there
 */
export function kubeIpvsBeside(
  args: readonly string[],
  variables: Readonly<Record<string, string>> = {},
): Promise<Ran> {
  return ranBeside([process.execPath, program, ...args], variables);
}

/** Runs any command line in the same way. */
export async function ranBeside(
  [command = '', ...args]: readonly string[],
  variables: Readonly<Record<string, string>> = {},
): Promise<Ran> {
  const child = spawn(command, args, {
    env: { ...process.env, ...variables },
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: 120_000,
  });
  let out = '';
  let err = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    out += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    err += text;
  });
  const [status] = (await once(child, 'close')) as [number | null];
  return { status, out, err };
}
