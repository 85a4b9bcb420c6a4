import { expect } from 'chai';
import fc from 'fast-check';
import { Connection } from '../../../native-bindings/connection.ts';
import {
  isAlreadyExists,
  isNotFound,
  isOutcomeUnknown,
  isPermissionDenied,
  NetlinkError,
} from '../../../native-bindings/error.ts';
import { type Message, messageFlags, type Request } from '../../../native-bindings/message.ts';
import type { Frame } from '../../../native-bindings/byte-writer.ts';
import { acknowledgementAttributes } from '../../../native-bindings/acknowledgement.ts';
import { type Answer, done, message, obedient, outcome, ScriptedKernel, written } from './scripted-kernel.ts';

const thingType = 0x20;
const request: Request = {
  operation: 'do thing',
  type: thingType,
  write: (writer) => void writer.reserve(4),
};
const firstByte = (frame: Frame, { payload }: Message): number => frame.view.getUint8(payload);

function thing(sequence: number, value: number, flags: number = messageFlags.multi): Buffer {
  return message(thingType, sequence, Buffer.from([value]), flags);
}

function connected(answer: Answer): Connection {
  return new Connection(new ScriptedKernel(answer));
}

function failure(operation: () => unknown): NetlinkError {
  try {
    operation();
  } catch (error) {
    if (error instanceof NetlinkError) return error;
    throw error;
  }
  throw new Error('expected a NetlinkError, got none');
}

const overrun = new NetlinkError({ code: 'overrun', operation: 'receive', errno: 105 });

describe('a request', () => {
  it('is done when the kernel acknowledges it', () => {
    const kernel = new ScriptedKernel(obedient);
    new Connection(kernel).execute(request);
    expect(
      kernel.writes.flat().map(({ type, flags, sequence }) => ({ type, flags, sequence })),
    ).to.deep.equal([
      { type: thingType, flags: messageFlags.request | messageFlags.acknowledge, sequence: 1 },
    ]);
  });

  it('that is refused tells errno, operation, the kernel’s text and where', () => {
    const said = written((writer) => {
      acknowledgementAttributes.encode(writer, { message: 'Unknown thing', offset: 20 });
    });
    const error = failure(() => {
      connected(([got]) => [outcome(got!.sequence, 17, said)]).execute(request);
    });
    expect(error).to.include({
      code: 'EEXIST',
      errno: 17,
      operation: 'do thing',
      kernelText: 'Unknown thing',
      offset: 20,
      sequence: 1,
      message: 'do thing: EEXIST (file already exists); the kernel says: Unknown thing',
    });
  });

  it('that is refused by a kernel that repeats it tells the text all the same', () => {
    const said = written((writer) => {
      acknowledgementAttributes.encode(writer, { message: 'No' });
    });
    const error = failure(() => {
      connected(([got]) => {
        const errno = Buffer.from('feffffff', 'hex');
        return [message(2, got!.sequence, Buffer.concat([errno, got!.bytes, said]), messageFlags.extended)];
      }).execute(request);
    });
    expect(error).to.include({ code: 'ENOENT', kernelText: 'No' });
  });

  it('that lacks an attribute is told which', () => {
    const said = written((writer) => {
      acknowledgementAttributes.encode(writer, { missingType: 3 });
    });
    const error = failure(() => {
      connected(([got]) => [outcome(got!.sequence, 22, said)]).execute(request);
    });
    expect(error.kernelText).to.equal('attribute 3 is missing');
  });

  it('that is refused with text that cannot be read keeps its errno', () => {
    const error = failure(() => {
      connected(([got]) => [outcome(got!.sequence, 22, Buffer.from('ff000100', 'hex'))]).execute(request);
    });
    expect(error).to.include({ code: 'EINVAL', kernelText: undefined });
  });

  it('gives what its replies decode to', () => {
    const connection = connected(([got]) => [thing(got!.sequence, 5), outcome(got!.sequence)]);
    expect(connection.request(request, firstByte)).to.deep.equal([5]);
  });

  it('takes no notice of what was left over from another', () => {
    const connection = connected(([got]) => [
      Buffer.concat([thing(got!.sequence - 1, 1), outcome(got!.sequence - 1, 1)]),
      thing(0, 2),
      Buffer.concat([thing(got!.sequence, 3), outcome(got!.sequence)]),
    ]);
    expect(connection.request(request, firstByte)).to.deep.equal([3]);
  });

  it('without a reply is an error and never waited for', () => {
    const error = failure(() => {
      connected(() => []).execute(request);
    });
    expect(error).to.include({ code: 'reply-lost', operation: 'do thing' });
    expect(isOutcomeUnknown(error)).to.equal(true);
  });

  it('whose reply was dropped is an overrun, and the next one starts clean', () => {
    let first = true;
    const connection = connected(([got]) => {
      const answer = first
        ? [overrun, thing(got!.sequence, 1), outcome(got!.sequence)]
        : [outcome(got!.sequence)];
      first = false;
      return answer;
    });
    expect(
      failure(() => {
        connection.execute(request);
      }).code,
    ).to.equal('overrun');
    connection.execute(request);
  });

  it('answered by NLMSG_OVERRUN is an overrun', () => {
    const error = failure(() => {
      connected(([got]) => [message(4, got!.sequence)]).execute(request);
    });
    expect(error.code).to.equal('overrun');
  });

  it('answered by half a message is truncated', () => {
    const error = failure(() => {
      connected(([got]) => [outcome(got!.sequence).subarray(0, 20)]).execute(request);
    });
    expect(error.code).to.equal('truncated');
  });

  it('answered by an error without errno is malformed', () => {
    const error = failure(() => {
      connected(([got]) => [message(2, got!.sequence)]).execute(request);
    });
    expect(error.code).to.equal('malformed');
  });

  it('answered by any bytes ends, with a NetlinkError if at all', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 80 }), { maxLength: 6 }), (datagrams) => {
        for (const run of [
          (connection: Connection) => connection.request(request, firstByte),
          (connection: Connection) => connection.dump(request, firstByte),
        ]) {
          try {
            run(connected(() => datagrams.map((bytes) => Buffer.from(bytes))));
          } catch (error) {
            expect(error).to.be.instanceOf(NetlinkError);
          }
        }
      }),
    );
  });

  it('closes its transport with the connection', () => {
    const kernel = new ScriptedKernel(obedient);
    new Connection(kernel).close();
    expect(kernel.closed).to.equal(true);
  });
});

