import { execFile } from 'node:child_process';
import { access, chmod, constants, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { kubectlPath } from './kubectl.ts';

/** What helm said. */
export interface HelmResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** The path of the real helm, which is in the npm package of kubectl and is unpacked where it is not yet. */
export async function helmPath(): Promise<string> {
  const path = join(dirname(await kubectlPath()), '../helm/helm');
  const runs = await access(path, constants.X_OK).then(
    () => true,
    () => false,
  );
  if (!runs) await chmod(path, 0o755);
  return path;
}

/** The real helm, with a folder of its own for whatever it keeps. */
export class Helm {
  readonly #path: string;
  readonly #home: string;

  private constructor(path: string, home: string) {
    this.#path = path;
    this.#home = home;
  }

  /** The caller closes it. */
  static async open(): Promise<Helm> {
    return new Helm(await helmPath(), await mkdtemp(join(tmpdir(), 'helm-')));
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
