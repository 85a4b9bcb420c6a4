import { readFileSync } from 'node:fs';
import { type MemoryRange, dropPages } from '../../native-bindings/libc.ts';

/** `7f00-7f10 r-xp 00000000 fe:00 123  /usr/bin/node`, the first line of a mapping in /proc/PID/smaps. */
const heading = /^([0-9a-f]+)-([0-9a-f]+) r-.p \S+ \S+ \d+ +\//;

/** The line of a mapping that says that no page of it is other than the file's. */
const unmodified = /^Anonymous: +0 kB$/m;

/**
 * The parts of memory that hold a file just as it is: mapped for this process alone, not writable, and without a page
 * that was modified before it became so, as those are that the dynamic linker has filled in.
 *
 * @param smaps what /proc/PID/smaps says (proc_pid_smaps(5))
 */
export function unmodifiedMappings(smaps: string): readonly MemoryRange[] {
  return smaps.split(/\n(?=[0-9a-f]+-[0-9a-f]+ )/).flatMap((mapping) => {
    const found = heading.exec(mapping);
    return found === null || !unmodified.test(mapping) ? [] : [rangeOf(found)];
  });
}

function rangeOf([, from = '', to = '']: RegExpExecArray): MemoryRange {
  const address = parseInt(from, 16);
  return { address, length: parseInt(to, 16) - address };
}

/**
 * Takes what this process has in memory of its program and its libraries out of it: the half of Node that starting took
 * and nothing else does. What goes on being used comes back by itself, page by page. Does nothing where /proc cannot be
 * read.
 */
export function releaseMappedFiles(): void {
  let smaps;
  try {
    smaps = readFileSync('/proc/self/smaps', 'latin1');
  } catch {
    return;
  }
  dropPages(unmodifiedMappings(smaps));
}
