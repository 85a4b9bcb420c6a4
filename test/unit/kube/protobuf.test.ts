import { expect } from 'chai';
import { jsonOfProtobuf } from '../../kube/protobuf.ts';

/** A field with a length: number, then bytes, as the wire has them. */
function field(number: number, ...parts: readonly (string | Buffer)[]): Buffer {
  const value = Buffer.concat(parts.map((part) => Buffer.from(part)));
  const length = value.length < 128 ? [value.length] : [(value.length & 127) | 128, value.length >> 7];
  return Buffer.concat([Buffer.from([(number << 3) | 2, ...length]), value]);
}

function body(kind: string, ...fields: readonly Buffer[]): Buffer {
  const type = field(1, field(1, 'v1'), field(2, kind));
  return Buffer.concat([Buffer.from('k8s\0'), type, field(2, ...fields), field(3, ''), field(4, '')]);
}

function read(bytes: Buffer): unknown {
  return JSON.parse(jsonOfProtobuf(bytes));
}

describe('a body in protobuf', () => {
  it('is read as the Secret that it is', () => {
    const long = 'x'.repeat(300);
    const label = (name: string, value: string): Buffer => field(11, field(1, name), field(2, value));
    const metadata = field(1, field(1, 'a'), field(3, 'b'), label('owner', 'helm'), label('name', 'c'));
    const secret = body(
      'Secret',
      metadata,
      field(2, field(1, 'release'), field(2, long)),
      field(2, field(1, 'empty')),
      field(3, 'helm.sh/release.v1'),
      Buffer.from([(5 << 3) | 0, 1]),
    );
    expect(read(secret)).to.deep.equal({
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name: 'a', namespace: 'b', labels: { owner: 'helm', name: 'c' } },
      data: { release: Buffer.from(long).toString('base64'), empty: '' },
      type: 'helm.sh/release.v1',
      immutable: true,
    });
  });

  it('is read as the options of a removal', () => {
    const grace = Buffer.from([1 << 3, 0xac, 0x02]);
    expect(read(body('DeleteOptions', grace, field(2, field(1, 'uid-1'))))).to.deep.equal({
      apiVersion: 'v1',
      kind: 'DeleteOptions',
      gracePeriodSeconds: 300,
      preconditions: { uid: 'uid-1' },
    });
  });

  it('is refused where it is another, or none', () => {
    const refusals: readonly (readonly [bytes: Buffer, message: RegExp])[] = [
      [Buffer.from('{}'), /no protobuf/],
      [body('Pod'), /expected protobuf of Secret or DeleteOptions/],
      [body('Secret', Buffer.from([(1 << 3) | 5, 0, 0, 0, 0])), /got the wire type 5/],
      [body('Secret', Buffer.from([0x80])), /in the middle of a number/],
    ];
    for (const [bytes, message] of refusals) expect(() => jsonOfProtobuf(bytes)).to.throw(message);
  });
});
