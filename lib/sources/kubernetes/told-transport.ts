import type { ApiRequest, ApiResponse } from './api.ts';
import type { Access } from './credentials.ts';
import type { Transport } from './transport.ts';

/** A request that has been answered, or has failed. */
export interface ToldRequest {
  readonly method: string;
  /** That of the API server, with its port where that is not the usual one. */
  readonly host: string;
  /** Undefined where no answer came. */
  readonly status: number | undefined;
  /** From the request to the head of the answer, or to the failure. */
  readonly milliseconds: number;
}

/** A transport that tells of every request that it sends. */
export class ToldTransport {
  readonly #transport: Pick<Transport, 'send'>;
  readonly #told: (request: ToldRequest) => void;

  constructor(transport: Pick<Transport, 'send'>, told: (request: ToldRequest) => void) {
    this.#transport = transport;
    this.#told = told;
  }

  /** As `Transport.send`. */
  async send(access: Access, request: ApiRequest): Promise<ApiResponse> {
    const started = performance.now();
    let status: number | undefined;
    try {
      const response = await this.#transport.send(access, request);
      ({ status } = response);
      return response;
    } finally {
      const { method = 'GET' } = request;
      this.#told({ method, host: access.server.host, status, milliseconds: performance.now() - started });
    }
  }
}
