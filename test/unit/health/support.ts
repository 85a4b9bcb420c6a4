import { createServer, type IncomingHttpHeaders, request, type Server } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { text } from 'node:stream/consumers';

/** What a server answered. */
export interface Answered {
  readonly status: number | undefined;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** Asks a server on loopback. Rejects where there is none. */
export function ask(
  port: number,
  path = '/',
  { method = 'GET', host = '127.0.0.1', body = '' } = {},
): Promise<Answered> {
  return new Promise((resolve, reject) => {
    const asking = request({ host, port, path, method, agent: false }, (response) => {
      const { statusCode: status, headers } = response;
      text(response).then((got) => {
        resolve({ status, headers, body: got });
      }, reject);
    });
    asking.on('error', reject).end(body);
  });
}

/** A connection to a server on loopback, with everything that came over it. */
export interface Conversation {
  readonly socket: Socket;
  /** Resolves with everything that came when the server has closed it. */
  readonly ended: Promise<string>;
}

/** Connects and sends something, such as half a request. */
export async function converse(port: number, sent: string): Promise<Conversation> {
  const socket = connect(port, '127.0.0.1');
  let got = '';
  const ended = new Promise<string>((resolve) => {
    // A server that closes at once may reset: that is an end as well.
    socket
      .on('error', () => undefined)
      .on('close', () => {
        resolve(got);
      });
  });
  socket.setEncoding('utf8').on('data', (part: string) => {
    got += part;
  });
  await new Promise((resolve) => socket.once('connect', resolve));
  socket.write(sent);
  return { socket, ended };
}

/** Waits until something is so; the test's own time limit ends the wait. */
export async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((resolve) => setTimeout(resolve, 5));
}

/** Ports of loopback that were free a moment ago. */
export async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(Array.from({ length: count }, () => occupied(0)));
  const ports = servers.map((server) => (server.address() as AddressInfo).port);
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}

/** Somebody else's server at a port of loopback; with 0 the kernel chooses one. */
export function occupied(port: number): Promise<Server> {
  const server = createServer();
  return new Promise((resolve) => {
    server.listen(port, '127.0.0.1', () => {
      resolve(server);
    });
  });
}