describe('a dump', () => {
  it('is read to its end over many datagrams', () => {
    const connection = connected(([got]) => [
      Buffer.concat([thing(got!.sequence, 1), thing(got!.sequence, 2)]),
      thing(got!.sequence, 3),
      done(got!.sequence),
    ]);
    expect(connection.dump(request, firstByte)).to.deep.equal([1, 2, 3]);
  });

  it('may be empty, and pass replies over', () => {
    expect(connected(([got]) => [done(got!.sequence)]).dump(request, firstByte)).to.deep.equal([]);
    const connection = connected(([got]) => [thing(got!.sequence, 1), done(got!.sequence)]);
    expect(connection.dump(request, () => undefined)).to.deep.equal([]);
  });

  it('may end without an errno, as before Linux 4.13', () => {
    expect(connected(([got]) => [message(3, got!.sequence)]).dump(request, firstByte)).to.deep.equal([]);
  });

  it('that ends with an errno is refused', () => {
    const error = failure(() => connected(([got]) => [done(got!.sequence, 19)]).dump(request, firstByte));
    expect(error).to.include({ code: 'ENODEV', operation: 'do thing' });
  });

  it('that was interrupted is begun again', () => {
    let tries = 0;
    const connection = connected(([got]) => {
      tries += 1;
      const flags = messageFlags.multi | (tries < 3 ? messageFlags.dumpInterrupted : 0);
      return [thing(got!.sequence, tries), done(got!.sequence, 0, flags)];
    });
    expect(connection.dump(request, firstByte)).to.deep.equal([3]);
  });

  it('that is interrupted every time is given up', () => {
    let tries = 0;
    const connection = connected(([got]) => {
      tries += 1;
      return [
        thing(got!.sequence, 1, messageFlags.multi | messageFlags.dumpInterrupted),
        done(got!.sequence),
      ];
    });
    expect(failure(() => connection.dump(request, firstByte)).code).to.equal('dump-interrupted');
    expect(tries).to.equal(5);
  });
});

