import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Clock } from '../model/clock.ts';
import { Connections } from './connections.ts';
import { ListenError } from './listen-error.ts';

/** Where one server listens. */
export interface Place {
  /** One address, or `0.0.0.0` or `::` for all of one family. Left out: every address of both families. */
  readonly host?: string | undefined;
  /** With 0 the kernel chooses. */
  readonly port: number;
}

/** What an HttpListener needs. */
export interface HttpListenerOptions {
  readonly place: Place;
  readonly answer: RequestListener;
  readonly clock: Clock;
  /** A number from 0 up to but not including 1. */
  readonly random: () => number;
  /** Milliseconds that a connection may last: 10 seconds unless told otherwise. */
  readonly longestConnection?: number | undefined;
  /** Told why it cannot listen, at every vain try, and with undefined as soon as it listens. */
  readonly told: (error: ListenError | undefined) => void;
}

/** Bytes of a request's line and headers. Probes send a few hundred. */
const longestHeader = 8192;

/**
 * Milliseconds between two tries to listen: they double from the first to the second. A program that takes the place of
 * another, on an update, is to answer before somebody restarts it.
 */
const firstWait = 1000;
const longestWait = 5000;

/**
 * An HTTP server that listens as soon as it can: a port that is taken is tried again, after growing waits. Every
 * connection is closed behind its first answer, and at once when the server is.
 */
export class HttpListener {
  readonly #options: HttpListenerOptions;
  readonly #connections: Connections;
  #server: Server | undefined;
  #failures = 0;
  #cancelRetry: () => void = () => undefined;
  #closed = false;

  constructor(options: HttpListenerOptions) {
    this.#options = options;
    this.#connections = new Connections(options.clock, options.longestConnection);
  }

  /** The port that it listens at; undefined while it cannot. */
  get port(): number | undefined {
    return (this.#server?.address() as AddressInfo | null | undefined)?.port;
  }

  /** Begins. Resolves with what became of the first try; others follow where it was in vain. */
  start(): Promise<ListenError | undefined> {
    return new Promise((resolve) => {
      this.#try(resolve);
    });
  }

  /** Tries again now, where it waits to. */
  retry(): void {
    if (this.#server !== undefined || this.#closed) return;
    this.#cancelRetry();
    this.#try();
  }

  /** Ends: the port is free and every connection closed when this returns, but for a try that is under way. */
  close(): void {
    this.#closed = true;
    this.#cancelRetry();
    this.#server?.close();
    this.#connections.closeAll();
  }

  #try(tried?: (error: ListenError | undefined) => void): void {
    const server = this.#makeServer();
    this.#server = server;
    const { host, port } = this.#options.place;
    const end = (error: ListenError | undefined): void => {
      if (!this.#closed) this.#options.told(error);
      tried?.(error);
    };
    const failed = (cause: NodeJS.ErrnoException): void => {
      this.#server = undefined;
      if (!this.#closed) this.#retryLater();
      end(new ListenError(placeText(this.#options.place), cause));
    };
    server.once('error', failed);
    server.once('close', () => tried?.(undefined));
    server.listen({ host, port, ipv6Only: host?.includes(':') ?? false }, () => {
      // A connection that could not be accepted, for want of descriptors, is no reason to end.
      server.off('error', failed).on('error', () => undefined);
      this.#failures = 0;
      // Between the call and this one the host was looked up, and it may have been closed.
      if (this.#closed) server.close();
      end(undefined);
    });
  }

  #makeServer(): Server {
    const { answer } = this.#options;
    const server = createServer({ maxHeaderSize: longestHeader }, (request, response) => {
      response.setHeader('Connection', 'close');
      request.resume();
      answer(request, response);
    });
    return server.on('connection', (socket) => {
      this.#connections.add(socket);
    });
  }

  #retryLater(): void {
    const { clock, random } = this.#options;
    const longest = Math.min(longestWait, firstWait * 2 ** Math.min(this.#failures, 10));
    this.#failures += 1;
    this.#cancelRetry = clock.after(longest * (0.5 + random() / 2), () => {
      this.#try();
    });
  }
}

function placeText({ host, port }: Place): string {
  if (host === undefined) return `port ${port} of every address`;
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}
