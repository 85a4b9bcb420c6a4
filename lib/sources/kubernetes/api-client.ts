import { type Api, ApiError, type ApiRequest, type ApiResponse } from './api.ts';
import type { AccessProvider } from './credentials.ts';
import type { Transport } from './transport.ts';

/**
 * An API server and the credentials to ask it with. A request that is refused as unauthorized is sent once more, anew;
 * one that fails for certificates fails, and the next is sent anew.
 */
export class ApiClient implements Api {
  readonly #credentials: AccessProvider;
  readonly #transport: Pick<Transport, 'send'>;

  constructor(credentials: AccessProvider, transport: Pick<Transport, 'send'>) {
    this.#credentials = credentials;
    this.#transport = transport;
  }

  /** Rejects at the signal, whatever has not ended by then. */
  async request(request: ApiRequest): Promise<ApiResponse> {
    return untilAborted(this.#request(request), request.signal);
  }

  async #request(request: ApiRequest): Promise<ApiResponse> {
    const response = await this.#send(request);
    if (response.status !== 401) return response;
    // Its token may have expired since it was read.
    response.body.destroy();
    this.#credentials.renew();
    return this.#send(request);
  }

  async #send(request: ApiRequest): Promise<ApiResponse> {
    try {
      return await this.#transport.send(await this.#credentials.access(), request);
    } catch (error) {
      // The authority, or the client's certificate, may have been replaced since its file was read.
      if (error instanceof ApiError && error.code === 'certificate') this.#credentials.renew();
      throw error;
    }
  }
}

async function untilAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const end = (): void => {
    reject(signal.reason as Error);
  };
  signal.addEventListener('abort', end);
  try {
    if (signal.aborted) end();
    return await Promise.race([promise, aborted]);
  } finally {
    signal.removeEventListener('abort', end);
  }
}
