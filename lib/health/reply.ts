import type { ServerResponse } from 'node:http';

/** What is answered to one request. */
export interface Reply {
  readonly status: number;
  /** The media type: `application/json`. */
  readonly type: string;
  readonly body: string;
  readonly headers?: Readonly<Record<string, string>>;
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
export function send(response: ServerResponse, { status, type, body, headers = {} }: Reply): void {
  response.writeHead(status, {
    'Content-Type': type,
    'Content-Length': Buffer.byteLength(body),
    'X-Content-Type-Options': 'nosniff',
    ...headers,
  });
  response.end(body);
}
