import type { ServerResponse } from 'node:http';

/** The headers of an answer. */
export type Headers = Readonly<Record<string, string>>;

/** Where an answer is written to. Misbehaving is to put another outlet before the real one. */
export interface Outlet {
  /** Sends status and headers at once. */
  head(code: number, headers: Headers): void;
  write(bytes: string | Uint8Array): void;
  /** Ends the answer as it should be. */
  end(): void;
  /** Ends the connection in the middle of the answer. */
  destroy(): void;
}

/** The real outlet: the HTTP response. */
export class ResponseOutlet implements Outlet {
  readonly #response: ServerResponse;

  constructor(response: ServerResponse) {
    this.#response = response;
  }

  head(code: number, headers: Headers): void {
    this.#response.writeHead(code, headers);
    this.#response.flushHeaders();
  }

  write(bytes: string | Uint8Array): void {
    if (!this.#response.destroyed) this.#response.write(bytes);
  }

  end(): void {
    this.#response.end();
  }

  destroy(): void {
    this.#response.destroy();
  }
}
