import type { AttributeType } from './attribute-types.ts';
import {
  type AttributeField,
  type AttributeSpec,
  type AttributeTable,
  type AttributeValues,
  forEachAttribute,
  readAttribute,
} from './attributes.ts';
import { type Frame, frameOf } from './byte-writer.ts';
import { invalidArgument, malformed } from './error.ts';

/** Bytes of `struct nlattr`. */
const attributeHeader = 4;

/** The place of an attribute that the message does not have. */
const absent = -1;

/**
 * The attributes of one level of a message, each decoded only when it is asked for. One reader serves any number of
 * messages and makes no object for any of them, where `AttributeTable.decode` makes one and decodes everything.
 */
export class AttributeReader<Spec extends AttributeSpec> {
  readonly #fields: ReadonlyMap<string, AttributeField>;
  /** Where the attribute of each number begins, its header included, or `absent`. */
  readonly #starts: Int32Array;
  readonly #ends: Int32Array;
  #frame: Frame = frameOf(new Uint8Array());

  constructor(table: AttributeTable<Spec>) {
    this.#fields = new Map(table.fields.map((field) => [field.name, field]));
    const numbers = Math.max(0, ...table.fields.map(({ id }) => id)) + 1;
    this.#starts = new Int32Array(numbers).fill(absent);
    this.#ends = new Int32Array(numbers);
  }

  /**
   * Turns to the attributes in `[start, end)`. Numbers that the table does not have are passed over; of repeated ones
   * the last counts. Throws `malformed` where the bytes are no attributes.
   */
  open(frame: Frame, start: number, end: number): void {
    this.#frame = frame;
    this.#starts.fill(absent);
    forEachAttribute(frame, start, end, this.#note);
  }

  /** The value of an attribute, `undefined` where it is missing. Throws `malformed`, naming it, where it is damaged. */
  get<Name extends keyof Spec & string>(name: Name): AttributeValues<Spec>[Name] {
    const { id, type } = this.#field(name);
    return this.#read(name, id, type) as AttributeValues<Spec>[Name];
  }

  /** The value of an attribute that must be there. Throws `malformed`, naming it, where it is missing or damaged. */
  need<Name extends keyof Spec & string>(name: Name): NonNullable<AttributeValues<Spec>[Name]> {
    return this.get(name) ?? missing(name);
  }

  /** The same, read as a type that another attribute tells. */
  needAs<Value>(name: keyof Spec & string, type: AttributeType<Value>): Value {
    return this.#read(name, this.#field(name).id, type) ?? missing(name);
  }

  /** Opens another reader on what is inside of a nested attribute. False where there is no such attribute. */
  openNested<Inner extends AttributeSpec>(
    name: keyof Spec & string,
    reader: AttributeReader<Inner>,
  ): boolean {
    const { id } = this.#field(name);
    const start = this.#starts[id] ?? absent;
    if (start === absent) return false;
    reader.open(this.#frame, start + attributeHeader, this.#ends[id] ?? start);
    return true;
  }

  readonly #note = (id: number, from: number, to: number): void => {
    if (id >= this.#starts.length) return;
    this.#starts[id] = from - attributeHeader;
    this.#ends[id] = to;
  };

  #field(name: string): AttributeField {
    const field = this.#fields.get(name);
    if (field === undefined) throw invalidArgument(`expected an attribute of the table, got ${name}`);
    return field;
  }

  #read<Value>(name: string, id: number, type: AttributeType<Value>): Value | undefined {
    const start = this.#starts[id] ?? absent;
    if (start === absent) return undefined;
    return readAttribute(this.#frame, name, type, start, this.#ends[id] ?? start);
  }
}

function missing(name: string): never {
  throw malformed(`expected attribute ${name}, got none`, 0);
}
