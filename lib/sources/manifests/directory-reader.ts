import type { Logger } from 'pino';
import type { Problem } from '../../model/problem.ts';
import { errorCode, type FileStamp, type ManifestDirectory } from './manifest-directory.ts';
import { type ManifestFile, type ReadingOptions, readManifest } from './manifest-file.ts';
import type { ManifestSet } from './manifest-set.ts';

/** Largest file that is read, in bytes. */
export const largestFile = 64 * 1024 * 1024;

/** Reads the files of a directory that are new or changed into a set, and takes note of those that are gone. */
export class DirectoryReader {
  readonly #directory: ManifestDirectory;
  readonly #files: ManifestSet;
  readonly #log: Logger;
  readonly #reading: ReadingOptions;
  /** The stamp that each file had when it was last read. */
  readonly #stamps = new Map<string, string>();
  /** Kinds that were told to be passed over. */
  readonly #ignored = new Set<string>();

  constructor(directory: ManifestDirectory, files: ManifestSet, log: Logger, reading: ReadingOptions) {
    this.#directory = directory;
    this.#files = files;
    this.#log = log;
    this.#reading = reading;
  }

  /**
   * Reads what is new. Rejects with ManifestDirectoryError, and changes nothing, where the directory cannot be read.
   *
   * @param changed since when a new or changed file is as it is, or since when one is gone, in milliseconds
   */
  async read(changed: (file?: FileStamp) => number): Promise<void> {
    const listed = await this.#directory.list();
    for (const file of listed) {
      if (this.#stamps.get(file.name) !== file.stamp) await this.#readFile(file, changed(file));
    }
    const present = new Set(listed.map(({ name }) => name));
    for (const name of this.#files.files) {
      if (present.has(name)) continue;
      this.#stamps.delete(name);
      this.#files.remove(name, changed());
    }
  }

  async #readFile(file: FileStamp, since: number): Promise<void> {
    const read = file.size > largestFile ? tooLarge(file) : await this.#contents(file);
    // Changed while it was read: the stamp stays as it was, so that the next look reads it again.
    if (read === undefined) {
      this.#files.defer(file.name, since);
      return;
    }
    this.#stamps.set(file.name, file.stamp);
    if ('severity' in read) this.#files.fail(file.name, read, since);
    else this.#files.update(file.name, read, since);
  }

  async #contents(file: FileStamp): Promise<ManifestFile | Problem | undefined> {
    let bytes: Uint8Array | undefined;
    try {
      bytes = await this.#directory.read(file);
    } catch (error) {
      return errorCode(error) === 'ENOENT' ? undefined : unreadable(file, errorCode(error));
    }
    if (bytes === undefined) return undefined;
    const text = decodeText(bytes);
    if (text === undefined) return notText(file);
    const manifest = await readManifest(file.name, text, this.#reading);
    this.#tellIgnored(file.name, manifest.ignoredKinds);
    return manifest;
  }

  #tellIgnored(name: string, kinds: ReadonlySet<string>): void {
    for (const kind of kinds) {
      if (this.#ignored.has(kind)) continue;
      this.#ignored.add(kind);
      this.#log.info({ kind, file: name }, `objects of kind ${kind} are passed over`);
    }
  }
}

function decodeText(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

function tooLarge(file: FileStamp): Problem {
  return {
    where: file.name,
    expected: `a file of at most ${largestFile} bytes`,
    got: `${file.size} bytes`,
    hint: 'split it into several; until then the last good version of what it held is served',
    severity: 'error',
  };
}

function unreadable(file: FileStamp, code: string): Problem {
  return {
    where: file.name,
    expected: 'a readable file',
    got: code,
    hint: 'make it readable or remove it; until then the last good version of what it held is served',
    severity: 'error',
  };
}

function notText(file: FileStamp): Problem {
  return {
    where: file.name,
    expected: 'text in UTF-8',
    got: 'other bytes',
    hint: 'save it as UTF-8; until then the last good version of what it held is served',
    severity: 'error',
  };
}
