import type { RequestListener } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import type { SecureContextOptions } from 'node:tls';

/** Something that listens on a port until it is closed. */
export interface Listener {
  readonly port: number;
  /** Ends every connection at once. */
  drop(): void;
  /** Meets new connections with another certificate. */
  renew(context: SecureContextOptions): void;
  /** Ends every connection and listens no more. */
  close(): Promise<void>;
}

/** Listens for HTTPS. */
export async function listen(
  address: string,
  port: number,
  context: SecureContextOptions,
  serve: RequestListener,
): Promise<Listener> {
  const asksForCertificate = { requestCert: true, rejectUnauthorized: false };
  const server = createHttpsServer({ ...context, ...asksForCertificate }, serve);
  // A watch whose connection is slow is no attack.
  server.requestTimeout = 0;
  return await listenerOf(server, address, port, (next) => {
    server.setSecureContext(next);
  });
}

/** Accepts connections and never says a word on them: what a machine in trouble looks like from outside. */
export async function listenSilently(address: string, port: number): Promise<Listener> {
  return await listenerOf(createServer(), address, port, () => undefined);
}

async function listenerOf(
  server: Server,
  address: string,
  port: number,
  renew: Listener['renew'],
): Promise<Listener> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined).once('close', () => sockets.delete(socket));
  });
  const drop = (): void => {
    for (const socket of sockets) socket.destroy();
  };
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(port, address, resolve);
  });
  return {
    port: (server.address() as AddressInfo).port,
    drop,
    renew,
    close: async () => {
      const closed = new Promise((resolve) => server.close(resolve));
      drop();
      await closed;
    },
  };
}
