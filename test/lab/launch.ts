import type { ChildProcess } from 'node:child_process';
import type { Duplex, Readable } from 'node:stream';
import { repository } from './agent.ts';
import type { LabOptions } from './options.ts';

/** The lab itself failed, whatever the command would have done. */
export class LabError extends Error {
  override readonly name = 'LabError';
  readonly code: 'LAB_MISSING' | 'LAB_BOOT' | 'LAB_TIMEOUT' | 'LAB_CRASH';

  constructor(code: LabError['code'], message: string) {
    super(message);
    this.code = code;
  }
}

/** A lab that is starting or running, seen from the host. */
export interface Lab {
  readonly child: ChildProcess;
  /** What the first process inside says: `ready`, `exit STATUS`. */
  readonly reports: Readable;
  /** What it is told: `signal NUMBER`, `size ROWS COLUMNS`. */
  readonly orders: Duplex;
  /** The last that the kernel printed. */
  console(): string;
  /** Ends everything at once. */
  kill(): void;
}

/** Signals that are for the command and not for the launcher. */
const forwarded: ReadonlyMap<NodeJS.Signals, number> = new Map([
  ['SIGHUP', 1],
  ['SIGINT', 2],
  ['SIGTERM', 15],
]);

/** Variables that a command inside should see as they are outside. */
const inherited = ['TERM', 'COLORTERM', 'FORCE_COLOR', 'NO_COLOR', 'CI', 'LANG', 'LC_ALL'];

/** Seconds in which a lab must be ready for its command. */
const bootLimit = 60;

/** Arguments for `agent init` behind the one that says which way. */
export function initArguments(options: LabOptions, environment: NodeJS.ProcessEnv): string[] {
  const pairs = [
    `PATH=${repository}/node_modules/.bin:/var/lab/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin`,
    'HOME=/tmp',
    'LAB=1',
    ...inherited.flatMap((name) => {
      const value = environment[name];
      return value === undefined ? [] : [`${name}=${value}`];
    }),
    ...options.environment,
  ];
  return [
    ...(options.interactive ? ['--terminal'] : []),
    ...['--directory', repository, '--keep', repository],
    ...options.writable.flatMap((folder) => ['--write', folder]),
    ...pairs.flatMap((pair) => ['--env', pair]),
    '--',
    ...options.command,
  ];
}

/** Splits a stream into lines. */
function onLine(stream: Readable, handle: (line: string) => void): void {
  let rest = '';
  stream.setEncoding('latin1').on('data', (text: string) => {
    const lines = (rest + text).split('\n');
    rest = lines.pop() ?? '';
    lines.forEach(handle);
  });
  stream.on('error', () => undefined);
}

/** What is known of a lab while its command is awaited. */
class Attendance {
  ready = false;
  status: number | undefined;
  failure: LabError | undefined;
  readonly #lab: Lab;
  readonly #options: LabOptions;

  constructor(lab: Lab, options: LabOptions) {
    this.#lab = lab;
    this.#options = options;
  }

  fail(code: LabError['code'], message: string): void {
    this.failure ??= new LabError(code, message);
    this.#lab.kill();
  }

  hear(line: string): void {
    if (line === 'ready') {
      this.ready = true;
      this.tellSize();
    } else if (line.startsWith('exit ')) this.status = Number(line.slice(5));
  }

  tellSize = (): void => {
    if (!this.ready || !this.#options.interactive) return;
    this.#lab.orders.write(`size ${process.stdout.rows} ${process.stdout.columns}\n`);
  };

  forward = (signal: NodeJS.Signals): void => {
    const number = forwarded.get(signal);
    if (this.ready && number !== undefined) this.#lab.orders.write(`signal ${number}\n`);
    else this.fail('LAB_BOOT', `stopped by ${signal} before the command began`);
  };

  /** What became of it, once its process has gone. */
  result(): number {
    if (this.failure !== undefined) throw this.failure;
    if (this.status !== undefined) return this.status;
    const [code, what] = this.ready
      ? (['LAB_CRASH', 'the lab died under its command'] as const)
      : (['LAB_BOOT', 'the lab did not boot'] as const);
    throw new LabError(code, `${what}\n${this.#lab.console()}`);
  }
}

function closed(child: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    child.once('error', reject).once('close', () => {
      resolve();
    });
  });
}

/**
 * Waits for a lab's command and gives its exit status; forwards signals and the terminal's size, and kills the lab when
 * its time is up.
 * @throws {LabError} when the lab did not boot, took too long or died
 */
export async function attend(lab: Lab, options: LabOptions): Promise<number> {
  const attendance = new Attendance(lab, options);
  const bootTimer = setTimeout(() => {
    if (!attendance.ready) attendance.fail('LAB_BOOT', `not ready after ${bootLimit} s\n${lab.console()}`);
  }, bootLimit * 1000);
  const timer = setTimeout(() => {
    attendance.fail('LAB_TIMEOUT', `killed after ${options.timeout} s, the limit set with --timeout`);
  }, options.timeout * 1000);
  onLine(lab.reports, (line) => {
    attendance.hear(line);
  });
  lab.orders.on('error', () => undefined);
  for (const signal of forwarded.keys()) process.on(signal, attendance.forward);
  process.stdout.on('resize', attendance.tellSize);
  try {
    await closed(lab.child);
  } finally {
    clearTimeout(bootTimer);
    clearTimeout(timer);
    for (const signal of forwarded.keys()) process.off(signal, attendance.forward);
    process.stdout.off('resize', attendance.tellSize);
  }
  return attendance.result();
}
