import { expect } from 'chai';
import fc from 'fast-check';
import { acknowledgementAttributes } from '../../../native-bindings/acknowledgement.ts';
import { AttributeReader } from '../../../native-bindings/attribute-reader.ts';
import {
  address,
  type AttributeType,
  bytes,
  count64,
  flag,
  ignored,
  inNetworkOrder,
  s32,
  text,
  u16,
  u16be,
  u32,
  u32be,
  u64,
  u64be,
  u8,
} from '../../../native-bindings/attribute-types.ts';
import {
  type AttributeSpec,
  type AttributeTable,
  attributes,
  list,
  nested,
} from '../../../native-bindings/attributes.ts';
import { frameOf } from '../../../native-bindings/byte-writer.ts';
import { NetlinkError } from '../../../native-bindings/error.ts';
import { controllerAttributes } from '../../../native-bindings/generic.ts';
import { ipvsCommandAttributes, ipvsInfoAttributes } from '../../../native-bindings/ipvs-attributes.ts';
import { interfaceAddressAttributes, linkAttributes } from '../../../native-bindings/route-attributes.ts';
import { formatAttributes } from '../../../native-bindings/trace.ts';
import { written } from './scripted-kernel.ts';

const inner = attributes({ port: [1, u16be], name: [2, text] });
const everyType = attributes({
  u8: [1, u8],
  u16: [2, u16],
  u16be: [3, u16be],
  u32: [4, u32],
  u32be: [5, u32be],
  s32: [6, s32],
  count64: [7, count64],
  u64: [8, u64],
  u64be: [9, u64be],
  text: [10, text],
  flag: [11, flag],
  bytes: [12, bytes(2, 9)],
  address: [13, address],
  ignored: [14, ignored],
  nested: [15, nested(inner)],
  list: [16, list(nested(inner), 7)],
  marked: [17, inNetworkOrder(u16be)],
});

/** By the name of the type. */
const numbers: Readonly<Record<string, fc.Arbitrary<unknown>>> = {
  u8: fc.nat(0xff),
  u16: fc.nat(0xffff),
  'u16 in network order': fc.nat(0xffff),
  u32: fc.nat(0xffffffff),
  'u32 in network order': fc.nat(0xffffffff),
  s32: fc.integer(),
  count64: fc.maxSafeNat(),
  u64: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
  'u64 in network order': fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
  flag: fc.constant(true),
  ignored: fc.constant(undefined),
  'struct ip_vs_flags': fc.nat(0xffffffff),
  'zero-terminated text': fc.string({ unit: 'grapheme' }).filter((value) => !value.includes('\0')),
  'IP address': fc.oneof(
    fc.ipV4(),
    fc
      .array(fc.integer({ min: 1, max: 0xfffe }), { minLength: 8, maxLength: 8 })
      .map((groups) => groups.map((group) => group.toString(16)).join(':')),
  ),
};

function valueOf(type: AttributeType<unknown>): fc.Arbitrary<unknown> {
  if ('table' in type) return valuesOf(type.table as AttributeTable<AttributeSpec>);
  if ('item' in type) return fc.array(valueOf(type.item as AttributeType<unknown>), { maxLength: 3 });
  const known = numbers[type.name];
  if (known !== undefined) return known;
  expect(type.name).to.match(/bytes$/);
  return fc.uint8Array({ minLength: type.minimum, maxLength: Math.min(type.maximum, 40) });
}

function valuesOf(table: AttributeTable<AttributeSpec>): fc.Arbitrary<Record<string, unknown>> {
  const present = table.fields.filter((field) => field.type !== ignored);
  return fc.record(Object.fromEntries(present.map((field) => [field.name, valueOf(field.type)])), {
    requiredKeys: [],
    noNullPrototype: true,
  });
}

