import type { Logger } from 'pino';
import { type Api, ApiError, type ApiRequest, type ApiResponse } from './api.ts';
import { CredentialsError } from './kubeconfig.ts';

/** A request got no answer, and that has been told. The cause says why. */
export class ReportedError extends Error {
  override readonly name = 'ReportedError';
  readonly code = 'reported';

  constructor(cause: Error) {
    super(cause.message, { cause });
  }
}

/**
 * An API server whose silence is told once for all who ask it: at the first request without an answer, again when the
 * reason becomes one of another kind, and when it is over.
 */
export class ReportingApi implements Api {
  readonly #api: Api;
  readonly #log: Logger;
  #trouble: ApiError | CredentialsError | undefined;

  constructor(api: Api, log: Logger) {
    this.#api = api;
    this.#log = log;
  }

  /** Why the last request got no answer; undefined where it got one. */
  get trouble(): string | undefined {
    return this.#trouble?.message;
  }

  /** Rejects with ReportedError where there is no answer, or with the signal's reason. */
  async request(request: ApiRequest): Promise<ApiResponse> {
    try {
      const response = await this.#api.request(request);
      this.#answered();
      return response;
    } catch (error) {
      if (!(error instanceof ApiError || error instanceof CredentialsError)) throw error;
      if (!request.signal.aborted) this.#tell(error);
      throw new ReportedError(error);
    }
  }

  #tell(error: ApiError | CredentialsError): void {
    const before = this.#trouble?.code;
    this.#trouble = error;
    const line = `${error.message}; it is tried again`;
    if (before === error.code) this.#log.debug({ code: error.code }, line);
    else this.#log.error({ code: error.code }, line);
  }

  #answered(): void {
    if (this.#trouble === undefined) return;
    this.#trouble = undefined;
    this.#log.info({}, 'the API server answers again');
  }
}
