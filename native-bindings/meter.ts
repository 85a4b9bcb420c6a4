import { littleEndianHost as host } from './byte-order.ts';
import type { Transport } from './socket.ts';

/** Bytes of `struct nlmsghdr`, and what messages are aligned to. */
const header = 16;
const alignment = 4;

/** What went one way. */
export interface Counted {
  messages: number;
  bytes: number;
}

/** Counts what goes through the transports that it is given to. */
export class Meter {
  readonly sent: Counted = { messages: 0, bytes: 0 };
  readonly received: Counted = { messages: 0, bytes: 0 };
}

/** A transport that counts, with a meter, what goes through another. */
export class MeteredTransport implements Transport {
  readonly #inner: Transport;
  readonly #meter: Meter;

  constructor(inner: Transport, meter: Meter) {
    this.#inner = inner;
    this.#meter = meter;
  }

  get receiveBuffer(): number {
    return this.#inner.receiveBuffer;
  }

  send(messages: Uint8Array): void {
    count(this.#meter.sent, messages, messages.length);
    this.#inner.send(messages);
  }

  receive(into: Buffer): number | undefined {
    const length = this.#inner.receive(into);
    if (length !== undefined) count(this.#meter.received, into, length);
    return length;
  }

  close(): void {
    this.#inner.close();
  }
}

/** Messages that lie one behind the other. What is no message ends the count: who reads it tells of it. */
function count(counted: Counted, bytes: Uint8Array, length: number): void {
  counted.bytes += length;
  const view = new DataView(bytes.buffer, bytes.byteOffset, length);
  for (let at = 0; at + header <= length;) {
    const size = view.getUint32(at, host);
    if (size < header) return;
    counted.messages += 1;
    at += Math.ceil(size / alignment) * alignment;
  }
}
