import type { IncomingMessage } from 'node:http';
import { Agent, type AgentOptions, request as httpsRequest } from 'node:https';
import { pipeline, type Readable } from 'node:stream';
import { constants, createGunzip } from 'node:zlib';
import { ApiError, type ApiRequest, type ApiResponse } from './api.ts';
import type { Access, TlsAccess } from './credentials.ts';
import { TunnelAgent } from './tunnel.ts';

/** How a Transport paces itself. Times are in milliseconds. */
export interface TransportOptions {
  /** For an answer to begin: name, connection, TLS and the server's own time. */
  readonly answerTime?: number;
  /** Sent as User-Agent. */
  readonly userAgent: string;
}

/**
 * Milliseconds of silence after which the kernel probes a connection. A watch only ever listens, so nothing of its own
 * tells it that the other side is gone: no RST comes from a machine without power or behind a cut cable. TCP keep-alive
 * does: libuv has the kernel probe every second from then on, and fail the connection after ten probes without an answer.
 * So a half-open connection is noticed after 20 s. A request on the same agent would not tell (it takes another
 * connection), a ping needs HTTP/2, and TCP_USER_TIMEOUT is not needed: a watch has no unacknowledged data but its
 * request, and that has `answerTime`. A server that is alive and hangs is noticed by whoever reads the answer.
 */
const keepAliveTime = 10_000;

/** Longer than the API server's own look-ups take, and short enough to notice a dead connection that was reused. */
const defaultAnswerTime = 25_000;

/** What OpenSSL and Node say where the other side is not who it should be. */
const certificateCode = /CERT|SIGNATURE|ISSUER|ALTNAME|CRL|SELF_SIGNED/;

/** The connections that one set of certificates is used on. */
interface Connections {
  readonly tls: TlsAccess;
  readonly proxy: URL | undefined;
  readonly agent: Agent;
}

/**
 * HTTPS to an API server. The server is always verified. Connections are kept and used again until the access changes
 * its certificates; answers may come compressed and are streamed.
 */
export class Transport {
  readonly #options: Required<TransportOptions>;
  #connections: Connections | undefined;

  constructor(options: TransportOptions) {
    this.#options = { answerTime: defaultAnswerTime, ...options };
  }

  /** Sends a request. Rejects with ApiError, or with the reason of the signal. */
  async send(access: Access, request: ApiRequest): Promise<ApiResponse> {
    try {
      return await this.#attempt(access, request);
    } catch (error) {
      if (!(error instanceof ReusedError) || request.signal.aborted) throw error;
      // The server closed the kept connection just as it was used again: nothing of the request was looked at.
      return this.#attempt(access, request);
    }
  }

  /** Closes every connection. */
  close(): void {
    this.#connections?.agent.destroy();
    this.#connections = undefined;
  }

