import { type FSWatcher, watch } from 'node:fs';
import { type FileHandle, open, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';

/** A manifest file in the directory. */
export interface FileStamp {
  readonly name: string;
  /** Equal as long as the file is the same and nobody wrote to it. */
  readonly stamp: string;
  /** When it was last written to, in milliseconds. */
  readonly modified: number;
  /** In bytes. */
  readonly size: number;
}

/** A directory that could not be read. */
export class ManifestDirectoryError extends Error {
  readonly code = 'KUBE_IPVS_MANIFEST_DIRECTORY';

  constructor(directory: string, cause: unknown) {
    const reason = errorCode(cause);
    super(
      `${directory}: expected a readable directory of manifests, got ${reason}; create it or name another`,
      { cause },
    );
    this.name = 'ManifestDirectoryError';
  }
}

/** The code of an error of the file system, `ENOENT` for one, or its message where it has none. */
export function errorCode(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return 'code' in error && typeof error.code === 'string' ? error.code : error.message;
}

/**
 * A directory of manifests: the files `*.yaml`, `*.yml` and `*.json` right in it, through symbolic links. Hidden files
 * and other endings, editors' backups among them, are passed over, and so are directories: what stands deeper is put
 * there by someone for another purpose, such as the versions of a mounted ConfigMap.
 */
export class ManifestDirectory {
  readonly path: string;
  #watcher: FSWatcher | undefined;
  /** Device and inode of the directory that is watched. */
  #watched = '';

  constructor(path: string) {
    this.path = path;
  }

  /** The manifest files, sorted by name. Throws ManifestDirectoryError where the directory cannot be read. */
  async list(): Promise<FileStamp[]> {
    const names = await this.#names();
    const stamps = await Promise.all(names.map((name) => this.#stampOf(name)));
    return stamps.filter((stamp) => stamp !== undefined);
  }

  /**
   * The bytes of a file, or undefined where it changed while they were read or is not the one that was listed any more:
   * then it has to be listed again. Rejects with the system's error where the file cannot be read.
   */
  async read(file: FileStamp): Promise<Uint8Array | undefined> {
    const handle = await open(join(this.path, file.name));
    try {
      const bytes = await handle.readFile();
      return (await stampOf(handle)) === file.stamp ? bytes : undefined;
    } finally {
      await handle.close();
    }
  }

  /**
   * Has a function called when something in the directory may have changed. To be called again from time to time: it
   * does nothing while the same directory is watched, and moves on to one that took its place. Not every file system
   * tells of changes, so it is no more than a hint to look earlier. Throws the system's error where there are no more
   * watches to be had.
   */
  async watch(onChange: () => void): Promise<void> {
    const { dev, ino } = await stat(this.path, { bigint: true });
    const identity = `${dev}:${ino}`;
    if (this.#watcher !== undefined && this.#watched === identity) return;
    this.close();
    this.#watcher = watch(this.path, { persistent: false }, onChange);
    this.#watcher.on('error', () => {
      this.close();
    });
    this.#watched = identity;
  }

  /** Stops watching. */
  close(): void {
    this.#watcher?.close();
    this.#watcher = undefined;
  }

  async #names(): Promise<string[]> {
    try {
      const names = await readdir(this.path);
      return names.filter((name) => /^[^.].*\.(?:ya?ml|json)$/.test(name)).sort();
    } catch (error) {
      throw new ManifestDirectoryError(this.path, error);
    }
  }

  async #stampOf(name: string): Promise<FileStamp | undefined> {
    try {
      const stats = await stat(join(this.path, name), { bigint: true });
      if (!stats.isFile()) return undefined;
      return { name, stamp: stampText(stats), modified: Number(stats.mtimeMs), size: Number(stats.size) };
    } catch (error) {
      if (errorCode(error) === 'ENOENT') return undefined;
      // It is there but cannot be looked at; reading it will tell why.
      return { name, stamp: `unreadable ${errorCode(error)}`, modified: 0, size: 0 };
    }
  }
}

async function stampOf(handle: FileHandle): Promise<string> {
  return stampText(await handle.stat({ bigint: true }));
}

function stampText(stats: {
  dev: bigint;
  ino: bigint;
  size: bigint;
  mtimeNs: bigint;
  ctimeNs: bigint;
}): string {
  return `${stats.dev}:${stats.ino} ${stats.size} ${stats.mtimeNs} ${stats.ctimeNs}`;
}
