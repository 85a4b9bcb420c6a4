import { endianness } from 'node:os';
import type { Transport } from '../../native-bindings/socket.ts';

const littleEndian = endianness() === 'LE';
/** Bytes of `struct nlmsghdr`, and of the acknowledgement behind it with its copy of the request's header. */
const header = 16;
const acknowledgement = 36;
const controllerType = 16;
const errorType = 2;
const acknowledgeFlag = 4;

/**
 * A kernel that says yes to everything: what it costs to encode requests and to read acknowledgements, with no kernel
 * behind it. It knows one generic netlink family, whatever its name.
 */
export class AcknowledgingTransport implements Transport {
  readonly receiveBuffer = 4 * 1024 * 1024;
  /** Requests and bytes that were sent. */
  messages = 0;
  bytes = 0;
  readonly #replies: Buffer[] = [];

  send(messages: Uint8Array): void {
    const view = new DataView(messages.buffer, messages.byteOffset, messages.byteLength);
    this.bytes += messages.byteLength;
    for (let at = 0; at < messages.byteLength; at += view.getUint32(at, littleEndian)) {
      this.messages += 1;
      if (view.getUint16(at + 4, littleEndian) === controllerType) this.#reply(view, at, familyReply);
      if ((view.getUint16(at + 6, littleEndian) & acknowledgeFlag) !== 0) this.#reply(view, at, acknowledge);
    }
  }

  receive(into: Buffer): number | undefined {
    return this.#replies.shift()?.copy(into);
  }

  close(): void {
    this.#replies.length = 0;
  }

  #reply(request: DataView, at: number, fill: (view: DataView) => void): void {
    const reply = Buffer.alloc(acknowledgement);
    const view = new DataView(reply.buffer, reply.byteOffset, reply.byteLength);
    view.setUint32(0, acknowledgement, littleEndian);
    view.setUint32(8, request.getUint32(at + 8, littleEndian), littleEndian);
    fill(view);
    this.#replies.push(reply);
  }
}

/** NLMSG_ERROR with the errno 0. */
function acknowledge(view: DataView): void {
  view.setUint16(4, errorType, littleEndian);
}

/** CTRL_CMD_NEWFAMILY with CTRL_ATTR_FAMILY_ID (a u16 of 0x20) and CTRL_ATTR_VERSION (a u32 of 1). */
function familyReply(view: DataView): void {
  view.setUint16(4, controllerType, littleEndian);
  view.setUint8(header, 1);
  const id = header + 4;
  view.setUint16(id, 6, littleEndian);
  view.setUint16(id + 2, 1, littleEndian);
  view.setUint16(id + 4, 0x20, littleEndian);
  const version = id + 8;
  view.setUint16(version, 8, littleEndian);
  view.setUint16(version + 2, 3, littleEndian);
  view.setUint32(version + 4, 1, littleEndian);
}
