import type { DaemonFacts } from '../../doctor/examined-node.ts';
import type { Subject } from './subject.ts';

/** Reads how the kube-ipvs that runs on this node stands. */
// eslint-disable-next-line @typescript-eslint/require-await -- asked over a socket
export async function readDaemon({ proxies }: Subject): Promise<DaemonFacts> {
  const daemon = proxies.find(({ program }) => program === 'kube-ipvs');
  if (daemon === undefined) return { state: 'absent' };
  return { state: 'mute', why: `process ${daemon.pid} has no socket to ask it over` };
}
