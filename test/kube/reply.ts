import type { IncomingMessage } from 'node:http';
import { gzipSync } from 'node:zlib';
import type { Misbehaviour } from './misbehaviour.ts';
import type { Outlet } from './outlet.ts';
import { ApiError } from './status.ts';

/** Answers longer than this are compressed for clients that take it, as the API server does. */
const compressedAbove = 128 * 1024;

/** Answers with a text that is JSON. */
export function send(outlet: Outlet, request: IncomingMessage, code: number, text: string): void {
  const headers = { 'content-type': 'application/json' };
  const takesGzip = /\bgzip\b/.test(request.headers['accept-encoding']?.toString() ?? '');
  const zipped = takesGzip && text.length > compressedAbove;
  outlet.head(code, zipped ? { ...headers, 'content-encoding': 'gzip' } : headers);
  outlet.write(zipped ? gzipSync(text, { level: 1 }) : text);
  outlet.end();
}

/** Answers with the `Status` of an error; with 500 for one that is none of the API. */
export function fail(outlet: Outlet, error: unknown): void {
  const { code, details, status } = error instanceof ApiError ? error : internalError(error);
  const retryAfter = details?.retryAfterSeconds;
  outlet.head(code, {
    'content-type': 'application/json',
    ...(retryAfter !== undefined && { 'retry-after': String(retryAfter) }),
  });
  outlet.write(`${JSON.stringify(status)}\n`);
  outlet.end();
}

/** Does what keeps a request from an answer of its own: it hangs, is cut off or is refused. False where nothing does. */
export function refuse(outlet: Outlet, misbehaviours: readonly Misbehaviour[]): boolean {
  const does = misbehaviours.find(({ kind }) => ['hang', 'disconnect', 'refuse'].includes(kind));
  if (does?.kind === 'disconnect') outlet.destroy();
  if (does?.kind === 'refuse') {
    const { code, reason = reasons[code] ?? 'InternalError', message = reason, retryAfterSeconds } = does;
    fail(
      outlet,
      new ApiError(
        code,
        reason,
        message,
        retryAfterSeconds === undefined ? undefined : { retryAfterSeconds },
      ),
    );
  }
  return does !== undefined;
}

const reasons: Readonly<Record<number, string>> = {
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'NotFound',
  410: 'Expired',
  429: 'TooManyRequests',
  500: 'InternalError',
  503: 'ServiceUnavailable',
  504: 'Timeout',
};

function internalError(error: unknown): ApiError {
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return new ApiError(500, 'InternalError', `Internal error occurred: ${text}`);
}