const tables: Readonly<Record<string, AttributeTable<AttributeSpec>>> = {
  'every type': everyType,
  acknowledgement: acknowledgementAttributes,
  controller: controllerAttributes,
  'IPVS command': ipvsCommandAttributes,
  'IPVS info': ipvsInfoAttributes,
  link: linkAttributes,
  'interface address': interfaceAddressAttributes,
};

describe('a table of attributes', () => {
  for (const [name, table] of Object.entries(tables)) {
    it(`(${name}) reads what it wrote`, () => {
      fc.assert(
        fc.property(valuesOf(table), (values) => {
          const frame = frameOf(
            written((writer) => {
              table.encode(writer, values);
            }),
          );
          expect(table.decode(frame, 0, frame.bytes.length)).to.deep.equal(values);
          const reader = new AttributeReader(table);
          reader.open(frame, 0, frame.bytes.length);
          for (const { name: attribute } of table.fields) {
            expect(reader.get(attribute)).to.deep.equal(values[attribute]);
          }
        }),
      );
    });

    it(`(${name}) reads damaged bytes or says clearly that they are malformed`, () => {
      const damage = fc.record({ at: fc.nat(), with: fc.nat(0xff), cut: fc.nat() });
      fc.assert(
        fc.property(valuesOf(table), fc.array(damage, { minLength: 1, maxLength: 5 }), (values, damages) => {
          let buffer = written((writer) => {
            table.encode(writer, values);
          });
          for (const hit of damages) {
            if (buffer.length === 0) break;
            buffer[hit.at % buffer.length] = hit.with;
            if (hit.cut % 3 === 0) buffer = buffer.subarray(0, hit.cut % (buffer.length + 1));
          }
          const frame = frameOf(Buffer.from(buffer));
          expect(formatAttributes(table, frame, 0, frame.bytes.length)).to.be.a('string');
          try {
            table.decode(frame, 0, frame.bytes.length);
          } catch (error) {
            expect(error).to.be.instanceOf(NetlinkError).with.property('code', 'malformed');
          }
        }),
      );
    });
  }

  it('numbers every attribute once', () => {
    for (const [name, table] of Object.entries(tables)) {
      const ids = table.fields.map((field) => field.id);
      expect(new Set(ids).size, name).to.equal(ids.length);
    }
  });

  it('writes header, payload and padding as linux/netlink.h has them', () => {
    const table = attributes({ name: [3, text], port: [2, u16be], inner: [4, nested(inner)], on: [5, flag] });
    const got = written((writer) => {
      table.encode(writer, { name: 'lo', port: 80, inner: { port: 1 }, on: true });
    });
    expect(got.toString('hex')).to.equal(
      [
        '07000300' + '6c6f0000',
        '06000200' + '00500000',
        '0c000480' + '06000100' + '00010000',
        '04000500',
      ].join(''),
    );
  });

  it('marks what is in network order where it is told to', () => {
    const got = written((writer) => {
      everyType.encode(writer, { marked: 80 });
    });
    expect(got.toString('hex')).to.equal('06001140' + '00500000');
  });

  it('numbers the items of a list as it is told to, and from 1 on otherwise', () => {
    const table = attributes({ same: [1, list(u8, 7)], counted: [2, list(u8)] });
    const got = written((writer) => {
      table.encode(writer, { same: [9, 9], counted: [8, 8] });
    });
    expect(got.toString('hex')).to.equal(
      '14000180' +
        '0500070009000000' +
        '0500070009000000' +
        '14000280' +
        '0500010008000000' +
        '0500020008000000',
    );
  });

  it('passes over numbers that it does not have, and lets the last of two count', () => {
    const frame = frameOf(
      Buffer.from('05006300' + '01000000' + '06000100' + '00500000' + '06000100' + '00510000', 'hex'),
    );
    expect(inner.decode(frame, 0, frame.bytes.length)).to.deep.equal({ port: 81 });
  });

  it('needs no padding behind the last attribute', () => {
    const frame = frameOf(Buffer.from('06000100' + '0050', 'hex'));
    expect(inner.decode(frame, 0, 6)).to.deep.equal({ port: 80 });
  });

  const faults: readonly (readonly [what: string, bytes: string, message: string])[] = [
    [
      'a payload of the wrong length',
      '08000100' + '00000050',
      'attribute port at offset 0: expected u16 in network order, got 4 bytes',
    ],
    [
      'half a header',
      '06000100' + '00500000' + '0600',
      'attribute at offset 8: expected a header of 4 bytes, got 2',
    ],
    [
      'a length below that of the header',
      '03000100',
      'attribute at offset 0: expected a length of 4 to 4, got 3',
    ],
    ['a length of zero', '00000000', 'attribute at offset 0: expected a length of 4 to 4, got 0'],
    [
      'a length beyond the end',
      'ff000100' + '00500000',
      'attribute at offset 0: expected a length of 4 to 8, got 255',
    ],
  ];
  for (const [what, hex, problem] of faults) {
    it(`tells ${what}`, () => {
      const frame = frameOf(Buffer.from(hex, 'hex'));
      expect(() => inner.decode(frame, 0, frame.bytes.length)).to.throw(NetlinkError, problem);
    });
  }

  it('tells the way to a fault inside nested attributes', () => {
    const frame = frameOf(Buffer.from('0c000f80' + '05000100' + '01000000', 'hex'));
    expect(() => everyType.decode(frame, 0, frame.bytes.length))
      .to.throw(
        NetlinkError,
        'attribute nested: attribute port at offset 4: expected u16 in network order, got 1 bytes',
      )
      .with.property('offset', 4);
  });

  it('tells an address of a wrong length by name', () => {
    const frame = frameOf(Buffer.from('09000d00' + '0102030405000000', 'hex'));
    expect(() => everyType.decode(frame, 0, frame.bytes.length)).to.throw(
      NetlinkError,
      'attribute address: expected an address of 4 or 16 bytes, got 5',
    );
  });

  it('does not read beyond the bytes, whatever end it is told', () => {
    const frame = frameOf(Buffer.from('0600010000500000', 'hex'));
    expect(() => inner.decode(frame, 0, 12)).to.throw(NetlinkError, 'expected 12 bytes, got 8');
  });

  const misfits: readonly (readonly [values: object, message: string])[] = [
    [{ u8: 256 }, 'attribute u8: expected a u8 (0 to 255), got 256'],
    [{ u16be: -1 }, 'attribute u16be: expected a u16 in network order (0 to 65535), got -1'],
    [{ u32: 0.5 }, 'attribute u32: expected a u32 (0 to 4294967295), got 0.5'],
    [{ u32: NaN }, 'attribute u32: expected a u32 (0 to 4294967295), got NaN'],
    [{ s32: 2 ** 31 }, 'attribute s32: expected a s32'],
    [{ count64: 2 ** 53 }, 'attribute count64: expected a count64'],
    [{ u64: -1n }, 'attribute u64: expected a u64, got -1'],
    [{ text: 'a\0b' }, 'attribute text: expected text without a zero byte, got "a\\u0000b"'],
    [{ bytes: new Uint8Array(1) }, 'attribute bytes: expected 2 to 9 bytes, got 1'],
    [{ address: '10.0.0' }, 'attribute address: expected an IPv4 or IPv6 address, got "10.0.0"'],
    [{ nested: { port: 65536 } }, 'attribute nested: attribute port: expected a u16 in network order'],
    [{ list: [{}, { port: -1 }] }, 'attribute list: attribute item 1: attribute port: expected a u16'],
    [{ text: 'x'.repeat(65532) }, 'attribute text: expected at most 65531 bytes, got 65533'],
  ];
  for (const [values, problem] of misfits) {
    it(`refuses ${problem.slice(0, 60)}`, () => {
      expect(() =>
        written((writer) => {
          everyType.encode(writer, values);
        }),
      )
        .to.throw(NetlinkError, problem)
        .with.property('code', 'invalid-argument');
    });
  }
});
