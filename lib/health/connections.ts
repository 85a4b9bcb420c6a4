import type { Socket } from 'node:net';
import type { Clock } from '../model/clock.ts';

/** Connections of one server at a time: probes take a moment each. */
const mostConnections = 128;

/** Milliseconds that a connection may last, whatever is done on it, unless told otherwise. */
const usualLongest = 10_000;

/**
 * The open connections of a server. One that lasts too long is closed, and so is the oldest where there are too many:
 * clients that hold connections open, or send a byte from time to time, keep no probe from its answer.
 */
export class Connections {
  readonly #clock: Clock;
  readonly #longest: number;
  /** The oldest first; each with what takes back its end. */
  readonly #open = new Map<Socket, () => void>();

  /** @param longest milliseconds that one may last */
  constructor(clock: Clock, longest = usualLongest) {
    this.#clock = clock;
    this.#longest = longest;
  }

  add(socket: Socket): void {
    if (this.#open.size >= mostConnections) this.#closeOldest();
    const cancel = this.#clock.after(this.#longest, () => {
      this.#close(socket);
    });
    this.#open.set(socket, cancel);
    socket.once('close', () => {
      this.#forget(socket);
    });
  }

  closeAll(): void {
    for (const socket of this.#open.keys()) this.#close(socket);
  }

  #closeOldest(): void {
    const [oldest] = this.#open.keys();
    if (oldest !== undefined) this.#close(oldest);
  }

  #close(socket: Socket): void {
    this.#forget(socket);
    socket.destroy();
  }

  #forget(socket: Socket): void {
    this.#open.get(socket)?.();
    this.#open.delete(socket);
  }
}
