import { chmod, lstat, mkdir, unlink } from 'node:fs/promises';
import { createServer, type RequestListener, type Server } from 'node:http';
import { connect } from 'node:net';
import { dirname } from 'node:path';
import type { Clock } from '../model/clock.ts';
import { SocketError, socketError } from './socket-error.ts';

/** What a SocketServer needs. */
export interface SocketServerOptions {
  /** Absolute. */
  readonly path: string;
  readonly answer: RequestListener;
  readonly clock: Clock;
  /** Told why it cannot listen, at every vain try, and with undefined as soon as it listens. */
  readonly told: (error: SocketError | undefined) => void;
}

/** Milliseconds between two tries to listen. */
const wait = 5000;

/** Connections at a time: some that follow events, and commands that take a moment each. */
const mostConnections = 64;

/** Milliseconds that a client may take to send its request. */
const longestRequest = 5000;

/** Its owner alone may use the socket. */
const mode = 0o600;

/** A folder that is made for it is for the owner alone too. */
const folderMode = 0o700;

/**
 * An HTTP server at a unix socket. What an earlier process has left there is replaced, the socket of one that lives is not;
 * where it cannot listen it tries again, after a while. The socket is gone when the server is closed.
 */
export class SocketServer {
  readonly #options: SocketServerOptions;
  #server: Server | undefined;
  #cancelRetry: () => void = () => undefined;
  #closed = false;

  constructor(options: SocketServerOptions) {
    this.#options = options;
  }

  /** Begins. Resolves when it has been tried once to listen. Never rejects. */
  async start(): Promise<void> {
    const { path, told, clock } = this.#options;
    try {
      await mkdir(dirname(path), { recursive: true, mode: folderMode });
      await this.#removeStale();
      await this.#listen();
      if (this.#closed) this.close();
      else told(undefined);
    } catch (error) {
      if (this.#closed) {
        this.close();
        return;
      }
      told(error instanceof SocketError ? error : socketError('listen', path, error));
      this.#cancelRetry = clock.after(wait, () => {
        void this.start();
      });
    }
  }

  /** Ends: the socket is gone and every connection closed when this returns, but for a try that is under way. */
  close(): void {
    this.#closed = true;
    this.#cancelRetry();
    this.#server?.close();
    this.#server?.closeAllConnections();
  }

  /** Removes a socket that nobody listens at. Rejects where somebody does, or where it is none. */
  async #removeStale(): Promise<void> {
    const { path } = this.#options;
    const found = await lstat(path).catch((error: unknown) => {
      if (isCode(error, 'ENOENT')) return undefined;
      throw error;
    });
    if (found === undefined) return;
    if (!found.isSocket()) throw new SocketError('no-socket', path);
    if (await answers(path)) throw new SocketError('taken', path);
    await unlink(path);
  }

  async #listen(): Promise<void> {
    if (this.#closed) return;
    const { path, answer } = this.#options;
    const server = createServer({ requestTimeout: longestRequest }, (request, response) => {
      response.setHeader('Connection', 'close');
      answer(request, response);
    });
    server.maxConnections = mostConnections;
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen({ path }, () => {
        // A connection that could not be accepted, for want of descriptors, is no reason to end.
        server.off('error', reject).on('error', () => undefined);
        resolve();
      });
    });
    this.#server = server;
    await chmod(path, mode);
  }
}

/** Whether somebody listens at a socket. */
function answers(path: string): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const socket = connect({ path });
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', (error) => {
      if (isCode(error, 'ECONNREFUSED') || isCode(error, 'ENOENT')) resolve(false);
      else reject(error);
    });
  });
}

function isCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}
