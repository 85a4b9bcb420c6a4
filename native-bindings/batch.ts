import { readOutcome, type ErrnoNames } from './acknowledgement.ts';
import { ByteWriter } from './byte-writer.ts';
import { type NetlinkError } from './error.ts';
import type { Exchange } from './exchange.ts';
import { addFlags, controlTypes, messageFlags, type Request, writeRequest } from './message.ts';

/** The result of each request of a batch, in order: `undefined` where the kernel did it. */
export type Outcomes = readonly (NetlinkError | undefined)[];

/**
 * Receive buffer that one reply may take, as the kernel counts: the reply, its sk_buff and the rounding of both. An
 * error with a long text was seen to take 1280 bytes.
 */
const replyCost = 2048;

/** Bytes in one write: well below the smallest send buffer that netlink takes (wmem_default, 208 KiB). */
const writeLimit = 128 * 1024;

/**
 * Many requests in few writes. The kernel works through the requests of one write in order, before the write returns,
 * and a failed one does not stop those behind it; it reports every failure, asked or not. So only the last request of a
 * write asks for an acknowledgement: when that is there, every request without an error has been done. Replies that the
 * kernel had to drop are told apart from success, because the next read then fails with ENOBUFS.
 */
export class Batch {
  readonly #exchange: Exchange;
  readonly #names: ErrnoNames | undefined;
  readonly #writer = new ByteWriter(16 * 1024);
  readonly #starts: number[] = [];
  readonly #operations: string[] = [];

  constructor(exchange: Exchange, names?: ErrnoNames) {
    this.#exchange = exchange;
    this.#names = names;
  }

  /** Requests in it. */
  get size(): number {
    return this.#starts.length;
  }

  /** Bytes that they take. */
  get bytes(): number {
    return this.#writer.length;
  }

  /** Adds a request. Throws `invalid-argument` and leaves the batch as it was where it cannot be encoded. */
  add(request: Request): void {
    const start = writeRequest(this.#writer, request, 0, this.#exchange.nextSequence());
    this.#starts.push(start);
    this.#operations.push(request.operation);
  }

  /**
   * Sends everything and gives the result of each request. The batch is empty afterwards and may be used again. Throws
   * where the results cannot be known (`overrun`, `reply-lost`, …): then some of it may have been done.
   */
  run(): Outcomes {
    const outcomes = Array<NetlinkError | undefined>(this.size).fill(undefined);
    try {
      for (let from = 0; from < this.size;) {
        const to = this.#chunkEnd(from);
        this.#runChunk(from, to, outcomes);
        from = to;
      }
    } finally {
      this.#writer.clear();
      this.#starts.length = 0;
      this.#operations.length = 0;
    }
    return outcomes;
  }

  /** Behind the last request that fits into one write together with `from`, replies counted. */
  #chunkEnd(from: number): number {
    const most = Math.max(1, Math.floor(this.#exchange.receiveBuffer / replyCost));
    let to = from + 1;
    while (to < this.size && to - from < most && this.#start(to + 1) - this.#start(from) <= writeLimit)
      to += 1;
    return to;
  }

  #start(index: number): number {
    return this.#starts[index] ?? this.#writer.length;
  }

  #runChunk(from: number, to: number, outcomes: (NetlinkError | undefined)[]): void {
    const { view } = this.#writer;
    addFlags(this.#writer, this.#start(to - 1), messageFlags.acknowledge);
    const first = this.#exchange.sequenceAt(view, this.#start(from));
    const operation = `${this.#operations[from] ?? ''} and ${to - from - 1} more`;
    this.#exchange.send(this.#writer, this.#start(from), this.#start(to));
    this.#exchange.receiveUntil(
      to - from === 1 ? (this.#operations[from] ?? '') : operation,
      (frame, message) => {
        const index = from + ((message.sequence - first) >>> 0);
        if (index >= to || message.type !== controlTypes.error) return false;
        outcomes[index] = readOutcome(frame, message, this.#operations[index] ?? '', this.#names);
        return index === to - 1;
      },
    );
  }
}
