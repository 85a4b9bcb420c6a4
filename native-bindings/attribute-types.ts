import { addressText, writeAddress } from './address.ts';
import type { ByteWriter, Frame } from './byte-writer.ts';
import { littleEndianHost as host } from './byte-order.ts';
import { invalidArgument } from './error.ts';

/**
 * The payload of one kind of attribute, in both directions: `read(write(value))` is `value`. A type may take other forms
 * of the value for writing than the one that it reads.
 */
export interface AttributeType<T, Written = T> {
  /** For error texts: `u16 in network order`. */
  readonly name: string;
  /** Shortest payload in bytes. */
  readonly minimum: number;
  /** Longest payload in bytes. */
  readonly maximum: number;
  /** Bits that go with the number of the attribute: `nestedBit`, `networkOrderBit` or 0. They are not checked on reading. */
  readonly idBits: number;
  /** Appends the payload. Throws `invalid-argument` where the value does not fit. */
  write(writer: ByteWriter, value: Written): void;
  /** Reads the payload in `[start, end)`; its length is within `minimum` and `maximum`. Nothing of the frame is kept. */
  read(frame: Frame, start: number, end: number): T;
  /** How a trace shows the payload; the value as text where it is left out. */
  show?(frame: Frame, start: number, end: number): string;
}

/** Longest payload of an attribute: its length field has 16 bits and counts the 4 bytes of the header. */
export const longestPayload = 0xffff - 4;

/** NLA_F_NESTED: the payload is attributes again. */
export const nestedBit = 0x8000;
/** NLA_F_NET_BYTEORDER: the payload is in network order. Few families look at it; ipset insists on it. */
export const networkOrderBit = 0x4000;

/** The same payload, marked as being in network order. */
export function inNetworkOrder<T>(type: AttributeType<T>): AttributeType<T> {
  return { ...type, idBits: networkOrderBit };
}

type NumberSetter = (view: DataView, at: number, value: number) => void;
type NumberGetter = (view: DataView, at: number) => number;

function integer(
  name: string,
  size: number,
  range: readonly [minimum: number, maximum: number],
  set: NumberSetter,
  get: NumberGetter,
): AttributeType<number> {
  const [minimum, maximum] = range;
  return {
    name,
    minimum: size,
    maximum: size,
    idBits: 0,
    write(writer, value) {
      if (!Number.isInteger(value) || value < minimum || value > maximum) {
        throw invalidArgument(`expected a ${name} (${minimum} to ${maximum}), got ${value}`);
      }
      const at = writer.extend(size);
      set(writer.view, at, value);
    },
    read: (frame, start) => get(frame.view, start),
  };
}

/** One byte. */
export const u8 = integer(
  'u8',
  1,
  [0, 0xff],
  (view, at, value) => {
    view.setUint8(at, value);
  },
  (view, at) => view.getUint8(at),
);

/** 16 bits in host order. */
export const u16 = integer(
  'u16',
  2,
  [0, 0xffff],
  (view, at, value) => {
    view.setUint16(at, value, host);
  },
  (view, at) => view.getUint16(at, host),
);

/** 16 bits in network order: every port. */
export const u16be = integer(
  'u16 in network order',
  2,
  [0, 0xffff],
  (view, at, value) => {
    view.setUint16(at, value);
  },
  (view, at) => view.getUint16(at),
);

/** 32 bits in host order. */
export const u32 = integer(
  'u32',
  4,
  [0, 0xffffffff],
  (view, at, value) => {
    view.setUint32(at, value, host);
  },
  (view, at) => view.getUint32(at, host),
);

/** 32 bits in network order. */
export const u32be = integer(
  'u32 in network order',
  4,
  [0, 0xffffffff],
  (view, at, value) => {
    view.setUint32(at, value);
  },
  (view, at) => view.getUint32(at),
);

/** 32 signed bits in host order. */
export const s32 = integer(
  's32',
  4,
  [-0x80000000, 0x7fffffff],
  (view, at, value) => {
    view.setInt32(at, value, host);
  },
  (view, at) => view.getInt32(at, host),
);

