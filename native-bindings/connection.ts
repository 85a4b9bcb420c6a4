import { type ErrnoNames, readOutcome } from './acknowledgement.ts';
import { Batch } from './batch.ts';
import { ByteWriter, type Frame } from './byte-writer.ts';
import { NetlinkError } from './error.ts';
import { Exchange } from './exchange.ts';
import { controlTypes, type Message, messageFlags, type Request, writeRequest } from './message.ts';
import { type Meter, MeteredTransport } from './meter.ts';
import { NetlinkSocket, type SocketOptions, type Transport } from './socket.ts';
import type { Dialect } from './trace.ts';

/** What every client's `open` takes. */
export interface OpenOptions {
  /** Takes one line for every message that is sent or received. */
  readonly trace?: ((line: string) => void) | undefined;
  /** In place of a socket of this process. */
  readonly transport?: Transport | undefined;
  /** See `SocketOptions.receiveBuffer`. */
  readonly receiveBuffer?: number | undefined;
  /** Counts what is sent and received. */
  readonly meter?: Meter | undefined;
}

/** What a family adds to a connection. */
export interface ConnectionOptions extends OpenOptions {
  /** Names for the trace. */
  readonly dialect?: Dialect | undefined;
  /** Names of errnos that the family has of its own. */
  readonly errnoNames?: ErrnoNames | undefined;
}

/** Makes a value of one reply; `undefined` passes it over. The frame is reused: nothing of it may be kept. */
export type Decode<Value> = (frame: Frame, message: Message) => Value | undefined;

/** Times that an interrupted dump is begun again. */
const dumpAttempts = 5;

/** Requests to one netlink protocol and their replies, one exchange at a time, all within the call. */
export class Connection {
  readonly #exchange: Exchange;
  readonly #names: ErrnoNames | undefined;
  readonly #writer = new ByteWriter();

  constructor(transport: Transport, options: ConnectionOptions = {}) {
    this.#exchange = new Exchange(transport, options.trace, options.dialect);
    this.#names = options.errnoNames;
  }

  /** Sends one request and waits for its acknowledgement. Throws the kernel's refusal. */
  execute(request: Request): void {
    this.request(request, () => undefined);
  }

  /** Sends one request and gives what its replies decode to. Throws the kernel's refusal. */
  request<Value>(request: Request, decode: Decode<Value>): Value[] {
    const values: Value[] = [];
    const sequence = this.#send(request, messageFlags.acknowledge);
    this.#exchange.receiveUntil(request.operation, (frame, message) => {
      if (message.sequence !== sequence) return false;
      if (message.type === controlTypes.error) return this.#finish(frame, message, request.operation);
      keep(values, decode(frame, message));
      return false;
    });
    return values;
  }

  /**
   * Reads every object that the request names. A dump that the kernel says was changed while it was read is begun
   * again, a few times; then `dump-interrupted` is thrown. An empty dump is an empty list.
   */
  dump<Value>(request: Request, decode: Decode<Value>): Value[] {
    for (let attempt = 0; attempt < dumpAttempts; attempt += 1) {
      const values = this.#dumpOnce(request, decode);
      if (values !== undefined) return values;
    }
    throw new NetlinkError({
      code: 'dump-interrupted',
      operation: request.operation,
      message: `expected a table that holds still while it is read, got changes in each of ${dumpAttempts} tries; try again later`,
    });
  }

  /** Gives `undefined` where the dump was interrupted. */
  #dumpOnce<Value>(request: Request, decode: Decode<Value>): Value[] | undefined {
    const values: Value[] = [];
    const seen = { interrupted: false };
    const sequence = this.#send(request, messageFlags.dump);
    this.#exchange.receiveUntil(request.operation, (frame, message) => {
      if (message.sequence !== sequence) return false;
      if ((message.flags & messageFlags.dumpInterrupted) !== 0) seen.interrupted = true;
      if (message.type === controlTypes.done || message.type === controlTypes.error) {
        return this.#finish(frame, message, request.operation);
      }
      keep(values, decode(frame, message));
      return false;
    });
    return seen.interrupted ? undefined : values;
  }

  /** A new, empty batch of requests on this connection. */
  batch(): Batch {
    return new Batch(this.#exchange, this.#names);
  }

  /** Closes the transport. */
  close(): void {
    this.#exchange.close();
  }

  #send(request: Request, flags: number): number {
    const sequence = this.#exchange.nextSequence();
    this.#writer.clear();
    writeRequest(this.#writer, request, flags, sequence);
    this.#exchange.send(this.#writer, 0, this.#writer.length);
    return sequence;
  }

  #finish(frame: Frame, message: Message, operation: string): true {
    const refusal = readOutcome(frame, message, operation, this.#names);
    if (refusal !== undefined) throw refusal;
    return true;
  }
}

function keep<Value>(values: Value[], value: Value | undefined): void {
  if (value !== undefined) values.push(value);
}

/** Opens a connection: on the transport of the options, or on a socket of this process. */
export function connect(protocol: number, options: ConnectionOptions = {}): Connection {
  const socket: SocketOptions =
    options.receiveBuffer === undefined ? { protocol } : { protocol, receiveBuffer: options.receiveBuffer };
  const transport = options.transport ?? new NetlinkSocket(socket);
  const { meter } = options;
  return new Connection(meter === undefined ? transport : new MeteredTransport(transport, meter), options);
}
