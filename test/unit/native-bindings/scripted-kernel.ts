import { ByteWriter, frameOf } from '../../../native-bindings/byte-writer.ts';
import { littleEndianHost as host } from '../../../native-bindings/byte-order.ts';
import {
  controlTypes,
  forEachMessage,
  type Message,
  messageFlags,
} from '../../../native-bindings/message.ts';
import type { Transport } from '../../../native-bindings/socket.ts';

/** What the kernel got: the bytes of a message and its header. */
export interface Received extends Message {
  readonly bytes: Buffer;
}

/** Datagrams that answer one write. An `Error` is thrown by the read that comes to it. */
export type Answer = (requests: readonly Received[]) => readonly (Buffer | Error)[];

/** A kernel by script, behind a transport. It keeps what it got. */
export class ScriptedKernel implements Transport {
  readonly receiveBuffer: number;
  readonly writes: Received[][] = [];
  closed = false;
  readonly #answer: Answer;
  readonly #waiting: (Buffer | Error)[] = [];

  constructor(answer: Answer, receiveBuffer = 1024 * 1024) {
    this.#answer = answer;
    this.receiveBuffer = receiveBuffer;
  }

  send(messages: Uint8Array): void {
    const requests: Received[] = [];
    const frame = frameOf(Buffer.from(messages));
    forEachMessage(frame, 0, messages.length, (message) => {
      requests.push({ ...message, bytes: frame.bytes.subarray(message.start, message.end) });
    });
    this.writes.push(requests);
    this.#waiting.push(...this.#answer(requests));
  }

  receive(into: Buffer): number | undefined {
    const next = this.#waiting.shift();
    if (next instanceof Error) throw next;
    return next?.copy(into);
  }

  close(): void {
    this.closed = true;
  }
}

/** One message. */
export function message(
  type: number,
  sequence: number,
  body: Uint8Array = Buffer.alloc(0),
  flags = 0,
): Buffer {
  const bytes = Buffer.alloc(16 + ((body.length + 3) & ~3));
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  view.setUint32(0, 16 + body.length, host);
  view.setUint16(4, type, host);
  view.setUint16(6, flags, host);
  view.setUint32(8, sequence, host);
  bytes.set(body, 16);
  return bytes;
}

/** NLMSG_ERROR, capped, with the errno (0 to acknowledge) and attributes behind it. */
export function outcome(sequence: number, errno = 0, attributes: Uint8Array = Buffer.alloc(0)): Buffer {
  const body = Buffer.alloc(20 + attributes.length);
  new DataView(body.buffer, body.byteOffset).setInt32(0, -errno, host);
  body.set(attributes, 20);
  const flags = messageFlags.capped | (attributes.length > 0 ? messageFlags.extended : 0);
  return message(controlTypes.error, sequence, body, flags);
}

/** NLMSG_DONE with an errno. */
export function done(sequence: number, errno = 0, flags: number = messageFlags.multi): Buffer {
  const body = Buffer.alloc(4);
  new DataView(body.buffer, body.byteOffset).setInt32(0, -errno, host);
  return message(controlTypes.done, sequence, body, flags);
}

/** A kernel that does everything and acknowledges what asks for it. */
export function obedient(requests: readonly Received[]): Buffer[] {
  return requests
    .filter((request) => (request.flags & messageFlags.acknowledge) !== 0)
    .map((request) => outcome(request.sequence));
}

/** What a function writes, as bytes. */
export function written(write: (writer: ByteWriter) => void): Buffer {
  const writer = new ByteWriter(16);
  write(writer);
  return writer.copy();
}
