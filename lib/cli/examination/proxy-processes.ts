import { readdir, readFile, readlink } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { ProxyProcess } from '../../doctor/examined-node.ts';

/** A process that looks like a service proxy, with the words that it was started with. */
export interface FoundProxy extends ProxyProcess {
  readonly words: readonly string[];
}

/**
 * Finds the processes of this network namespace that look like service proxies. One whose namespace cannot be told, which
 * takes a privilege for the processes of others, counts as in it. A `kube-ipvs run --once` ends by itself and is none.
 *
 * @param proc where proc(5) is mounted
 */
export async function findProxies(proc = '/proc'): Promise<readonly FoundProxy[]> {
  const own = await namespaceOf(proc, 'self');
  const numbers = (await readdir(proc)).filter((name) => /^\d+$/.test(name)).map(Number);
  const found = await Promise.all(
    numbers.map(async (pid): Promise<FoundProxy | undefined> => {
      const words = await wordsOf(proc, pid);
      const program = programOf(words);
      if (program === undefined) return undefined;
      const namespace = await namespaceOf(proc, String(pid));
      const elsewhere = namespace !== undefined && own !== undefined && namespace !== own;
      return elsewhere ? undefined : { pid, program, words, commandLine: words.join(' ') };
    }),
  );
  return found.filter((one) => one !== undefined).sort((a, b) => a.pid - b.pid);
}

async function wordsOf(proc: string, pid: number): Promise<readonly string[]> {
  try {
    const text = await readFile(join(proc, String(pid), 'cmdline'), 'utf8');
    return text.split('\0').slice(0, -1);
  } catch {
    return [];
  }
}

async function namespaceOf(proc: string, pid: string): Promise<string | undefined> {
  try {
    return await readlink(join(proc, pid, 'ns/net'));
  } catch {
    return undefined;
  }
}

function programOf(words: readonly string[]): ProxyProcess['program'] | undefined {
  if (basename(words[0] ?? '') === 'kube-proxy') return 'kube-proxy';
  const run = runArguments(words);
  return run === undefined || run.some((word) => /^--once(=true)?$/.test(word)) ? undefined : 'kube-ipvs';
}

/** What stands behind `kube-ipvs run`; `undefined` where that is not what was started. */
export function runArguments(words: readonly string[]): readonly string[] | undefined {
  const program = words.findIndex((word) => /^kube-ipvs(\.mjs)?$/.test(basename(word)));
  return program !== -1 && words[program + 1] === 'run' ? words.slice(program + 2) : undefined;
}
