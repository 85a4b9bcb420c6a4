import { type ClientRequest, request as httpRequest } from 'node:http';
import { Agent, type AgentOptions, request as httpsRequest } from 'node:https';
import type { Duplex } from 'node:stream';
import { ApiError } from './api.ts';

/** What an agent hands to `createConnection`. */
type ConnectionOptions = Parameters<Agent['createConnection']>[0];
type Connected = NonNullable<Parameters<Agent['createConnection']>[1]>;

/** Milliseconds for a proxy to open a tunnel. */
const tunnelTimeout = 15_000;

/** Reaches servers through an HTTP proxy, by CONNECT (RFC 9110, 9.3.6): TLS is spoken with the server, not the proxy. */
export class TunnelAgent extends Agent {
  readonly #proxy: URL;

  constructor(proxy: URL, options: AgentOptions) {
    super(options);
    this.#proxy = proxy;
  }

  override createConnection(options: ConnectionOptions, connected: Connected): undefined {
    const to = `${bracketed(String(options.host))}:${options.port ?? 443}`;
    openTunnel(this.#proxy, to, (error, socket) => {
      if (error !== undefined) {
        // The callback's type has a stream in every case; Node passes none with an error.
        connected(error, undefined as never);
        return;
      }
      const tls = super.createConnection({ ...options, socket } as ConnectionOptions);
      if (tls) connected(null, tls);
    });
    return undefined;
  }
}

function openTunnel(proxy: URL, to: string, done: (error: Error | undefined, socket?: Duplex) => void): void {
  const request = connectRequest(proxy, to);
  let over = false;
  const finish = (error: Error | undefined, socket?: Duplex): void => {
    if (over) return;
    over = true;
    done(error, socket);
  };
  request.once('connect', (response, socket) => {
    if (response.statusCode === 200) {
      finish(undefined, socket);
    } else {
      socket.destroy();
      finish(refused(proxy, to, `status ${response.statusCode ?? 0}`));
    }
  });
  request.once('response', (response) => {
    response.destroy();
    finish(refused(proxy, to, `status ${response.statusCode ?? 0}`));
  });
  request.on('error', (error) => {
    finish(refused(proxy, to, error.message));
  });
  request.setTimeout(tunnelTimeout, () => {
    request.destroy(new Error(`nothing for ${tunnelTimeout / 1000} s`));
  });
  request.end();
}

function connectRequest(proxy: URL, to: string): ClientRequest {
  const { username, password } = proxy;
  const basic = Buffer.from(`${decodeURIComponent(username)}:${decodeURIComponent(password)}`).toString(
    'base64',
  );
  const make = proxy.protocol === 'https:' ? httpsRequest : httpRequest;
  return make({
    host: proxy.hostname.replace(/^\[|\]$/g, ''),
    port: proxy.port === '' ? undefined : proxy.port,
    method: 'CONNECT',
    path: to,
    agent: false,
    headers: { host: to, ...(username !== '' && { 'proxy-authorization': `Basic ${basic}` }) },
  });
}

function refused(proxy: URL, to: string, got: string): ApiError {
  return new ApiError(
    'proxy',
    `expected a tunnel to ${to} through the proxy ${proxy.host}, got ${got}; check proxy-url and what the proxy allows`,
  );
}

function bracketed(host: string): string {
  return host.includes(':') ? `[${host}]` : host;
}
