import { type AttributeType, ignored, longestPayload, nestedBit } from './attribute-types.ts';
import { littleEndianHost as host } from './byte-order.ts';
import type { ByteWriter, Frame } from './byte-writer.ts';
import { invalidArgument, malformed, NetlinkError } from './error.ts';

/** Names, kernel numbers and types of the attributes of one level of a message. */
export type AttributeSpec = Readonly<Record<string, readonly [id: number, type: AttributeType<unknown>]>>;

/** The value that a table of attributes describes: every attribute may be missing. */
export type AttributeValues<Spec extends AttributeSpec> = {
  readonly [Name in keyof Spec]?: ReturnType<Spec[Name][1]['read']> | undefined;
};

/** How each attribute that is written comes from a value of another shape; where it comes to `undefined` it is left out. */
export type AttributeSources<Spec extends AttributeSpec, Source> = {
  readonly [Name in keyof Spec]?: (source: Source) => Parameters<Spec[Name][1]['write']>[1] | undefined;
};

/** Appends the attributes of a value. */
export type Encode<Source> = (writer: ByteWriter, source: Source) => void;

/** The value that belongs to an `AttributeTable`. */
export type ValuesOf<Table> = Table extends AttributeTable<infer Spec> ? AttributeValues<Spec> : never;

/** One row of a table. */
export interface AttributeField {
  readonly name: string;
  /** The kernel's number of it. */
  readonly id: number;
  readonly type: AttributeType<unknown>;
}

/** Bytes of `struct nlattr`. */
const attributeHeader = 4;
/** NLA_TYPE_MASK. */
const idMask = 0x3fff;

/** The attributes of one level of a message, described once; both directions are derived from the description. */
export class AttributeTable<Spec extends AttributeSpec> {
  /** In the order in which they are written. */
  readonly fields: readonly AttributeField[];
  readonly #byId: readonly (AttributeField | undefined)[];

  constructor(spec: Spec) {
    this.fields = Object.entries(spec).map(([name, [id, type]]) => ({ name, id, type }));
    const byId = Array<AttributeField | undefined>(Math.max(0, ...this.fields.map((field) => field.id)) + 1);
    for (const field of this.fields) byId[field.id] = field;
    this.#byId = byId;
  }

  /** The row with a kernel number, `undefined` where the table has none. */
  field(id: number): AttributeField | undefined {
    return this.#byId[id];
  }

  /**
   * Appends the attributes that the value has, in the order of the table. Throws `invalid-argument`, naming the
   * attribute, where a value does not fit its type.
   */
  encode(writer: ByteWriter, values: AttributeValues<Spec>): void {
    const source = values as Readonly<Record<string, unknown>>;
    for (const field of this.fields) {
      const value = source[field.name];
      if (value !== undefined) writeAttribute(writer, field, value);
    }
  }

  /**
   * A function that writes a value of another shape as `encode` would, in the order of the table, with no object between
   * the two.
   */
  encoder<Source>(sources: AttributeSources<Spec, Source>): Encode<Source> {
    const rows = this.fields.flatMap((field) => {
      const source: ((source: Source) => unknown) | undefined = sources[field.name];
      return source === undefined ? [] : [{ field, source }];
    });
    return (writer, value) => {
      for (const { field, source } of rows) {
        const attribute = source(value);
        if (attribute !== undefined) writeAttribute(writer, field, attribute);
      }
    };
  }

  /** A function that writes one attribute, whose payload is the attributes that another function writes. */
  nest<Source>(name: keyof Spec & string, encode: Encode<Source>): Encode<Source> {
    const field = this.fields.find((row) => row.name === name);
    if (field === undefined) throw invalidArgument(`expected an attribute of the table, got ${name}`);
    const nesting = { ...field, type: { ...field.type, write: encode as Encode<unknown> } };
    return (writer, value) => {
      writeAttribute(writer, nesting, value);
    };
  }

  /**
   * Reads the attributes in `[start, end)`. Numbers that the table does not have are passed over; of repeated ones the
   * last counts. Throws `malformed`, naming the attribute, its offset, what was expected and what came. It goes as deep
   * as the table is and no deeper, whatever the bytes say.
   */
  decode(frame: Frame, start: number, end: number): AttributeValues<Spec> {
    const values: Record<string, unknown> = {};
    let at = start;
    while (at < end) {
      const length = attributeLength(frame, at, end);
      const field = this.#byId[frame.view.getUint16(at + 2, host) & idMask];
      if (field !== undefined && field.type !== ignored) {
        values[field.name] = readAttribute(frame, field.name, field.type, at, at + length);
      }
      at += aligned(length);
    }
    return values as AttributeValues<Spec>;
  }
}

