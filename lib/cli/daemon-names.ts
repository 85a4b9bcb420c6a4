import { sourceFlags } from '../config/flags.ts';
import { socketFlag } from '../config/socket-flag.ts';
import { SocketError } from '../socket/socket-error.ts';
import { localDaemon } from './local-processes.ts';
import { NodeDaemon } from './node-daemon.ts';
import type { ServiceName } from './service-names.ts';

/** The flags of what tells names. */
export const namesFlags = [...sourceFlags, socketFlag];

/** Milliseconds that the names of a daemon are waited for. */
const patience = 2000;

/** What names are from that `daemonNames` gives, for people. */
export const runningDaemon = 'the running kube-ipvs';

/** What the running kube-ipvs calls the virtual servers; `undefined` where none answers, and where it does not know them yet. */
export async function daemonNames(socket: string): Promise<ReadonlyMap<string, ServiceName> | undefined> {
  const names = new Map<string, ServiceName>();
  const daemon = new NodeDaemon({ socket, process: localDaemon, patience });
  try {
    for await (const line of daemon.lines('/v1/services', AbortSignal.timeout(patience))) {
      const [key, service, portName = ''] = line as readonly [string, string, string?];
      const [namespace = '', name = ''] = service.split('/');
      names.set(key, { namespace, name, portName });
    }
  } catch (error) {
    if (!(error instanceof SocketError)) throw error;
  }
  return names.size === 0 ? undefined : names;
}
