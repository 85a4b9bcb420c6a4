import { expect } from 'chai';
import fc from 'fast-check';
import { addressBytes, addressText } from '../../../native-bindings/address.ts';
import { NetlinkError } from '../../../native-bindings/error.ts';

describe('an address', () => {
  it('of four bytes is read as it was written', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 4, maxLength: 4 }), (bytes) => {
        expect(addressBytes(addressText(bytes))).to.deep.equal(bytes);
      }),
    );
  });

  it('of sixteen bytes is read as it was written', () => {
    const octet = fc.oneof({ weight: 3, arbitrary: fc.constant(0) }, fc.nat(255));
    fc.assert(
      fc.property(fc.array(octet, { minLength: 16, maxLength: 16 }), (octets) => {
        const bytes = Uint8Array.from(octets);
        expect(addressBytes(addressText(bytes))).to.deep.equal(bytes);
      }),
    );
  });

  it('of IPv6 has the text that the URL standard gives it, IPv4-mapped ones aside', () => {
    const group = fc.oneof({ weight: 2, arbitrary: fc.constant(0) }, fc.nat(0xffff));
    fc.assert(
      fc.property(fc.array(group, { minLength: 8, maxLength: 8 }), (groups) => {
        fc.pre(groups[5] !== 0xffff);
        const bytes = Uint8Array.from(groups.flatMap((value) => [value >> 8, value & 255]));
        const url = new URL(`http://[${groups.map((value) => value.toString(16)).join(':')}]/`);
        expect(`[${addressText(bytes)}]`).to.equal(url.hostname);
      }),
    );
  });

  for (const [text, canonical] of [
    ['FD00:0010::00B4', 'fd00:10::b4'],
    ['2001:db8:0:0:1:0:0:1', '2001:db8::1:0:0:1'],
    ['2001:db8:0:1:1:1:1:1', '2001:db8:0:1:1:1:1:1'],
    ['::ffff:10.0.0.1', '::ffff:10.0.0.1'],
    ['64:ff9b::10.0.0.1', '64:ff9b::a00:1'],
    ['1:2:3:4:5:6:7::', '1:2:3:4:5:6:7:0'],
    ['::', '::'],
    ['255.255.255.255', '255.255.255.255'],
  ] as const) {
    it(`reads ${text} as ${canonical}`, () => {
      expect(addressText(addressBytes(text))).to.equal(canonical);
    });
  }

  for (const text of [
    '',
    '1',
    '1.2.3',
    '1.2.3.4.5',
    '1.2.3.4.',
    '.1.2.3.4',
    '1..2.3',
    '256.1.1.1',
    '01.2.3.4',
    '1.2.3.4 ',
    ' 1.2.3.4',
    '1.2.3.0x4',
    '1.2.3.-4',
    '1.2.3.1000',
    ':',
    ':::',
    '1::2::3',
    '1:2:3:4:5:6:7',
    '1:2:3:4:5:6:7:8:9',
    '::1:2:3:4:5:6:7:8',
    '12345::',
    'g::',
    '::1%eth0',
    '[::1]',
    '1.2.3.4::',
    '::1.2.3.4:1',
    '::256.1.1.1',
    ':1:2:3:4:5:6:7',
    '1:2:3:4:5:6:7:',
  ]) {
    it(`refuses ${JSON.stringify(text)}`, () => {
      expect(() => addressBytes(text))
        .to.throw(NetlinkError, `got ${JSON.stringify(text)}`)
        .with.property('code', 'invalid-argument');
    });
  }

  it('never makes an exception of another kind, whatever the text', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.ipV4(), fc.ipV6(), fc.stringMatching(/^[0-9a-f:.]*$/)), (text) => {
        try {
          addressText(addressBytes(text));
        } catch (error) {
          expect(error).to.be.instanceOf(NetlinkError);
        }
      }),
    );
  });

  it('of another length than 4 and 16 is no address', () => {
    expect(() => addressText(new Uint8Array(5)))
      .to.throw(NetlinkError)
      .with.property('code', 'malformed');
  });
});
