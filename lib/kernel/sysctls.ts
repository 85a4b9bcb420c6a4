import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Sysctl } from '../model/sysctl.ts';
import { sameSysctl } from './equality.ts';
import { TableError } from './table.ts';
import type { Change, Refusal, Refusals, Table } from './table.ts';

/**
 * Where a container may have the node's settings to write, each in its folder: the /proc/sys that a runtime gives it is
 * read-only. Of the settings of the network the kernel shows those of the namespace of whoever looks.
 */
export const writableSysctls = '/host/proc/sys';

/** What the kernel settings need of their surroundings. */
export interface SysctlsOptions {
  /** The settings to read, as paths under /proc/sys: there is no telling which of thousands matter. */
  readonly keys: readonly string[];
  /** Where the settings are mounted, `/proc/sys` unless told otherwise. */
  readonly root?: string;
  /** Where they are written when that is read-only, `writableSysctls` unless told otherwise. Need not be there. */
  readonly writable?: string;
}

/**
 * The kernel's settings under /proc/sys (proc_sys(5)). One that the kernel does not have reads as absent. Removing one
 * is a success that changes nothing: a setting has no earlier value to go back to.
 */
export class Sysctls implements Table<Sysctl> {
  readonly name = 'sysctls';
  readonly #keys: readonly string[];
  readonly #root: string;
  readonly #writable: string;

  constructor(options: SysctlsOptions) {
    this.#keys = options.keys;
    this.#root = options.root ?? '/proc/sys';
    this.#writable = options.writable ?? writableSysctls;
  }

  async read(): Promise<ReadonlyMap<string, Sysctl>> {
    const found = new Map<string, Sysctl>();
    for (const key of this.#keys) {
      const value = await this.#value(key);
      if (value !== undefined) found.set(key, { key, value });
    }
    return found;
  }

  async apply(changes: readonly Change<Sysctl>[]): Promise<Refusals> {
    const refusals = new Map<string, Refusal>();
    for (const { key, after } of changes) {
      if (after === undefined) continue;
      const refusal = await this.#set(after);
      if (refusal !== undefined) refusals.set(key, refusal);
    }
    return refusals;
  }

  equals(held: Sysctl, wanted: Sysctl): boolean {
    return sameSysctl(held, wanted);
  }

  /** Gives a setting its value. One that has it already is not written: /proc/sys is read-only in many containers. */
  async #set(wanted: Sysctl): Promise<Refusal | undefined> {
    try {
      const value = await this.#value(wanted.key);
      if (value === undefined) return refusal('ENOENT', wanted);
      if (sameSysctl({ key: wanted.key, value }, wanted)) return undefined;
      await this.#write(wanted);
      return undefined;
    } catch (error) {
      return refusal(error instanceof TableError ? error.code : errorCode(error), wanted);
    }
  }

  async #write({ key, value }: Sysctl): Promise<void> {
    try {
      await writeFile(join(this.#root, key), value, { flag: 'r+' });
    } catch (error) {
      if (!notAllowed.includes(errorCode(error))) throw error;
      await writeFile(join(this.#writable, key), value, { flag: 'r+' }).catch((reason: unknown) => {
        throw errorCode(reason) === 'ENOENT' ? error : reason;
      });
    }
  }

  /** The value of a setting, `undefined` where the kernel has no such setting. */
  async #value(key: string): Promise<string | undefined> {
    try {
      return (await readFile(join(this.#root, key), 'utf8')).trim();
    } catch (error) {
      const code = errorCode(error);
      if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
      throw new TableError(
        this.name,
        code,
        `expected to read the kernel setting ${key}, got ${code}; run as root with ${this.#root} readable`,
        { cause: error },
      );
    }
  }
}

/** What comes of writing where that may not be. */
const notAllowed: readonly string[] = ['EROFS', 'EACCES', 'EPERM'];

function refusal(code: string, wanted: Sysctl): Refusal {
  return {
    code,
    operation: 'set kernel setting',
    message: `expected to set ${wanted.key} to ${wanted.value}, got ${code}; ${advice(code, wanted)}`,
  };
}

/** What to do about a setting that could not be set. */
function advice(code: string, wanted: Sysctl): string {
  if (notAllowed.includes(code)) {
    const command = `sysctl -w ${wanted.key.replaceAll('/', '.')}=${wanted.value}`;
    return `have the node's /proc/sys/net mounted at ${writableSysctls}/net, or set it on the node: ${command}`;
  }
  switch (code) {
    case 'ENOENT':
      return 'the running kernel does not have it: load the module that brings it (ip_vs for net/ipv4/vs)';
    case 'EINVAL':
    case 'ERANGE':
      return 'the kernel does not take this value for it';
    default:
      return 'look at the file under /proc/sys';
  }
}

function errorCode(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : 'EIO';
}
