import { readdir, readlink } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { textOf } from './text-file.ts';

/** A process that has to do with balancing on this machine. */
export interface LocalProcess {
  readonly pid: number;
  /** `kube-ipvs` for a daemon of this program. */
  readonly name: string;
  /** What it was started with. */
  readonly words: readonly string[];
  /** As `ps` has it: `R`, `S`, `T` for stopped, `D` for waiting for a device; `?` where it is not told. */
  readonly state: string;
  /** Whether it is for certain in this network namespace. That of another user's process takes a privilege to tell. */
  readonly here: boolean;
}

/** Programs that write virtual servers, rules or eBPF maps for Services, by the name of their process. */
const proxies: readonly string[] = ['kube-proxy', 'kube-router', 'cilium-agent'];

/**
 * The daemons of this program and the proxies of others in this network namespace, as far as processes are to be seen: in a
 * container without the processes of its host those of the container alone. One whose namespace cannot be told, which
 * takes a privilege for the processes of others, counts as in it. A `kube-ipvs run --once` ends by itself and is none.
 *
 * @param proc where proc(5) is mounted
 */
export async function localProcesses(proc = '/proc'): Promise<LocalProcess[]> {
  const own = await namespaceOf(join(proc, 'self'));
  const pids = (await readdir(proc).catch(() => [])).filter((name) => /^\d+$/.test(name));
  const found = await Promise.all(
    pids.map(async (pid): Promise<LocalProcess | undefined> => {
      const one = await look(join(proc, pid), Number(pid));
      if (one === undefined || own === undefined) return one && { ...one, here: false };
      const namespace = await namespaceOf(join(proc, pid));
      return (namespace ?? own) === own ? { ...one, here: namespace !== undefined } : undefined;
    }),
  );
  return found.filter((one) => one !== undefined).sort((a, b) => a.pid - b.pid);
}

/** The daemon of this program, of several the one that began first. */
export function daemonOf(processes: readonly LocalProcess[]): LocalProcess | undefined {
  return processes.find(({ name }) => name === 'kube-ipvs');
}

/** The number of its process, as far as that is to be seen from here. */
export async function localDaemon(): Promise<number | undefined> {
  return daemonOf(await localProcesses())?.pid;
}

/** What stands behind `kube-ipvs run`; `undefined` where that is not what was started. */
export function runArguments(words: readonly string[]): readonly string[] | undefined {
  const program = words.findIndex((word) => /^kube-ipvs(\.mjs)?$/.test(basename(word)));
  const byNode = /^node(js)?$/.test(basename(words[0] ?? ''));
  const isStarted = program === 0 || (program > 0 && byNode);
  return isStarted && words[program + 1] === 'run' ? words.slice(program + 2) : undefined;
}

/** Nothing where it has ended meanwhile. */
async function look(folder: string, pid: number): Promise<Omit<LocalProcess, 'here'> | undefined> {
  const [line = '', stat = ''] = await Promise.all([
    textOf(join(folder, 'cmdline')),
    textOf(join(folder, 'stat')),
  ]);
  const words = line.replace(/\0$/, '').split('\0');
  const name = nameOf(words, stat);
  // The name of the process stands in brackets, and may have some itself.
  const state = stat.slice(stat.lastIndexOf(')') + 2, stat.lastIndexOf(')') + 3);
  return name === undefined ? undefined : { pid, name, words, state: state === '' ? '?' : state };
}

function nameOf(words: readonly string[], stat: string): string | undefined {
  const run = runArguments(words);
  if (run !== undefined) return run.some((word) => /^--once(=true)?$/.test(word)) ? undefined : 'kube-ipvs';
  const names = [basename(words[0] ?? ''), stat.slice(stat.indexOf('(') + 1, stat.lastIndexOf(')'))];
  return proxies.find((proxy) => names.includes(proxy));
}

async function namespaceOf(folder: string): Promise<string | undefined> {
  return readlink(join(folder, 'ns/net')).catch(() => undefined);
}
