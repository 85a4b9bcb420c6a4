import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Sysctl } from '../model/sysctl.ts';
import { sameSysctl } from './equality.ts';
import { TableError } from './table.ts';
import type { Change, Refusal, Refusals, Table } from './table.ts';

/** What the kernel settings need of their surroundings. */
export interface SysctlsOptions {
  /** The settings to read, as paths under /proc/sys: there is no telling which of thousands matter. */
  readonly keys: readonly string[];
  /** Where the settings are mounted, `/proc/sys` unless told otherwise. */
  readonly root?: string;
}

/**
 * The kernel's settings under /proc/sys (proc_sys(5)). One that the kernel does not have reads as absent. Removing one
 * is a success that changes nothing: a setting has no earlier value to go back to.
 */
export class Sysctls implements Table<Sysctl> {
  readonly name = 'sysctls';
  readonly #keys: readonly string[];
  readonly #root: string;

  constructor(options: SysctlsOptions) {
    this.#keys = options.keys;
    this.#root = options.root ?? '/proc/sys';
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
      await writeFile(join(this.#root, wanted.key), wanted.value, { flag: 'r+' });
      return undefined;
    } catch (error) {
      return refusal(error instanceof TableError ? error.code : errorCode(error), wanted);
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

function refusal(code: string, wanted: Sysctl): Refusal {
  return {
    code,
    operation: 'set kernel setting',
    message: `expected to set ${wanted.key} to ${wanted.value}, got ${code}; ${advice(code, wanted)}`,
  };
}

/** What to do about a setting that could not be set. */
function advice(code: string, wanted: Sysctl): string {
  switch (code) {
    case 'ENOENT':
      return 'the running kernel does not have it: load the module that brings it (ip_vs for net/ipv4/vs)';
    case 'EROFS':
    case 'EACCES':
    case 'EPERM':
      return `run privileged with a writable /proc/sys, or set it on the node: sysctl -w ${wanted.key.replaceAll('/', '.')}=${wanted.value}`;
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
