import { readdirSync, readFileSync } from 'node:fs';

/** The value of a line of /proc/PID/status; `undefined` where there is none, or the process is gone. */
function statusLine(pid: string, name: string): string | undefined {
  try {
    return new RegExp(`^${name}:\\t(.*)$`, 'm').exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  } catch {
    return undefined;
  }
}

/** The numbers of a list as the kernel writes them, such as `0-2,5`. */
function numbersOf(list: string): number[] {
  return list.split(',').flatMap((range) => {
    const [first = NaN, last = first] = range.split('-').map(Number);
    return Array.from({ length: last - first + 1 }, (_, index) => first + index);
  });
}

/**
 * The numbers of the processors that this process may run on.
 * @throws {Error} where /proc does not tell
 */
export function allowedProcessors(): number[] {
  const list = statusLine('self', 'Cpus_allowed_list');
  if (list === undefined) throw new Error('/proc/self/status: expected Cpus_allowed_list, got no such line');
  return numbersOf(list);
}

/** The processor that the fewest processes of a name are bound to, of those that this process may run on. */
export function leastTaken(program: string): number | undefined {
  const taken = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && statusLine(name, 'Name') === program)
    .map((pid) => numbersOf(statusLine(pid, 'Cpus_allowed_list') ?? ''))
    .filter((processors) => processors.length === 1)
    .map(([processor]) => processor);
  const load = (processor: number): number => taken.filter((other) => other === processor).length;
  return allowedProcessors().sort((a, b) => load(a) - load(b))[0];
}