/**
 * Describes the attributes of one level of a message.
 *
 * @example attributes({ address: [1, address], port: [2, u16be], statistics: [10, nested(statistics)] })
 */
export function attributes<const Spec extends AttributeSpec>(spec: Spec): AttributeTable<Spec> {
  return new AttributeTable(spec);
}

/** An attribute whose payload is the attributes of another table. */
export function nested<Spec extends AttributeSpec>(
  table: AttributeTable<Spec>,
): AttributeType<AttributeValues<Spec>> & { readonly table: AttributeTable<Spec> } {
  return {
    name: 'nested attributes',
    minimum: 0,
    maximum: longestPayload,
    idBits: nestedBit,
    table,
    write: (writer, value) => {
      table.encode(writer, value);
    },
    read: (frame, start, end) => table.decode(frame, start, end),
  };
}

/**
 * An attribute whose payload is a list of attributes of one type.
 *
 * @param itemId the number that every item is written with; 1, 2, 3 … where it is left out. Any number is read.
 */
export function list<Value>(
  item: AttributeType<Value>,
  itemId?: number,
): AttributeType<readonly Value[]> & { readonly item: AttributeType<Value> } {
  return {
    name: `list of ${item.name}`,
    minimum: 0,
    maximum: longestPayload,
    idBits: nestedBit,
    item,
    write(writer, values) {
      values.forEach((value, index) => {
        writeAttribute(writer, { name: `item ${index}`, id: itemId ?? index + 1, type: item }, value);
      });
    },
    read(frame, start, end) {
      const values: Value[] = [];
      forEachAttribute(frame, start, end, (_id, from, to) => {
        values.push(readAttribute(frame, 'item', item, from - attributeHeader, to));
      });
      return values;
    },
  };
}

/** Calls back with the number and the payload's bounds of each attribute in `[start, end)`. Throws `malformed`. */
export function forEachAttribute(
  frame: Frame,
  start: number,
  end: number,
  visit: (id: number, from: number, to: number) => void,
): void {
  let at = start;
  while (at < end) {
    const length = attributeLength(frame, at, end);
    visit(frame.view.getUint16(at + 2, host) & idMask, at + attributeHeader, at + length);
    at += aligned(length);
  }
}

function writeAttribute(writer: ByteWriter, field: AttributeField, value: unknown): void {
  const start = writer.extend(attributeHeader);
  try {
    field.type.write(writer, value);
  } catch (error) {
    if (!(error instanceof NetlinkError)) throw error;
    throw invalidArgument(`attribute ${field.name}: ${error.detail}`);
  }
  const length = writer.length - start;
  if (length > longestPayload + attributeHeader) {
    throw invalidArgument(
      `attribute ${field.name}: expected at most ${longestPayload} bytes, got ${length - 4}`,
    );
  }
  writer.view.setUint16(start, length, host);
  writer.view.setUint16(start + 2, field.id | field.type.idBits, host);
  writer.align();
}

/** Reads the attribute in `[start, end)`, its header included. Throws `malformed`, naming it. */
export function readAttribute<Value>(
  frame: Frame,
  name: string,
  type: AttributeType<Value>,
  start: number,
  end: number,
): Value {
  const from = start + attributeHeader;
  const length = end - from;
  if (length < type.minimum || length > type.maximum) {
    throw malformed(
      `attribute ${name} at offset ${start}: expected ${type.name}, got ${length} bytes`,
      start,
    );
  }
  try {
    return type.read(frame, from, end);
  } catch (error) {
    if (!(error instanceof NetlinkError)) throw error;
    throw malformed(`attribute ${name}: ${error.detail}`, error.offset ?? start);
  }
}

/** The length of the attribute at `at`, header included, checked against what is there. */
function attributeLength(frame: Frame, at: number, end: number): number {
  if (end > frame.bytes.length) {
    throw malformed(`expected ${end} bytes, got ${frame.bytes.length}`, frame.bytes.length);
  }
  if (end - at < attributeHeader) {
    throw malformed(`attribute at offset ${at}: expected a header of 4 bytes, got ${end - at}`, at);
  }
  const length = frame.view.getUint16(at, host);
  if (length < attributeHeader || at + length > end) {
    throw malformed(`attribute at offset ${at}: expected a length of 4 to ${end - at}, got ${length}`, at);
  }
  return length;
}

function aligned(length: number): number {
  return (length + 3) & ~3;
}
