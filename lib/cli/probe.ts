import { createSocket } from 'node:dgram';
import { connect } from 'node:net';
import { familyOf } from '../model/family.ts';
import type { Protocol } from '../model/protocol.ts';

/** What came of a real attempt to reach an address and port from this machine. */
export interface Probed {
  readonly address: string;
  readonly port: number;
  /** Whether somebody accepted a connection; of UDP, whether nobody objected. */
  readonly reached: boolean;
  /** In words. */
  readonly text: string;
}

/** Milliseconds that an attempt may take: long enough for a packet that is sent a second time. */
const patience = 3000;

/** Milliseconds in which a machine objects to a datagram that it does not want. */
const objection = 1000;

/** Opens a connection and closes it, or sends an empty datagram, and tells what came of it. Never rejects. */
export function probe(protocol: Protocol, address: string, port: number): Promise<Probed> {
  switch (protocol) {
    case 'TCP':
      return probeTcp(address, port);
    case 'UDP':
      return probeUdp(address, port);
    case 'SCTP':
      return Promise.resolve({
        address,
        port,
        reached: false,
        text: 'not tried: there is no SCTP to try it with',
      });
  }
}

function probeTcp(address: string, port: number): Promise<Probed> {
  return new Promise((resolve) => {
    const began = performance.now();
    const socket = connect({ host: address, port });
    const end = (reached: boolean, text: string): void => {
      socket.destroy();
      resolve({ address, port, reached, text });
    };
    socket.setTimeout(patience, () => {
      end(false, `no answer within ${patience / 1000} s`);
    });
    socket.on('connect', () => {
      end(true, `connected within ${Math.max(1, Math.round(performance.now() - began))} ms`);
    });
    socket.on('error', (error: NodeJS.ErrnoException) => {
      end(false, errorText(error));
    });
  });
}

function probeUdp(address: string, port: number): Promise<Probed> {
  return new Promise((resolve) => {
    const socket = createSocket(familyOf(address) === 'IPv4' ? 'udp4' : 'udp6');
    const end = (reached: boolean, text: string): void => {
      clearTimeout(timer);
      socket.close();
      resolve({ address, port, reached, text });
    };
    const timer = setTimeout(() => {
      end(true, 'sent a datagram, and nobody objected');
    }, objection);
    socket.on('error', (error: NodeJS.ErrnoException) => {
      end(false, errorText(error));
    });
    socket.connect(port, address, () => {
      socket.send(Buffer.alloc(0));
    });
  });
}

const errorTexts: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'refused: somebody answered that nobody listens there, or a rule did',
  EHOSTUNREACH: 'no way: nobody has that address, or a router said so',
  ENETUNREACH: 'no way: there is no route',
  EPERM: 'a rule of this node did not let it out',
  ECONNRESET: 'reset',
};

function errorText({ code = '', message }: NodeJS.ErrnoException): string {
  return `${errorTexts[code] ?? message} (${code})`;
}
