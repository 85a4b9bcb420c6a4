import { SocketClient } from '../socket/socket-client.ts';
import { SocketError } from '../socket/socket-error.ts';
import type { DaemonStatus } from '../socket/status.ts';

/** Which kube-ipvs is asked, and how long it is waited for. */
export interface NodeDaemonOptions {
  readonly socket: string;
  /** Gives the process of a kube-ipvs that may have its socket in a container. Asked where nobody listens at `socket`. */
  readonly process: () => Promise<number | undefined>;
  /** Milliseconds, see SocketClientOptions. */
  readonly patience?: number;
  /** Where proc(5) is mounted. */
  readonly proc?: string;
}

/** How a daemon stands, and the socket where it said so. */
export interface AnsweredStatus {
  readonly status: DaemonStatus;
  readonly path: string;
}

/**
 * The running kube-ipvs of this node. It is asked at its socket, and where nobody listens there at the one of that path that
 * it has in its container. Every method rejects with SocketError where there is no good answer: with what the container's
 * socket says where anybody listens there or it must not be asked, with what the other says otherwise.
 */
export class NodeDaemon {
  readonly #options: NodeDaemonOptions;

  constructor(options: NodeDaemonOptions) {
    this.#options = options;
  }

  /** How it stands. */
  status(): Promise<AnsweredStatus> {
    return this.#atFirst(async (client) => ({ status: await client.status(), path: client.path }));
  }

  /** The JSON lines that come at a path, see `SocketClient.lines`. */
  async *lines(path: string, signal: AbortSignal): AsyncGenerator<unknown, void> {
    const { lines, first } = await this.#atFirst(async (client) => {
      const begun = client.lines(path, signal);
      return { lines: begun, first: await begun.next() };
    });
    if (first.done === true) return;
    yield first.value;
    yield* lines;
  }

  /** What the first socket gives at which anybody listens. */
  async #atFirst<Value>(ask: (client: SocketClient) => Promise<Value>): Promise<Value> {
    const { socket, patience, proc = '/proc' } = this.#options;
    if (socket === 'off') throw new SocketError('off', '--socket off');
    try {
      return await ask(new SocketClient({ path: socket, patience }));
    } catch (error) {
      const pid = hasNobody(error) ? await this.#options.process() : undefined;
      if (pid === undefined) throw error;
      const path = `${proc}/${pid}/root${socket}`;
      return await ask(new SocketClient({ path, patience })).catch((second: unknown) => {
        throw hasNobody(second) ? error : second;
      });
    }
  }
}

function hasNobody(error: unknown): boolean {
  return error instanceof SocketError && error.code === 'no-daemon';
}
