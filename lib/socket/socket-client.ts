import { type ClientRequest, type IncomingMessage, request } from 'node:http';
import { text } from 'node:stream/consumers';
import { SocketError, socketError } from './socket-error.ts';
import { type DaemonStatus, statusVersion } from './status.ts';

/** Which daemon is asked, and how long it is waited for. */
export interface SocketClientOptions {
  readonly path: string;
  /** Milliseconds to the end of an answer; of a stream, to its begin. */
  readonly patience?: number | undefined;
}

/** A daemon that has the time answers within some milliseconds; one that takes longer hangs, for who asks it. */
const usualPatience = 5000;

/** Asks a running kube-ipvs at its unix socket. Every method rejects with SocketError where there is no good answer. */
export class SocketClient {
  readonly path: string;
  readonly #patience: number;

  constructor({ path, patience = usualPatience }: SocketClientOptions) {
    this.path = path;
    this.#patience = patience;
  }

  /** How the daemon stands. */
  async status(): Promise<DaemonStatus> {
    const answer = await this.get('/v1/status');
    if (isStatus(answer)) return answer;
    throw new SocketError('bad-answer', this.path, 'a status of another version');
  }

  /** The JSON that is answered at a path. */
  async get(path: string): Promise<unknown> {
    const body = await this.#ask('GET', path);
    try {
      return JSON.parse(body);
    } catch (cause) {
      throw new SocketError('bad-answer', this.path, 'something that is no JSON', { cause });
    }
  }

  /** Puts a text somewhere, and gives the text that is answered. */
  put(path: string, body: string): Promise<string> {
    return this.#ask('PUT', path, body);
  }

  /**
   * The JSON lines that come at a path, until the daemon ends them, the reader stops, or `signal` aborts, which ends them
   * without an error.
   */
  async *lines(path: string, signal: AbortSignal): AsyncGenerator<unknown, void> {
    if (isAborted(signal)) return;
    const response = await this.#open('GET', path, '');
    const end = (): void => {
      response.destroy();
    };
    signal.addEventListener('abort', end, { once: true });
    try {
      if (isAborted(signal)) return;
      yield* jsonLines(response);
    } catch (error) {
      if (!isAborted(signal)) throw socketError('connect', this.path, error);
    } finally {
      signal.removeEventListener('abort', end);
      response.destroy();
    }
  }

  async #ask(method: string, path: string, body = ''): Promise<string> {
    const timer = AbortSignal.timeout(this.#patience);
    const response = await this.#open(method, path, body);
    const late = (): void => {
      response.destroy(new SocketError('no-answer', this.path));
    };
    timer.addEventListener('abort', late, { once: true });
    try {
      return await text(response);
    } catch (error) {
      throw error instanceof SocketError ? error : socketError('connect', this.path, error);
    } finally {
      timer.removeEventListener('abort', late);
    }
  }

  /** Sends a request. Resolves with the begin of a good answer. */
  async #open(method: string, path: string, body: string): Promise<IncomingMessage> {
    const response = await this.#begin(method, path, body);
    if (response.statusCode === 200) return response;
    const told = (await text(response)).trim();
    throw new SocketError(
      'bad-answer',
      this.path,
      `${response.statusCode ?? 0} for ${method} ${path}: ${told}`,
    );
  }

  #begin(method: string, path: string, body: string): Promise<IncomingMessage> {
    return new Promise((resolve, reject) => {
      const asking: ClientRequest = request({ socketPath: this.path, method, path, agent: false });
      const timer = setTimeout(() => {
        asking.destroy(new SocketError('no-answer', this.path));
      }, this.#patience);
      asking.once('response', (response) => {
        clearTimeout(timer);
        resolve(response);
      });
      asking.once('error', (error) => {
        clearTimeout(timer);
        reject(error instanceof SocketError ? error : socketError('connect', this.path, error));
      });
      asking.end(body);
    });
  }
}

/** What each line of a stream says; an unfinished one at its end says nothing. */
async function* jsonLines(stream: IncomingMessage): AsyncGenerator<unknown, void> {
  let rest = '';
  for await (const part of stream.setEncoding('utf8') as AsyncIterable<string>) {
    const lines = (rest + part).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) if (line !== '') yield JSON.parse(line);
  }
}

/** Asked anew: it may have become so since. */
function isAborted(signal: AbortSignal): boolean {
  return signal.aborted;
}

function isStatus(answer: unknown): answer is DaemonStatus {
  return (
    typeof answer === 'object' &&
    answer !== null &&
    'apiVersion' in answer &&
    answer.apiVersion === statusVersion &&
    'kind' in answer &&
    answer.kind === 'Status'
  );
}
