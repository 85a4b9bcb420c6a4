import { readFileSync } from 'node:fs';

/** Clock ticks a second of /proc/PID/stat: USER_HZ, 100 on every architecture that Node runs on. */
const ticks = 100;

/** What the kernel says of a process. */
export interface ProcessFigures {
  /** Bytes. */
  readonly resident: number;
  /** Most bytes that were ever resident. */
  readonly peak: number;
  /** Of the resident bytes, those that no file backs: Node's own program is not among them. */
  readonly anonymous: number;
  /** Seconds of processor time, that of its ended children included. */
  readonly processor: number;
}

/** The figures of a running process. Throws where there is none. */
export function figuresOf(pid: number): ProcessFigures {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const kilobytes = (field: string): number =>
    Number(new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(status)?.[1]);
  // Behind the name, which may hold anything: utime, stime, cutime, cstime are fields 14 to 17 of proc(5).
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const times = stat
    .slice(stat.lastIndexOf(')') + 2)
    .split(' ')
    .slice(11, 15)
    .map(Number);
  return {
    resident: kilobytes('VmRSS') * 1024,
    peak: kilobytes('VmHWM') * 1024,
    anonymous: kilobytes('RssAnon') * 1024,
    processor: times.reduce((sum, time) => sum + time, 0) / ticks,
  };
}