  #attempt(access: Access, request: ApiRequest): Promise<ApiResponse> {
    const { server } = access;
    const { answerTime } = this.#options;
    const { promise, resolve, reject } = Promise.withResolvers<ApiResponse>();
    const outgoing = httpsRequest({
      ...this.#target(access, request),
      method: request.method ?? 'GET',
      headers: this.#headers(access, request),
      signal: request.signal,
    });
    const timer = setTimeout(() => {
      outgoing.destroy(new SlowError(answerTime));
    }, answerTime);
    outgoing.once('socket', (socket) => {
      socket.setKeepAlive(true, keepAliveTime);
    });
    outgoing.once('response', (incoming) => {
      clearTimeout(timer);
      resolve(response(incoming));
    });
    outgoing.on('error', (error) => {
      clearTimeout(timer);
      reject(explain(error, server, outgoing.reusedSocket, request.signal));
    });
    outgoing.end(request.body === undefined ? undefined : JSON.stringify(request.body));
    return promise;
  }

  #target(access: Access, { path, query = {} }: ApiRequest): object {
    const { server, tls } = access;
    const search = new URLSearchParams(query).toString();
    const base = server.pathname.replace(/\/$/, '');
    return {
      host: server.hostname.replace(/^\[|\]$/g, ''),
      port: server.port === '' ? 443 : Number(server.port),
      path: `${base}${path}${search === '' ? '' : `?${search}`}`,
      agent: this.#agent(access),
      ...(tls.servername !== undefined && { servername: tls.servername }),
    };
  }

  #headers(access: Access, { body, method }: ApiRequest): Record<string, string> {
    const type = method === 'PATCH' ? 'application/merge-patch+json' : 'application/json';
    return {
      ...access.headers,
      accept: 'application/json',
      'accept-encoding': 'gzip',
      'user-agent': this.#options.userAgent,
      ...(body !== undefined && { 'content-type': type }),
    };
  }

  /** The agent of an access; a new one where certificates have been replaced. What runs on the old one goes on. */
  #agent({ tls, proxy }: Access): Agent {
    if (this.#connections?.tls === tls && this.#connections.proxy === proxy) return this.#connections.agent;
    const options = agentOptions(tls);
    const agent = proxy === undefined ? new Agent(options) : new TunnelAgent(proxy, options);
    closeIdle(this.#connections?.agent);
    this.#connections = { tls, proxy, agent };
    return agent;
  }
}

function agentOptions({ ca, cert, key }: TlsAccess): AgentOptions {
  return {
    keepAlive: true,
    keepAliveMsecs: keepAliveTime,
    rejectUnauthorized: true,
    minVersion: 'TLSv1.2',
    ...(ca !== undefined && { ca }),
    ...(cert !== undefined && { cert }),
    ...(key !== undefined && { key }),
  };
}

/** No answer in time. */
class SlowError extends Error {
  constructor(answerTime: number) {
    super(`nothing for ${answerTime / 1000} s`);
  }
}

/** A kept connection turned out to be closed. */
class ReusedError extends ApiError {}

function response(incoming: IncomingMessage): ApiResponse {
  const body = decompressed(incoming);
  // Whoever reads it sees the error; where nobody does, it must not end the process.
  body.on('error', () => undefined);
  return { status: incoming.statusCode ?? 0, retryAfter: retryAfter(incoming.headers['retry-after']), body };
}

function decompressed(incoming: IncomingMessage): Readable {
  if (incoming.headers['content-encoding'] !== 'gzip') return incoming;
  const gunzip = createGunzip({ flush: constants.Z_SYNC_FLUSH });
  // What ends the one ends the other; the reader sees the error.
  pipeline(incoming, gunzip, () => undefined);
  return gunzip;
}

/** Milliseconds of a header Retry-After that gives seconds, the only form that API servers use. */
function retryAfter(header: string | undefined): number {
  return header !== undefined && /^\d{1,6}$/.test(header) ? Number(header) * 1000 : 0;
}

function closeIdle(agent: Agent | undefined): void {
  for (const sockets of Object.values(agent?.freeSockets ?? {})) {
    for (const socket of sockets ?? []) socket.destroy();
  }
}

function explain(error: NodeJS.ErrnoException, server: URL, reused: boolean, signal: AbortSignal): Error {
  if (signal.aborted || error instanceof ApiError) return error;
  const { code = '' } = error;
  const expected = `expected an answer from the API server ${server.origin}, got ${error.message}`;
  if (certificateCode.test(code)) {
    return new ApiError('certificate', `${expected} (${code}); ${certificateHint(code)}`, error);
  }
  if (error instanceof SlowError) {
    return new ApiError('timeout', `${expected}; check the network between here and there`, error);
  }
  const Kind = reused && code === 'ECONNRESET' ? ReusedError : ApiError;
  return new Kind('unreachable', `${expected}; check that it runs and that its address is right`, error);
}

function certificateHint(code: string): string {
  return code.includes('ALERT')
    ? 'the server does not accept the client certificate: renew it'
    : 'check certificate-authority, the host in the server address, and tls-server-name';
}
