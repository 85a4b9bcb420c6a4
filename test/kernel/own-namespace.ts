import { createRequire } from 'node:module';
import { execFileSync } from 'node:child_process';

/** CLONE_NEWNET (linux/sched.h). */
const newNetwork = 0x40000000;

interface Ffi {
  Library(
    name: null,
    functions: { unshare: readonly [result: string, parameters: readonly string[]] },
  ): { unshare(flags: number): number };
  errno(): number;
}

/**
 * Moves this process's main thread into a network namespace of its own, gone with the process, with nothing in it but
 * the loopback interface, which is up: without any address the kernel takes every address for a broadcast address. Sockets that
 * are opened from then on, and programs that are started, are in it: whatever a test does, the namespace that it was
 * started in is not touched.
 */
export function enterOwnNamespace(): void {
  leaveNamespace();
  output('ip link set lo up');
}

/** The same with nothing started: the loopback interface is down. */
export function leaveNamespace(): void {
  const ffi = createRequire(import.meta.url)('ffi-napi') as Ffi;
  const libc = ffi.Library(null, { unshare: ['int', ['int']] });
  if (libc.unshare(newNetwork) !== 0) {
    throw new Error(`expected a network namespace of our own, got errno ${ffi.errno()}; run this as root`);
  }
}

/** What a command line of plain words prints. Throws where it fails. */
export function output(line: string): string {
  const [command = '', ...args] = line.split(' ');
  return execFileSync(command, args, { encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 });
}

/** The lines of what a command line prints, sorted, without empty ones. */
export function sortedLines(line: string): string[] {
  return output(line)
    .split('\n')
    .map((text) => text.trim())
    .filter((text) => text !== '')
    .sort();
}
