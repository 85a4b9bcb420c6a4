import type { Headers, Outlet } from './outlet.ts';

/** Ends the connection after so many bytes of the body. */
export class CuttingOutlet implements Outlet {
  readonly #next: Outlet;
  #left: number;

  constructor(next: Outlet, afterBytes: number) {
    this.#next = next;
    this.#left = afterBytes;
  }

  head(code: number, headers: Headers): void {
    this.#next.head(code, headers);
  }

  write(bytes: string | Uint8Array): void {
    const all = Buffer.from(bytes);
    const part = all.subarray(0, this.#left);
    this.#left -= part.length;
    if (part.length > 0) this.#next.write(part);
    // The bytes are given time to leave before the connection is torn down.
    if (part.length < all.length)
      setTimeout(() => {
        this.#next.destroy();
      }, 5);
  }

  end(): void {
    this.#next.end();
  }

  destroy(): void {
    this.#next.destroy();
  }
}

/** Says nothing more after so many bytes of the body, and keeps the connection open. */
export class SilentOutlet implements Outlet {
  readonly #next: Outlet;
  #left: number;

  constructor(next: Outlet, afterBytes: number) {
    this.#next = next;
    this.#left = afterBytes;
  }

  head(code: number, headers: Headers): void {
    this.#next.head(code, headers);
  }

  write(bytes: string | Uint8Array): void {
    const part = Buffer.from(bytes).subarray(0, this.#left);
    this.#left -= part.length;
    if (part.length > 0) this.#next.write(part);
  }

  end(): void {
    this.#left = 0;
  }

  destroy(): void {
    this.#next.destroy();
  }
}

/** Sends as many bytes of something else. */
export class GarblingOutlet implements Outlet {
  readonly #next: Outlet;

  constructor(next: Outlet) {
    this.#next = next;
  }

  head(code: number, headers: Headers): void {
    this.#next.head(code, { ...headers, 'content-type': 'text/html' });
  }

  write(bytes: string | Uint8Array): void {
    this.#next.write('<html>\n'.repeat(Math.ceil(bytes.length / 7)).slice(0, bytes.length));
  }

  end(): void {
    this.#next.end();
  }

  destroy(): void {
    this.#next.destroy();
  }
}

/** Sends the body in small pieces with pauses. */
export class DrippingOutlet implements Outlet {
  readonly #next: Outlet;
  readonly #bytes: number;
  readonly #everyMs: number;
  #waiting = Buffer.alloc(0);
  #ended = false;
  #timer: NodeJS.Timeout | undefined;

  constructor(next: Outlet, bytes: number, everyMs: number) {
    this.#next = next;
    this.#bytes = bytes;
    this.#everyMs = everyMs;
  }

  head(code: number, headers: Headers): void {
    this.#next.head(code, headers);
  }

  write(bytes: string | Uint8Array): void {
    this.#waiting = Buffer.concat([this.#waiting, Buffer.from(bytes)]);
    this.#timer ??= setInterval(() => {
      this.#drip();
    }, this.#everyMs).unref();
  }

  end(): void {
    this.#ended = true;
    if (this.#waiting.length === 0) this.#finish();
  }

  destroy(): void {
    clearInterval(this.#timer);
    this.#next.destroy();
  }

  #drip(): void {
    if (this.#waiting.length > 0) this.#next.write(this.#waiting.subarray(0, this.#bytes));
    this.#waiting = this.#waiting.subarray(this.#bytes);
    if (this.#ended && this.#waiting.length === 0) this.#finish();
  }

  #finish(): void {
    clearInterval(this.#timer);
    this.#next.end();
  }
}
