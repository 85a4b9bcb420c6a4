import { expect } from 'chai';
import fc from 'fast-check';
import { ByteWriter, frameOf } from '../../../native-bindings/byte-writer.ts';
import { NetlinkError } from '../../../native-bindings/error.ts';
import {
  forEachMessage,
  messageFlags,
  readMessage,
  type Request,
  writeRequest,
} from '../../../native-bindings/message.ts';
import { formatMessages } from '../../../native-bindings/trace.ts';
import {
  netfilterCommand,
  netfilterFamily,
  netfilterSubsystems,
  netfilterType,
  writeNetfilterHeader,
} from '../../../native-bindings/nfnetlink.ts';
import { message, written } from './scripted-kernel.ts';

function request(body: Uint8Array): Request {
  return {
    operation: 'try',
    type: 0x1c,
    flags: messageFlags.create,
    write(writer) {
      const at = writer.reserve(body.length);
      writer.bytes.set(body, at);
    },
  };
}

describe('a message', () => {
  it('has the header of linux/netlink.h: length, type, flags, sequence, port', () => {
    const writer = new ByteWriter();
    writeRequest(writer, request(Buffer.from('aabbcc', 'hex')), messageFlags.acknowledge, 7);
    expect(writer.copy().toString('hex')).to.equal(
      '13000000' + '1c00' + '0504' + '07000000' + '00000000' + 'aabbcc00',
    );
  });

  it('is read as it was written, and so is a row of them', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 50 })), (bodies) => {
        const writer = new ByteWriter(16);
        bodies.forEach((body, index) => {
          writeRequest(writer, request(body), 0, index + 1);
        });
        const seen: [number, string][] = [];
        forEachMessage(writer, 0, writer.length, ({ sequence, payload, end }) => {
          seen.push([sequence, writer.bytes.toString('hex', payload, end)]);
        });
        expect(seen).to.deep.equal(
          bodies.map((body, index) => [index + 1, Buffer.from(body).toString('hex')]),
        );
      }),
    );
  });

  it('that cannot be encoded is taken back whole and named', () => {
    const writer = new ByteWriter();
    writeRequest(writer, request(Buffer.alloc(4)), 0, 1);
    const before = writer.copy();
    const wrong: Request = {
      operation: 'add thing',
      type: 1,
      write(into) {
        into.reserve(100);
        throw new NetlinkError({
          code: 'invalid-argument',
          operation: 'encode message',
          message: 'expected x, got y',
        });
      },
    };
    expect(() => writeRequest(writer, wrong, 0, 2))
      .to.throw(NetlinkError, 'add thing: expected x, got y')
      .with.property('operation', 'add thing');
    expect(writer.copy()).to.deep.equal(before);
  });

  it('that is longer than what arrived is truncated', () => {
    const bytes = message(3, 1, Buffer.alloc(100)).subarray(0, 50);
    expect(() => readMessage(frameOf(bytes), 0, 50))
      .to.throw(NetlinkError, 'expected a message of 116 bytes, got 50')
      .with.property('code', 'truncated');
  });

  it('shorter than a header is malformed', () => {
    expect(() => readMessage(frameOf(Buffer.alloc(15)), 0, 15))
      .to.throw(NetlinkError)
      .with.property('code', 'malformed');
    expect(() => readMessage(frameOf(Buffer.alloc(16)), 0, 16)).to.throw(
      NetlinkError,
      'at least 16 bytes, got 0',
    );
  });

  it('of any bytes is read or refused, and can be traced', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => {
        const frame = frameOf(bytes);
        expect(formatMessages('<', frame, 0, bytes.length)).to.be.a('string');
        try {
          forEachMessage(frame, 0, bytes.length, () => undefined);
        } catch (error) {
          expect(error).to.be.instanceOf(NetlinkError);
        }
      }),
    );
  });

  it('may be longer than the writer’s first memory, and not than any sense', () => {
    const writer = new ByteWriter(16);
    writeRequest(writer, request(Buffer.alloc(100_000, 1)), 0, 1);
    expect(readMessage(writer, 0, writer.length).end).to.equal(100_016);
    expect(() => writer.reserve(2 ** 29)).to.throw(NetlinkError, 'send them in parts');
  });
});

describe('a netfilter message', () => {
  it('has nfgenmsg: family, version and the resource in network order', () => {
    expect(
      written((writer) => {
        writeNetfilterHeader(writer, 10, 0x0102);
      }).toString('hex'),
    ).to.equal('0a000102');
  });

  it('tells subsystem and command in its type, and the family in its header', () => {
    const type = netfilterType(netfilterSubsystems.ipset, 9);
    expect(type).to.equal(0x0609);
    expect(netfilterCommand(type)).to.equal(9);
    const frame = frameOf(message(type, 1, Buffer.from('0a000000', 'hex')));
    expect(netfilterFamily(frame, readMessage(frame, 0, 20))).to.equal(10);
  });

  it('without nfgenmsg is malformed', () => {
    const frame = frameOf(message(0x0609, 1, Buffer.alloc(3)));
    expect(() => netfilterFamily(frame, readMessage(frame, 0, 20))).to.throw(NetlinkError, 'got 3');
  });
});
