import { expect } from 'chai';
import { Meter, MeteredTransport } from '../../../native-bindings/meter.ts';
import type { Transport } from '../../../native-bindings/socket.ts';

/** Messages of these sizes, one behind the other and aligned. */
function messages(...sizes: readonly number[]): Buffer {
  return Buffer.concat(
    sizes.map((size) => {
      const message = Buffer.alloc(Math.ceil(size / 4) * 4);
      new Uint32Array(message.buffer, message.byteOffset, 1)[0] = size;
      return message;
    }),
  );
}

/** Hands out datagrams, and takes everything. */
function transport(...datagrams: readonly Buffer[]): Transport {
  const left = [...datagrams];
  return {
    receiveBuffer: 4711,
    send: () => undefined,
    receive: (into) => {
      const next = left.shift();
      next?.copy(into);
      return next?.length;
    },
    close: () => undefined,
  };
}

describe('the meter of a netlink transport', () => {
  it('counts the messages and bytes of each direction', () => {
    const meter = new Meter();
    const metered = new MeteredTransport(transport(messages(20, 33), messages(16)), meter);
    metered.send(messages(16, 17, 40));
    metered.send(messages(16));
    const room = Buffer.alloc(4096);
    while (metered.receive(room) !== undefined);
    expect(meter).to.deep.include({
      sent: { messages: 4, bytes: 16 + 20 + 40 + 16 },
      received: { messages: 3, bytes: 20 + 36 + 16 },
    });
    expect(metered.receiveBuffer).to.equal(4711);
  });

  it('ends where a message has no length, and counts the bytes all the same', () => {
    const meter = new Meter();
    new MeteredTransport(transport(), meter).send(Buffer.alloc(64));
    expect(meter.sent).to.deep.equal({ messages: 0, bytes: 64 });
  });
});
