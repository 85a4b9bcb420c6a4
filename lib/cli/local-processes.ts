import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

/** A process that has to do with balancing on this machine. */
export interface LocalProcess {
  readonly pid: number;
  /** `kube-ipvs` for a daemon of this program. */
  readonly name: string;
  /** As `ps` has it: `R`, `S`, `T` for stopped, `D` for waiting for a device. */
  readonly state: string;
}

/** Programs that write virtual servers, rules or eBPF maps for Services, by the name of their process. */
const proxies: readonly string[] = ['kube-proxy', 'kube-router', 'cilium-agent'];

/**
 * The daemons of this program and the proxies of others that run here, as far as processes are to be seen: in a container
 * without the processes of its host those of the container alone.
 *
 * @param proc where proc(5) is mounted
 */
export async function localProcesses(proc = '/proc'): Promise<LocalProcess[]> {
  const pids = (await readdir(proc).catch(() => [])).filter((name) => /^\d+$/.test(name));
  const found = await Promise.all(pids.map((pid) => look(join(proc, pid), Number(pid))));
  return found.filter((one) => one !== undefined).sort((a, b) => a.pid - b.pid);
}

async function look(folder: string, pid: number): Promise<LocalProcess | undefined> {
  try {
    const [line, stat] = await Promise.all([
      readFile(join(folder, 'cmdline'), 'utf8'),
      readFile(join(folder, 'stat'), 'utf8'),
    ]);
    const name = nameOf(line.split('\0'), stat);
    // The name of the process stands in brackets, and may have some itself.
    const [state = '?'] = stat.slice(stat.lastIndexOf(')') + 2);
    return name === undefined ? undefined : { pid, name, state };
  } catch {
    // It has ended meanwhile.
    return undefined;
  }
}

function nameOf(command: readonly string[], stat: string): string | undefined {
  if (isDaemon(command)) return 'kube-ipvs';
  const name = stat.slice(stat.indexOf('(') + 1, stat.lastIndexOf(')'));
  return proxies.find((proxy) => proxy === name);
}

/** `node …/kube-ipvs.mjs run …`, or the program by itself. */
function isDaemon(command: readonly string[]): boolean {
  const program = command.findIndex((word) => /(?:^|\/)kube-ipvs(?:\.mjs)?$/.test(word));
  const byNode = /(?:^|\/)node(?:js)?$/.test(command[0] ?? '');
  return (program === 0 || (program > 0 && byNode)) && command[program + 1] === 'run';
}
