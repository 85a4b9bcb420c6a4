import type { Readable } from 'node:stream';

/** A request to the API server. */
export interface ApiRequest {
  readonly method?: 'GET' | 'POST' | 'PATCH';
  /** Absolute, without query: `/api/v1/services`. */
  readonly path: string;
  readonly query?: Readonly<Record<string, string>>;
  /** Sent as JSON. */
  readonly body?: unknown;
  /** Its abortion ends the request, or the body of its answer. */
  readonly signal: AbortSignal;
}

/** An answer, of any status, whose body is yet to be read or destroyed. */
export interface ApiResponse {
  readonly status: number;
  /** Milliseconds, from the header Retry-After; 0 without. */
  readonly retryAfter: number;
  /** Chunks of bytes, decompressed. Fails where the connection breaks before the body is complete. */
  readonly body: Readable;
}

/** The API server, as those who read from it see it. */
export interface Api {
  /** Rejects where there is no answer: with ApiError, CredentialsError or the signal's AbortError. */
  request(request: ApiRequest): Promise<ApiResponse>;
}

/** How far a request came that got no answer. */
export type ApiErrorCode = 'unreachable' | 'certificate' | 'timeout' | 'proxy';

/** The API server gave no answer. The message says what was expected, what came and what to do. */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  readonly code: ApiErrorCode;

  constructor(code: ApiErrorCode, message: string, cause?: unknown) {
    super(message, { cause });
    this.code = code;
  }
}
