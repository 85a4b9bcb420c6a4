import { NetlinkSocket, protocols, type Transport } from '../../native-bindings/socket.ts';

/** A socket to the kernel that counts what is sent and, if asked to, keeps it for a replay. */
export class RecordingTransport implements Transport {
  readonly sent: Buffer[] = [];
  readonly #socket: NetlinkSocket;
  readonly #keeps: boolean;
  writes = 0;
  reads = 0;
  bytes = 0;

  constructor(keeps: boolean) {
    this.#socket = new NetlinkSocket({ protocol: protocols.generic });
    this.#keeps = keeps;
  }

  get receiveBuffer(): number {
    return this.#socket.receiveBuffer;
  }

  send(messages: Uint8Array): void {
    this.writes += 1;
    this.bytes += messages.byteLength;
    if (this.#keeps) this.sent.push(Buffer.from(messages));
    this.#socket.send(messages);
  }

  receive(into: Buffer): number | undefined {
    this.reads += 1;
    return this.#socket.receive(into);
  }

  close(): void {
    this.#socket.close();
  }

  /** Forgets what was counted and kept. */
  reset(): void {
    this.sent.length = 0;
    this.writes = 0;
    this.reads = 0;
    this.bytes = 0;
  }
}

/**
 * Sends again what was recorded and reads the replies without looking into them: what the kernel alone takes. A write is
 * over when a read finds nothing more, as it is for whoever reads the replies.
 */
export function replay(sent: readonly Buffer[], into: Buffer): void {
  const socket = new NetlinkSocket({ protocol: protocols.generic });
  try {
    for (const messages of sent) {
      socket.send(messages);
      while (socket.receive(into) !== undefined);
    }
  } finally {
    socket.close();
  }
}
