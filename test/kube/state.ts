import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Authority } from './certificates.ts';
import type { KubeObject } from './object.ts';
import type { ApiServerOptions } from './server.ts';
import type { Store } from './store.ts';

/** `objects.json`. */
interface Snapshot {
  readonly revision: number;
  readonly objects: readonly KubeObject[];
}

/**
 * A folder in which the state of an API server outlives its process:
 * - `objects.json`, what the store holds, without its history: a server that comes back knows of no version before;
 * - `ca.crt` and `ca.key`, its authority, made where they are missing;
 * - `tokens.csv`, read and never written: lines of `token,user`, as the `--token-auth-file` of kube-apiserver.
 */
export class StateFolder {
  readonly #path: string;

  constructor(path: string) {
    this.#path = path;
  }

  /** What a server that goes on from here begins with. */
  async read(): Promise<Pick<ApiServerOptions, 'authority' | 'tokens' | 'revision' | 'objects'>> {
    return {
      authority: await Authority.kept(this.#path),
      tokens: new Map(this.#tokens()),
      ...(existsSync(this.#objects) && (JSON.parse(readFileSync(this.#objects, 'utf8')) as Snapshot)),
    };
  }

  /** Writes what a store holds, now and at each change, before the change is answered: a SIGKILL loses nothing. */
  keep(store: Store): void {
    const write = (): void => {
      const snapshot: Snapshot = { revision: store.revision, objects: store.objects };
      writeFileSync(`${this.#objects}.new`, JSON.stringify(snapshot));
      renameSync(`${this.#objects}.new`, this.#objects);
    };
    write();
    store.subscribe(write);
  }

  get #objects(): string {
    return join(this.#path, 'objects.json');
  }

  #tokens(): [string, string][] {
    const file = join(this.#path, 'tokens.csv');
    if (!existsSync(file)) return [];
    const lines = readFileSync(file, 'utf8').split('\n');
    return lines.filter((line) => line !== '').map((line) => line.split(',', 2) as [string, string]);
  }
}
