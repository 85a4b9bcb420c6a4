import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { type ProcessFigures, figuresOf } from './process-figures.ts';

/** How the program is started. */
export interface DaemonStart {
  readonly program: string;
  readonly kubeconfig: string;
  /** Where a probe leaves its notes; without, there is no probe. */
  readonly probeFile?: string;
  /** Flags besides those that it cannot do without. */
  readonly args?: readonly string[];
}

/** Where a daemon without IPVS leaves what its tables hold. */
export const dumpFile = '/tmp/kube-ipvs-dump';

/** Seconds that a daemon is given for one thing, on a slow machine. */
const patience = 240;

const probe = new URL('probe.ts', import.meta.url).href;

/** `kube-ipvs run` as a process of its own, in the network namespace of this one. */
export class RunningDaemon {
  /** When it was started, on the clock of `performance.now`. */
  readonly started: number;
  readonly #child: ChildProcessByStdio<null, null, Readable>;
  readonly #lines: string[] = [];
  readonly #waiting = new Set<() => void>();
  #over = false;

  constructor({ program, kubeconfig, probeFile, args = [] }: DaemonStart) {
    const probing = probeFile === undefined ? [] : ['--import', probe];
    const options = ['--kubeconfig', kubeconfig, '--hostname-override', 'measured', ...args];
    this.started = performance.now();
    this.#child = spawn(process.execPath, [...probing, program, 'run', ...options], {
      stdio: ['ignore', 'ignore', 'pipe'],
      env: { ...process.env, DUMP_FILE: dumpFile, ...(probeFile !== undefined && { PROBE_FILE: probeFile }) },
    });
    const tell = (): void => {
      for (const check of this.#waiting) check();
    };
    createInterface({ input: this.#child.stderr }).on('line', (line) => {
      this.#lines.push(line);
      tell();
    });
    this.#child.once('close', () => {
      this.#over = true;
      tell();
    });
  }

  /** What it needs of the machine now. */
  figures(): ProcessFigures {
    return figuresOf(this.#child.pid ?? 0);
  }

  /** Waits for a log line with these words; gives when it came, on the clock of `performance.now`. */
  async logged(words: string): Promise<number> {
    await this.#until(() => this.#lines.some((line) => line.includes(words)), `the log line "${words}"`);
    return performance.now();
  }

  /** The lines that it has logged with these words. */
  lines(words: string): string[] {
    return this.#lines.filter((line) => line.includes(words));
  }

  /** Has a daemon without IPVS leave what its tables hold in `dumpFile`. */
  async dumped(): Promise<void> {
    const words = 'measured: dumped';
    const count = this.lines(words).length;
    this.#child.kill('SIGUSR2');
    await this.#until(() => this.lines(words).length > count, 'a dump');
  }

  /** Rejects if it ends, with what it has logged. */
  ended(): Promise<never> {
    return this.#until(() => false, 'a daemon that goes on') as Promise<never>;
  }

  /** Asks it to stop and waits until it has. */
  async stop(): Promise<void> {
    this.#child.kill('SIGTERM');
    if (!this.#over) await new Promise((resolve) => this.#child.once('close', resolve));
  }

  #until(met: () => boolean, what: string): Promise<void> {
    return new Promise((resolve, reject) => {
      const late = setTimeout(() => {
        this.#waiting.delete(check);
        reject(
          new Error(`expected ${what}, got nothing for ${patience} s after:\n${this.#lines.join('\n')}`),
        );
      }, patience * 1000).unref();
      const check = (): void => {
        if (!met() && !this.#over) return;
        clearTimeout(late);
        this.#waiting.delete(check);
        if (met()) resolve();
        else reject(new Error(`expected ${what}, got the end of the daemon:\n${this.#lines.join('\n')}`));
      };
      this.#waiting.add(check);
      check();
    });
  }
}
