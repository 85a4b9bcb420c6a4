import { createRequire } from 'node:module';
import { NetlinkError } from './error.ts';

/**
 * The C library's socket calls: all the foreign code there is. Every call gives what C gives, -1 for failure; `errno`
 * tells why and is only valid straight behind the failed call. Reading, writing and closing a descriptor need no
 * foreign code: `node:fs` does them.
 */
export interface Libc {
  socket(domain: number, type: number, protocol: number): number;
  bind(descriptor: number, address: Buffer, length: number): number;
  setsockopt(descriptor: number, level: number, name: number, value: Buffer, length: number): number;
  getsockopt(descriptor: number, level: number, name: number, value: Buffer, length: Buffer): number;
  errno(): number;
  /** Bytes of C's `long`, of which `struct timeval` has two. */
  readonly sizeOfLong: number;
}

/** The types of what a C function gives and takes, in ref-napi's words. */
type Signature = readonly [result: string, parameters: readonly string[]];

/** What is used of ffi-napi, which brings no declarations that fit. */
interface Ffi {
  /** Throws where the process has no function of such a name. */
  Library<Calls>(name: null, functions: Readonly<Record<keyof Calls, Signature>>): Calls;
  errno(): number;
}

/** What is used of ref-napi. */
interface Ref {
  readonly sizeof: Readonly<Record<'long', number>>;
}

/** `socklen_t` is 32 bits on every Linux, with glibc and with musl. */
const functions = {
  socket: ['int', ['int', 'int', 'int']],
  bind: ['int', ['int', 'pointer', 'uint32']],
  setsockopt: ['int', ['int', 'int', 'int', 'pointer', 'uint32']],
  getsockopt: ['int', ['int', 'int', 'int', 'pointer', 'pointer']],
} as const;

/** What the addon is loaded from. */
export interface LibcSurroundings {
  /** `process.platform` */
  readonly platform: string;
  /** Gives a CommonJS package, or throws. */
  readonly load: (name: string) => unknown;
}

/**
 * Loads the addon and looks the calls up in the C library that the process runs on, glibc or musl. Nothing is loaded
 * before this is called. Throws `addon-missing`, saying what is missing, where that cannot be done.
 */
export function loadLibc(
  surroundings: LibcSurroundings = { platform: process.platform, load: createRequire(import.meta.url) },
): Libc {
  if (surroundings.platform !== 'linux') {
    throw addonMissing(
      `expected Linux, got ${surroundings.platform}; netlink is an interface of the Linux kernel`,
    );
  }
  try {
    const ffi = surroundings.load('ffi-napi') as Ffi;
    const ref = surroundings.load('ref-napi') as Ref;
    const calls = ffi.Library<Omit<Libc, 'errno' | 'sizeOfLong'>>(null, functions);
    return { ...calls, errno: () => ffi.errno(), sizeOfLong: ref.sizeof.long };
  } catch (error) {
    const reason = error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error);
    throw addonMissing(
      `expected the packages ffi-napi and ref-napi with an addon for linux-${process.arch} and Node ${process.versions.node}, ` +
        `got: ${reason}; install them on this machine (npm ci, with a C++ compiler and python3 where there is no prebuilt addon)`,
      error,
    );
  }
}

/**
 * Gives memory that the C library keeps for later back to the system: `malloc_trim(3)`, which glibc has. Does nothing
 * with musl, whose allocator has no such call and keeps little, nor where the addon cannot be loaded; false then.
 */
export function trimMemory(load: LibcSurroundings['load'] = createRequire(import.meta.url)): boolean {
  try {
    const ffi = load('ffi-napi') as Ffi;
    const allocator = ffi.Library<{ malloc_trim(padding: number): number }>(null, {
      malloc_trim: ['int', ['size_t']],
    });
    allocator.malloc_trim(0);
    return true;
  } catch {
    return false;
  }
}

/** A part of this process's memory, in bytes; both are multiples of a page. */
export interface MemoryRange {
  readonly address: number;
  readonly length: number;
}

/** `MADV_DONTNEED` of `asm-generic/mman-common.h`; alpha alone has another number for it, on which Node does not run. */
const notNeeded = 4;

/**
 * Takes pages out of this process's memory, `madvise(2)`: those of a file that it has not modified are read from the
 * file again where they are touched, and most of them not even that, for the system keeps them as long as it has room.
 * To be called with such ranges alone: whatever else is there is lost.
 *
 * @returns whether all of them went; false too where the addon cannot be loaded
 */
export function dropPages(
  ranges: readonly MemoryRange[],
  load: LibcSurroundings['load'] = createRequire(import.meta.url),
): boolean {
  try {
    const ffi = load('ffi-napi') as Ffi;
    const memory = ffi.Library<{ madvise(address: number, length: number, advice: number): number }>(null, {
      madvise: ['int', ['uint64', 'size_t', 'int']],
    });
    return ranges
      .map(({ address, length }) => memory.madvise(address, length, notNeeded))
      .every((result) => result === 0);
  } catch {
    return false;
  }
}

function addonMissing(message: string, cause?: unknown): NetlinkError {
  return new NetlinkError({ code: 'addon-missing', operation: 'load the C library', message, cause });
}
