import type { Headers, Outlet } from './outlet.ts';

/** Hands everything on as it comes: what its kinds change of that is theirs to say. */
abstract class PassingOutlet implements Outlet {
  protected readonly next: Outlet;

  constructor(next: Outlet) {
    this.next = next;
  }

  head(code: number, headers: Headers): void {
    this.next.head(code, headers);
  }

  abstract write(bytes: string | Uint8Array): void;

  end(): void {
    this.next.end();
  }

  destroy(): void {
    this.next.destroy();
  }
}

/** Ends the connection after so many bytes of the body. */
export class CuttingOutlet extends PassingOutlet {
  #left: number;

  constructor(next: Outlet, afterBytes: number) {
    super(next);
    this.#left = afterBytes;
  }

  override write(bytes: string | Uint8Array): void {
    const all = Buffer.from(bytes);
    const part = all.subarray(0, this.#left);
    this.#left -= part.length;
    if (part.length > 0) this.next.write(part);
    // The bytes are given time to leave before the connection is torn down.
    if (part.length < all.length)
      setTimeout(() => {
        this.next.destroy();
      }, 5);
  }
}

/** Says nothing more after so many bytes of the body, and keeps the connection open. */
export class SilentOutlet extends PassingOutlet {
  #left: number;

  constructor(next: Outlet, afterBytes: number) {
    super(next);
    this.#left = afterBytes;
  }

  override write(bytes: string | Uint8Array): void {
    const part = Buffer.from(bytes).subarray(0, this.#left);
    this.#left -= part.length;
    if (part.length > 0) this.next.write(part);
  }

  override end(): void {
    this.#left = 0;
  }
}

/** Sends as many bytes of something else. */
export class GarblingOutlet extends PassingOutlet {
  override head(code: number, headers: Headers): void {
    this.next.head(code, { ...headers, 'content-type': 'text/html' });
  }

  override write(bytes: string | Uint8Array): void {
    this.next.write('<html>\n'.repeat(Math.ceil(bytes.length / 7)).slice(0, bytes.length));
  }
}

/** Sends the body in small pieces with pauses. */
export class DrippingOutlet extends PassingOutlet {
  readonly #bytes: number;
  readonly #everyMs: number;
  #waiting = Buffer.alloc(0);
  #ended = false;
  #timer: NodeJS.Timeout | undefined;

  constructor(next: Outlet, bytes: number, everyMs: number) {
    super(next);
    this.#bytes = bytes;
    this.#everyMs = everyMs;
  }

  override write(bytes: string | Uint8Array): void {
    this.#waiting = Buffer.concat([this.#waiting, Buffer.from(bytes)]);
    this.#timer ??= setInterval(() => {
      this.#drip();
    }, this.#everyMs).unref();
  }

  override end(): void {
    this.#ended = true;
    if (this.#waiting.length === 0) this.#finish();
  }

  override destroy(): void {
    clearInterval(this.#timer);
    this.next.destroy();
  }

  #drip(): void {
    if (this.#waiting.length > 0) this.next.write(this.#waiting.subarray(0, this.#bytes));
    this.#waiting = this.#waiting.subarray(this.#bytes);
    if (this.#ended && this.#waiting.length === 0) this.#finish();
  }

  #finish(): void {
    clearInterval(this.#timer);
    this.next.end();
  }
}
