import { littleEndianHost as host } from './byte-order.ts';
import { type Frame, frameOf } from './byte-writer.ts';
import { NetlinkError } from './error.ts';
import { controlTypes, forEachMessage, type Message } from './message.ts';
import type { Transport } from './socket.ts';
import { type Dialect, formatMessages } from './trace.ts';

/** The kernel puts at most 32 KiB of a dump into one datagram (netlink_dump); links with many parts may need more. */
const datagramRoom = 256 * 1024;

/** Sends requests and reads replies: the sequence numbers, the reused buffer and the trace that they share. */
export class Exchange {
  readonly #transport: Transport;
  readonly #trace: ((line: string) => void) | undefined;
  readonly #dialect: Dialect | undefined;
  readonly #frame: Frame = frameOf(Buffer.allocUnsafeSlow(datagramRoom));
  #sequence = 0;

  constructor(transport: Transport, trace?: (line: string) => void, dialect?: Dialect) {
    this.#transport = transport;
    this.#trace = trace;
    this.#dialect = dialect;
  }

  /** See `Transport.receiveBuffer`. */
  get receiveBuffer(): number {
    return this.#transport.receiveBuffer;
  }

  /** A number that no request of the last four billion had. Never 0: notifications have that. */
  nextSequence(): number {
    this.#sequence = this.#sequence === 0xffffffff ? 1 : this.#sequence + 1;
    return this.#sequence;
  }

  /** The sequence number of the request at `start`. */
  sequenceAt(view: DataView, start: number): number {
    return view.getUint32(start + 8, host);
  }

  /** Sends the messages in `[start, end)` in one write. */
  send(frame: Frame, start: number, end: number): void {
    this.#trace?.(formatMessages('>', frame, start, end, this.#dialect));
    this.#transport.send(frame.bytes.subarray(start, end));
  }

  /**
   * Reads messages until the visitor says that the one it got was the last. Throws `reply-lost` where there is nothing
   * more to read before that, and `overrun` where the kernel dropped a reply. Whatever it throws, what still waits is
   * read and dropped, so that the next exchange begins clean.
   */
  receiveUntil(operation: string, isLast: (frame: Frame, message: Message) => boolean): void {
    try {
      let finished = false;
      while (!finished) {
        finished = this.#receive(operation, isLast);
      }
    } catch (error) {
      this.#drain();
      throw error;
    }
  }

  /** Closes the transport. */
  close(): void {
    this.#transport.close();
  }

  /** One datagram; true where the last message was in it. */
  #receive(operation: string, isLast: (frame: Frame, message: Message) => boolean): boolean {
    const length = this.#transport.receive(this.#frame.bytes);
    if (length === undefined) throw replyLost(operation);
    this.#trace?.(formatMessages('<', this.#frame, 0, length, this.#dialect));
    let finished = false;
    forEachMessage(this.#frame, 0, length, (message) => {
      if (message.type === controlTypes.overrun) throw overrun(operation);
      if (isLast(this.#frame, message)) finished = true;
    });
    return finished;
  }

  #drain(): void {
    // A transport that fails without end must not hold the caller: far more reads than any buffer holds datagrams.
    for (let left = 65536; left > 0; left -= 1) {
      try {
        if (this.#transport.receive(this.#frame.bytes) === undefined) return;
      } catch (error) {
        if (!(error instanceof NetlinkError) || !['overrun', 'truncated'].includes(error.code)) return;
      }
    }
  }
}

function replyLost(operation: string): NetlinkError {
  return new NetlinkError({
    code: 'reply-lost',
    operation,
    message: 'expected a reply of the kernel straight after the request, got none; read the state again',
  });
}

function overrun(operation: string): NetlinkError {
  return new NetlinkError({
    code: 'overrun',
    operation,
    message: 'expected every reply, got NLMSG_OVERRUN; read the state again',
  });
}
