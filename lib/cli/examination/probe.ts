import { connect } from 'node:net';
import type { Answer } from '../../doctor/examined-node.ts';

/** Milliseconds that an endpoint is waited for. */
const patience = 1000;

/** Opens a TCP connection and closes it at once. Never rejects. */
export function probe(address: string, port: number): Promise<Answer> {
  return new Promise((resolve) => {
    const socket = connect({ host: address, port, autoSelectFamily: false });
    const end = (answer: Answer): void => {
      socket.destroy();
      resolve(answer);
    };
    socket
      .setTimeout(patience)
      .once('connect', () => {
        end('connected');
      })
      .once('timeout', () => {
        end('silent');
      })
      .once('error', ({ code }: NodeJS.ErrnoException) => {
        end(
          code === 'ECONNREFUSED' || code === 'ECONNRESET'
            ? 'refused'
            : code === 'ETIMEDOUT'
              ? 'silent'
              : 'unreachable',
        );
      });
  });
}
