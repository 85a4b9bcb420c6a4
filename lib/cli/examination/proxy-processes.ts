import type { ProxyProcess } from '../../doctor/examined-node.ts';
import { localProcesses } from '../local-processes.ts';

/** A process that looks like a service proxy, with the words that it was started with. */
export interface FoundProxy extends ProxyProcess {
  readonly words: readonly string[];
}

/**
 * Finds the processes of this network namespace that are kube-proxy or a daemon of this program.
 *
 * @param proc where proc(5) is mounted
 */
export async function findProxies(proc = '/proc'): Promise<readonly FoundProxy[]> {
  return (await localProcesses(proc)).flatMap(({ pid, name: program, words, here }) =>
    program === 'kube-proxy' || program === 'kube-ipvs'
      ? [{ pid, program, words, here, commandLine: words.join(' ') }]
      : [],
  );
}

/** The kube-ipvs that is meant where several run: the one that began first. */
export function daemonAmong(proxies: readonly FoundProxy[]): FoundProxy | undefined {
  return proxies.find(({ program }) => program === 'kube-ipvs');
}
