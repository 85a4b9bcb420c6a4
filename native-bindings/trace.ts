import { acknowledgementAttributes } from './acknowledgement.ts';
import { type AttributeType, ignored } from './attribute-types.ts';
import {
  type AttributeField,
  type AttributeSpec,
  type AttributeTable,
  forEachAttribute,
} from './attributes.ts';
import { littleEndianHost as host } from './byte-order.ts';
import type { Frame } from './byte-writer.ts';
import { errnoName } from './error.ts';
import { controlTypes, forEachMessage, type Message, messageFlags, messageHeader } from './message.ts';

/** Anything that knows its attributes by number. */
export interface AttributeNames {
  field(id: number): AttributeField | undefined;
}

/** How the messages of one family are shown. */
export interface Dialect {
  /** `ipvs`, `route`. */
  readonly name: string;
  /** Name of a message, bytes of the fixed part before its attributes, and the table of those. */
  describe(frame: Frame, message: Message): MessageDescription;
}

/** See `Dialect.describe`. */
export interface MessageDescription {
  readonly name: string;
  readonly fixedPart: number;
  /** The fixed part in words; its bytes where it is left out. */
  readonly fixed?: string;
  readonly attributes?: AttributeNames;
}

const flagNames: readonly (readonly [bit: number, name: string])[] = [
  [messageFlags.multi, 'multi'],
  [messageFlags.acknowledge, 'ack'],
  [messageFlags.echo, 'echo'],
  [messageFlags.dumpInterrupted, 'interrupted'],
];

/**
 * One line for each message in `[start, end)`: the direction, what it is, its number and its attributes by name. Bytes
 * that are no message are shown as such: a trace never fails.
 */
export function formatMessages(
  direction: '>' | '<',
  frame: Frame,
  start: number,
  end: number,
  dialect?: Dialect,
): string {
  const lines: string[] = [];
  try {
    forEachMessage(frame, start, end, (message) => {
      lines.push(`${direction} ${formatMessage(frame, message, dialect)}`);
    });
  } catch (error) {
    lines.push(`${direction} ${error instanceof Error ? error.message : String(error)}`);
  }
  return lines.join('\n');
}

/** `ipvs NEW_DEST #17 ack service{family=2 …} destination{…}`. */
export function formatMessage(frame: Frame, message: Message, dialect?: Dialect): string {
  const control = formatControl(frame, message);
  if (control !== undefined) return control;
  const description = dialect?.describe(frame, message) ?? { name: `type ${message.type}`, fixedPart: 0 };
  const from = Math.min(message.payload + description.fixedPart, message.end);
  return [
    dialect?.name ?? 'netlink',
    description.name,
    `#${message.sequence}`,
    ...formatFlags(message.flags),
    description.fixed ?? hex(frame, message.payload, from),
    formatAttributes(description.attributes, frame, from, message.end),
  ]
    .filter((part) => part !== '')
    .join(' ');
}

function formatFlags(flags: number): readonly string[] {
  const names = flagNames.filter(([bit]) => (flags & bit) !== 0).map(([, name]) => name);
  return (flags & messageFlags.dump) === messageFlags.dump ? [...names, 'dump'] : names;
}

/** Bytes that are shown of what has no name. */
const shownBytes = 32;

function hex(frame: Frame, start: number, end: number): string {
  const shown = frame.bytes.toString('hex', start, Math.min(end, start + shownBytes));
  return end - start > shownBytes ? `${shown}…(${end - start} bytes)` : shown;
}

function formatControl(frame: Frame, message: Message): string | undefined {
  if (message.type === controlTypes.overrun) return `overrun #${message.sequence}`;
  if (message.type !== controlTypes.error && message.type !== controlTypes.done) return undefined;
  return formatOutcome(frame, message);
}

function formatOutcome(frame: Frame, message: Message): string {
  const done = message.type === controlTypes.done;
  const errno = message.end - message.payload < 4 ? 0 : -frame.view.getInt32(message.payload, host);
  if (errno === 0) return `${done ? 'done' : 'ack'} #${message.sequence}`;
  const behind = message.payload + 4 + (done ? 0 : messageHeader);
  const extended = (message.flags & messageFlags.extended) !== 0;
  const said = extended ? formatAttributes(acknowledgementAttributes, frame, behind, message.end) : '';
  return `error #${message.sequence} ${errnoName(errno)} ${said}`.trimEnd();
}

/** `name=value name{…} #77=0a0b`: the attributes in `[start, end)`, with their numbers where the table has no name. */
export function formatAttributes(
  names: AttributeNames | undefined,
  frame: Frame,
  start: number,
  end: number,
): string {
  const parts: string[] = [];
  try {
    forEachAttribute(frame, start, end, (id, from, to) => {
      const field = names?.field(id);
      if (field?.type !== ignored || to > from) parts.push(formatAttribute(field, id, frame, from, to));
    });
  } catch {
    parts.push(`(malformed: ${hex(frame, start, end)})`);
  }
  return parts.join(' ');
}

function formatAttribute(
  field: AttributeField | undefined,
  id: number,
  frame: Frame,
  from: number,
  to: number,
): string {
  if (field === undefined) return `#${id}=${hex(frame, from, to)}`;
  return `${field.name}${formatPayload(field.type, frame, from, to)}`;
}

function formatPayload(type: AttributeType<unknown>, frame: Frame, from: number, to: number): string {
  if ('table' in type)
    return `{${formatAttributes(type.table as AttributeTable<AttributeSpec>, frame, from, to)}}`;
  if ('item' in type) return `[${formatItems(type.item as AttributeType<unknown>, frame, from, to)}]`;
  if (to - from < type.minimum || to - from > type.maximum) {
    return `=(malformed: ${hex(frame, from, to)})`;
  }
  if (type.show !== undefined) return `=${type.show(frame, from, to)}`;
  return to === from ? '' : `=${String(type.read(frame, from, to))}`;
}

function formatItems(type: AttributeType<unknown>, frame: Frame, start: number, end: number): string {
  const parts: string[] = [];
  forEachAttribute(frame, start, end, (_id, from, to) => parts.push(formatPayload(type, frame, from, to)));
  return parts.join(' ');
}