describe('a batch', () => {
  it('asks for one acknowledgement, of its last request, in one write', () => {
    const kernel = new ScriptedKernel(obedient);
    const batch = new Connection(kernel).batch();
    for (let count = 0; count < 10; count += 1) batch.add(request);
    expect(batch).to.include({ size: 10, bytes: 200 });
    expect(batch.run()).to.deep.equal(Array(10).fill(undefined));
    expect(kernel.writes).to.have.length(1);
    expect(kernel.writes[0]!.map(({ flags }) => flags & messageFlags.acknowledge)).to.deep.equal([
      ...Array<number>(9).fill(0),
      messageFlags.acknowledge,
    ]);
    expect(batch).to.include({ size: 0, bytes: 0 });
  });

  it('knows the result of each request, whichever fail', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom(0, 2, 3, 17), { minLength: 1, maxLength: 40 }), (errnos) => {
        const kernel = new ScriptedKernel((requests) =>
          requests.flatMap((got, index) => {
            const errno = errnos[index] ?? 0;
            const replies = errno !== 0 || (got.flags & messageFlags.acknowledge) !== 0;
            return replies ? [outcome(got.sequence, errno)] : [];
          }),
        );
        const batch = new Connection(kernel).batch();
        errnos.forEach((_, index) => {
          batch.add({ ...request, operation: `do ${index}` });
        });
        const outcomes = batch.run();
        expect(outcomes.map((result) => result?.errno ?? 0)).to.deep.equal(errnos);
        outcomes.forEach((result, index) => {
          expect(result?.operation ?? `do ${index}`).to.equal(`do ${index}`);
        });
      }),
    );
  });

  it('is cut so that every reply fits the receive buffer', () => {
    const kernel = new ScriptedKernel(obedient, 8192);
    const batch = new Connection(kernel).batch();
    for (let count = 0; count < 10; count += 1) batch.add(request);
    expect(batch.run()).to.have.length(10);
    expect(kernel.writes.map((write) => write.length)).to.deep.equal([4, 4, 2]);
  });

  it('is cut so that no write is larger than a send buffer', () => {
    const kernel = new ScriptedKernel(obedient);
    const batch = new Connection(kernel).batch();
    for (let count = 0; count < 10; count += 1)
      batch.add({ ...request, write: (writer) => void writer.reserve(50_000) });
    batch.run();
    expect(kernel.writes.map((write) => write.length)).to.deep.equal([2, 2, 2, 2, 2]);
  });

  it('with nothing in it sends nothing', () => {
    const kernel = new ScriptedKernel(obedient);
    expect(new Connection(kernel).batch().run()).to.deep.equal([]);
    expect(kernel.writes).to.deep.equal([]);
  });

  it('whose replies were dropped is an overrun, not a success', () => {
    const connection = connected((requests) => [overrun, ...obedient(requests)]);
    const batch = connection.batch();
    batch.add(request);
    batch.add(request);
    expect(failure(() => batch.run()).code).to.equal('overrun');
    expect(batch.size).to.equal(0);
  });

  it('whose last acknowledgement is missing is an error, not a success', () => {
    const batch = connected(([got]) => [outcome(got!.sequence, 17)]).batch();
    batch.add(request);
    batch.add(request);
    const error = failure(() => batch.run());
    expect(error).to.include({ code: 'reply-lost', operation: 'do thing and 1 more' });
  });

  it('takes no reply for its own that is of another sequence', () => {
    const batch = connected((requests) => [outcome(9999, 1), outcome(0, 1), ...obedient(requests)]).batch();
    batch.add(request);
    batch.add(request);
    expect(batch.run()).to.deep.equal([undefined, undefined]);
  });

  it('names errnos as the family does', () => {
    const kernel = new ScriptedKernel(([got]) => [outcome(got!.sequence, 4103)]);
    const names = (errno: number): string | undefined => (errno === 4103 ? 'SET_FULL' : undefined);
    const batch = new Connection(kernel, { errnoNames: names }).batch();
    batch.add(request);
    expect(batch.run()[0]?.code).to.equal('SET_FULL');
  });
});

describe('an error', () => {
  const of = (code: string): NetlinkError => new NetlinkError({ code, operation: 'try' });

  it('is judged by its code', () => {
    expect([of('ENOENT'), of('ESRCH'), of('ENODEV'), of('EADDRNOTAVAIL')].every(isNotFound)).to.equal(true);
    expect(isNotFound(of('EEXIST'))).to.equal(false);
    expect(isAlreadyExists(of('EEXIST'))).to.equal(true);
    expect(isPermissionDenied(of('EPERM'))).to.equal(true);
    expect(isOutcomeUnknown(of('EINVAL'))).to.equal(false);
    expect(isNotFound(new Error('ENOENT'))).to.equal(false);
  });

  it('keeps its cause', () => {
    const cause = new Error('why');
    expect(new NetlinkError({ code: 'malformed', operation: 'try', cause }).cause).to.equal(cause);
  });
});
