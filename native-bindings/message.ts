import { littleEndianHost as host } from './byte-order.ts';
import type { ByteWriter, Frame } from './byte-writer.ts';
import { malformed, NetlinkError } from './error.ts';

/** Bytes of `struct nlmsghdr`. */
export const messageHeader = 16;

/** Message types below NLMSG_MIN_TYPE (linux/netlink.h). */
export const controlTypes = { noop: 1, error: 2, done: 3, overrun: 4 } as const;

/** Flags of a message (`NLM_F_*`, linux/netlink.h). Those from 0x100 on mean something else for each verb. */
export const messageFlags = {
  request: 0x1,
  multi: 0x2,
  acknowledge: 0x4,
  echo: 0x8,
  dumpInterrupted: 0x10,
  /** GET: every object. NLM_F_ROOT | NLM_F_MATCH. */
  dump: 0x300,
  /** NEW: change what exists. */
  replace: 0x100,
  /** NEW: fail with EEXIST where it exists. */
  exclusive: 0x200,
  /** NEW: make it where it does not exist. */
  create: 0x400,
  append: 0x800,
  /** In an error: the request is not repeated behind it. */
  capped: 0x100,
  /** In an error or a done: attributes follow. */
  extended: 0x200,
} as const;

/** One message inside a frame: where it is and what its header says. */
export interface Message {
  readonly start: number;
  /** First byte behind the header. */
  readonly payload: number;
  /** Behind the last byte, padding not counted. */
  readonly end: number;
  readonly type: number;
  readonly flags: number;
  readonly sequence: number;
}

/** A request: what it asks of the kernel, in words and in bytes. */
export interface Request {
  /** For errors and traces: `add real server`. */
  readonly operation: string;
  readonly type: number;
  /** Flags besides `request`; `acknowledge` and `dump` are set by who sends it. */
  readonly flags?: number;
  /** Appends what follows the header: the family's fixed part, then attributes. */
  write(writer: ByteWriter): void;
}

/** Appends a request and gives the offset of its header. What was written of one that throws is taken back. */
export function writeRequest(writer: ByteWriter, request: Request, flags: number, sequence: number): number {
  const start = writer.reserve(messageHeader);
  try {
    request.write(writer);
  } catch (error) {
    writer.length = start;
    throw error instanceof NetlinkError ? withOperation(error, request.operation) : error;
  }
  const { view } = writer;
  view.setUint32(start, writer.length - start, host);
  view.setUint16(start + 4, request.type, host);
  view.setUint16(start + 6, (request.flags ?? 0) | flags | messageFlags.request, host);
  view.setUint32(start + 8, sequence, host);
  writer.align();
  return start;
}

function withOperation(error: NetlinkError, operation: string): NetlinkError {
  return new NetlinkError({
    code: error.code,
    operation,
    message: error.detail,
    offset: error.offset,
    cause: error,
  });
}

/** Adds flags to a message that was written before. */
export function addFlags(frame: Frame, start: number, flags: number): void {
  frame.view.setUint16(start + 6, frame.view.getUint16(start + 6, host) | flags, host);
}

/**
 * The message at `start`. Throws `truncated` where its length goes beyond `end`, and `malformed` where there is no
 * whole header or the length is shorter than a header.
 */
export function readMessage(frame: Frame, start: number, end: number): Message {
  if (end > frame.bytes.length || end - start < messageHeader) {
    throw malformed(`expected a message header of ${messageHeader} bytes, got ${end - start}`, start);
  }
  const { view } = frame;
  const length = view.getUint32(start, host);
  if (length < messageHeader) {
    throw malformed(`expected a message of at least ${messageHeader} bytes, got ${length}`, start);
  }
  if (start + length > end) throw truncated(length, end - start, start);
  return {
    start,
    payload: start + messageHeader,
    end: start + length,
    type: view.getUint16(start + 4, host),
    flags: view.getUint16(start + 6, host),
    sequence: view.getUint32(start + 8, host),
  };
}

/** Calls back for each message in `[start, end)`. Throws as `readMessage` does. */
export function forEachMessage(
  frame: Frame,
  start: number,
  end: number,
  visit: (message: Message) => void,
): void {
  let at = start;
  while (at < end) {
    const message = readMessage(frame, at, end);
    visit(message);
    at = (message.end + 3) & ~3;
  }
}

function truncated(length: number, available: number, offset: number): NetlinkError {
  return new NetlinkError({
    code: 'truncated',
    operation: 'decode message',
    message: `expected a message of ${length} bytes, got ${available} of them; read with a larger buffer`,
    offset,
  });
}