/** A counter of 64 bits in host order as a number: exact up to 2^53, the nearest number beyond. */
export const count64 = integer(
  'count64',
  8,
  [0, Number.MAX_SAFE_INTEGER],
  (view, at, value) => {
    view.setUint32(host ? at : at + 4, value >>> 0, host);
    view.setUint32(host ? at + 4 : at, Math.floor(value / 0x1_0000_0000), host);
  },
  (view, at) =>
    view.getUint32(host ? at : at + 4, host) + view.getUint32(host ? at + 4 : at, host) * 0x1_0000_0000,
);

function big(name: string, littleEndian: boolean): AttributeType<bigint> {
  return {
    name,
    minimum: 8,
    maximum: 8,
    idBits: 0,
    write(writer, value) {
      if (BigInt.asUintN(64, value) !== value) throw invalidArgument(`expected a ${name}, got ${value}`);
      const at = writer.reserve(8);
      writer.view.setBigUint64(at, value, littleEndian);
    },
    read: (frame, start) => frame.view.getBigUint64(start, littleEndian),
  };
}

/** 64 bits in host order, exact. */
export const u64 = big('u64', host);

/** 64 bits in network order, exact. */
export const u64be = big('u64 in network order', false);

/** Present or not: there is no payload. */
export const flag: AttributeType<true> = {
  name: 'flag',
  minimum: 0,
  maximum: 0,
  idBits: 0,
  write: () => undefined,
  read: () => true,
};

/** UTF-8 with a zero behind it. Reading stops at the first zero, or at the end where there is none. */
export const text: AttributeType<string> = {
  name: 'zero-terminated text',
  minimum: 0,
  maximum: longestPayload,
  idBits: 0,
  write(writer, value) {
    if (value.includes('\0'))
      throw invalidArgument(`expected text without a zero byte, got ${JSON.stringify(value)}`);
    const size = Buffer.byteLength(value);
    const at = writer.reserve(size + 1);
    writer.bytes.write(value, at, size, 'utf8');
  },
  read(frame, start, end) {
    let stop = start;
    while (stop < end && frame.bytes[stop] !== 0) stop += 1;
    return frame.bytes.toString('utf8', start, stop);
  },
};

/** Bytes whose meaning another attribute tells. What is read is a copy. */
export function bytes(minimum = 0, maximum = longestPayload): AttributeType<Uint8Array> {
  return {
    name: minimum === maximum ? `${minimum} bytes` : `${minimum} to ${maximum} bytes`,
    minimum,
    maximum,
    idBits: 0,
    write(writer, value) {
      if (value.length < minimum || value.length > maximum) {
        throw invalidArgument(`expected ${minimum} to ${maximum} bytes, got ${value.length}`);
      }
      const at = writer.extend(value.length);
      // For the handful of bytes that attributes have, a loop is several times faster than a call of `set`.
      for (let index = 0; index < value.length; index += 1) writer.bytes[at + index] = value[index] ?? 0;
    },
    read(frame, start, end) {
      const copy = new Uint8Array(end - start);
      for (let at = start; at < end; at += 1) copy[at - start] = frame.bytes[at] ?? 0;
      return copy;
    },
    show: (frame, start, end) => frame.bytes.toString('hex', start, end),
  };
}

/** An IP address as text; four bytes are IPv4 and sixteen IPv6. */
export const address: AttributeType<string> = {
  name: 'IP address',
  minimum: 4,
  maximum: 16,
  idBits: 0,
  write: writeAddress,
  read: (frame, start, end) => addressText(frame.bytes, start, end),
};

/** An attribute that is known by name and never looked into: it reads as `undefined` and is not written. */
export const ignored: AttributeType<undefined> = {
  name: 'ignored',
  minimum: 0,
  maximum: longestPayload,
  idBits: 0,
  write: () => undefined,
  read: () => undefined,
  show: (_frame, start, end) => `(${end - start} bytes)`,
};
