import { badRequest } from './status.ts';

/** What a body in protobuf begins with; a `runtime.Unknown` follows. */
const magic = Buffer.from('k8s\0');

/** How a field is read, and its name in JSON. */
type Field = readonly [name: string, form: Form];
type Form = 'text' | 'base64' | 'number' | 'flag' | 'texts' | 'bytesByName' | Message;
/** The fields of a message by their numbers; others are passed over. */
interface Message {
  readonly fields: Readonly<Record<number, Field>>;
}

const meta: Message = {
  fields: {
    1: ['name', 'text'],
    2: ['generateName', 'text'],
    3: ['namespace', 'text'],
    5: ['uid', 'text'],
    6: ['resourceVersion', 'text'],
    11: ['labels', 'texts'],
    12: ['annotations', 'texts'],
  },
};

/** The kinds that clients send so, by the field numbers of generated.proto of k8s.io/api and apimachinery. */
const kinds: Readonly<Record<string, Message>> = {
  Secret: {
    fields: {
      1: ['metadata', meta],
      2: ['data', 'bytesByName'],
      3: ['type', 'text'],
      4: ['stringData', 'texts'],
      5: ['immutable', 'flag'],
    },
  },
  DeleteOptions: {
    fields: {
      1: ['gracePeriodSeconds', 'number'],
      2: ['preconditions', { fields: { 1: ['uid', 'text'], 2: ['resourceVersion', 'text'] } }],
      4: ['propagationPolicy', 'text'],
    },
  },
};

const typeMeta: Message = { fields: { 1: ['apiVersion', 'text'], 2: ['kind', 'text'] } };
const unknown: Message = { fields: { 1: ['typeMeta', typeMeta], 2: ['raw', 'base64'] } };
const entryOf = (value: Form): Message => ({ fields: { 1: ['key', 'text'], 2: ['value', value] } });

/**
 * The JSON of a body in `application/vnd.kubernetes.protobuf`, as far as helm and kubectl send such: Secrets, in which
 * releases are kept, and the options of a removal. Throws 400 for any other.
 */
export function jsonOfProtobuf(body: Buffer): string {
  if (!body.subarray(0, magic.length).equals(magic))
    throw badRequest('the body is no protobuf of Kubernetes');
  const { typeMeta: type = {}, raw = '' } = decode(body.subarray(magic.length), unknown) as {
    typeMeta?: { apiVersion?: string; kind?: string };
    raw?: string;
  };
  const message = kinds[type.kind ?? ''];
  if (message === undefined) throw badRequest(`expected protobuf of ${Object.keys(kinds).join(' or ')}`);
  return JSON.stringify({ ...type, ...decode(Buffer.from(raw, 'base64'), message) });
}

function decode(bytes: Buffer, { fields }: Message): Record<string, unknown> {
  const object: Record<string, unknown> = {};
  for (const [number, value] of fieldsIn(bytes)) {
    const field = fields[number];
    if (field) object[field[0]] = merged(object[field[0]], valueOf(value, field[1]));
  }
  return object;
}

/** Entries of a map come one by one. */
function merged(before: unknown, value: unknown): unknown {
  const both = [before, value].every((one) => typeof one === 'object' && one !== null);
  return both ? { ...(before as object), ...(value as object) } : value;
}

function valueOf(value: Buffer | number, form: Form): unknown {
  if (typeof value === 'number') return form === 'flag' ? value !== 0 : value;
  if (form === 'base64') return value.toString('base64');
  if (form === 'texts' || form === 'bytesByName') {
    const entry = decode(value, entryOf(form === 'texts' ? 'text' : 'base64'));
    return { [String(entry['key'])]: entry['value'] ?? '' };
  }
  return typeof form === 'object' ? decode(value, form) : value.toString();
}

/** The fields of a message: varints as numbers, everything with a length as bytes. */
function* fieldsIn(bytes: Buffer): Generator<readonly [number: number, value: Buffer | number]> {
  let place = 0;
  const varint = (): number => {
    let value = 0;
    for (let factor = 1; ; factor *= 128) {
      const byte = bytes[place++];
      if (byte === undefined) throw badRequest('the protobuf ends in the middle of a number');
      value += (byte & 127) * factor;
      if (byte < 128) return value;
    }
  };
  while (place < bytes.length) {
    const tag = varint();
    const wire = tag & 7;
    if (wire === 0) yield [tag >> 3, varint()];
    else if (wire === 2) {
      const length = varint();
      yield [tag >> 3, bytes.subarray(place, place + length)];
      place += length;
    } else throw badRequest(`expected protobuf with numbers and bytes, got the wire type ${wire}`);
  }
}
