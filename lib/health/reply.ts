import type { ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';

/** What is answered to one request, but for the body. */
interface ReplyHead {
  readonly status: number;
  /** The media type: `application/json`. */
  readonly type: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** What is answered to one request. */
export interface Reply extends ReplyHead {
  readonly body: string;
}

/** An answer that is made while it is sent, so that the whole is never held. */
export interface PiecedReply extends ReplyHead {
  readonly pieces: AsyncIterable<string>;
}

/** A reply of plain text. */
export function text(status: number, body: string, headers: Readonly<Record<string, string>> = {}): Reply {
  return { status, type: 'text/plain; charset=utf-8', body, headers };
}

/** A good reply of a value, as JSON. */
export function json(value: object): Reply {
  return { status: 200, type: 'application/json', body: JSON.stringify(value) };
}

/** Sends a reply. To a HEAD request its body stays out. */
export function send(response: ServerResponse, reply: Reply): void {
  const { status, body } = reply;
  response.writeHead(status, { ...headersOf(reply), 'Content-Length': Buffer.byteLength(body) });
  response.end(body);
}

/** The first level of zlib: metrics shrink to a twentieth with it, and to little less with the others. */
const fastest = 1;

/**
 * Sends a reply piece by piece, each made when the one before is on its way, and compressed where the client takes that. To
 * a HEAD request its body stays out. Rejects where it could not be sent to its end; the client then sees its connection
 * break.
 */
export async function sendPieces(response: ServerResponse, reply: PiecedReply): Promise<void> {
  const { method, headers } = response.req;
  const compressed = /\bgzip\b/.test(String(headers['accept-encoding']));
  response.writeHead(reply.status, {
    ...headersOf(reply),
    ...(compressed && { 'Content-Encoding': 'gzip' }),
  });
  if (method === 'HEAD') {
    response.end();
    return;
  }
  const pieces = Readable.from(reply.pieces, { highWaterMark: 1 });
  await (compressed
    ? pipeline(pieces, createGzip({ level: fastest }), response)
    : pipeline(pieces, response));
}

function headersOf({ type, headers = {} }: ReplyHead): Record<string, string> {
  return { 'Content-Type': type, 'X-Content-Type-Options': 'nosniff', ...headers };
}
