import { request } from 'node:https';
import type { IncomingMessage } from 'node:http';
import { gunzipSync } from 'node:zlib';
import type { KubeObject } from '../../kube/object.ts';
import type { ApiServer } from '../../kube/server.ts';

/** What a request of a test may carry beside its path. */
export interface Ask {
  readonly method?: string;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  /** The bearer token; that of `tester` unless told, none where empty. */
  readonly token?: string;
  /** Whom the client trusts; the authority of the server unless told. */
  readonly authority?: { readonly certificate: string };
  /** Certificate and key of a client. */
  readonly identity?: { readonly certificate: string; readonly key: string };
}

/** What tests look at in lists, objects and statuses. */
export interface Body extends KubeObject {
  readonly metadata: KubeObject['metadata'] & {
    readonly continue?: string;
    readonly remainingItemCount?: number;
  };
  readonly items: readonly KubeObject[];
  readonly code: number;
  readonly reason: string;
  readonly message: string;
}

/** An answer with its body read as JSON. */
export interface Reply {
  readonly code: number;
  readonly headers: IncomingMessage['headers'];
  /** Of an answer that is no JSON nothing but `text`. */
  readonly body: Body;
}

/** Sends a request and gives the answer as soon as its head is there. */
export function open(server: ApiServer, path: string, ask: Ask = {}): Promise<IncomingMessage> {
  const {
    method = 'GET',
    body,
    headers = {},
    token = server.authentication.token('tester'),
    identity,
    authority = server.authority,
  } = ask;
  const text = body === undefined ? '' : typeof body === 'string' ? body : JSON.stringify(body);
  return new Promise((resolve, reject) => {
    const sent = request(`${server.url}${path}`, {
      method,
      ca: authority.certificate,
      agent: false,
      headers: {
        ...(token !== '' && { authorization: `Bearer ${token}` }),
        ...(body !== undefined && {
          'content-type': 'application/json',
          'content-length': String(Buffer.byteLength(text)),
        }),
        ...headers,
      },
      ...(identity && { cert: identity.certificate, key: identity.key }),
    });
    sent.on('response', resolve).on('error', reject);
    sent.end(text);
  });
}

/** Sends a request and reads the whole answer. */
export async function ask(server: ApiServer, path: string, options: Ask = {}): Promise<Reply> {
  const response = await open(server, path, options);
  const parts: Buffer[] = [];
  for await (const part of response) parts.push(part as Buffer);
  const bytes = Buffer.concat(parts);
  const text = (response.headers['content-encoding'] === 'gzip' ? gunzipSync(bytes) : bytes).toString();
  const body = (text.startsWith('{') ? JSON.parse(text) : { text }) as Body;
  return { code: response.statusCode ?? 0, headers: response.headers, body };
}

/** A watch whose lines are read one by one. */
export class WatchReader {
  readonly #response: IncomingMessage;
  readonly #lines: AsyncIterator<string>;

  private constructor(response: IncomingMessage) {
    this.#response = response;
    this.#lines = linesOf(response);
  }

  /** Opens a watch: `WatchReader.open(server, '/api/v1/services?resourceVersion=5')`. */
  static async open(server: ApiServer, path: string, options: Ask = {}): Promise<WatchReader> {
    return new WatchReader(await open(server, `${path}${path.includes('?') ? '&' : '?'}watch=true`, options));
  }

  get code(): number {
    return this.#response.statusCode ?? 0;
  }

  /** The next line; undefined at the end. Throws where the connection breaks. */
  async line(): Promise<string | undefined> {
    const next = await this.#lines.next();
    return next.done === true ? undefined : next.value;
  }

  /** The next event. */
  async next(): Promise<{ type: string; object: Body }> {
    const line = await this.line();
    if (line === undefined) throw new Error('expected an event, got the end of the watch');
    return JSON.parse(line) as { type: string; object: Body };
  }

  /** The next events in short: `ADDED web`. */
  async names(count: number): Promise<string[]> {
    const names: string[] = [];
    while (names.length < count) {
      const { type, object } = (await this.next()) as {
        type: string;
        object: { metadata: { name: string } };
      };
      names.push(`${type} ${object.metadata.name}`);
    }
    return names;
  }

  close(): void {
    this.#response.destroy();
  }
}

async function* linesOf(response: IncomingMessage): AsyncGenerator<string, void> {
  let rest = '';
  response.setEncoding('utf8');
  for await (const part of response) {
    const lines = `${rest}${String(part)}`.split('\n');
    rest = lines.pop() ?? '';
    yield* lines;
  }
  if (rest !== '') yield rest;
}
