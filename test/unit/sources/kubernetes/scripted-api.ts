import { PassThrough, Readable } from 'node:stream';
import { pino } from 'pino';
import type { Clock } from '../../../../lib/sources/clock.ts';
import type { Api, ApiRequest, ApiResponse } from '../../../../lib/sources/kubernetes/api.ts';
import type { ResourceHandler } from '../../../../lib/sources/kubernetes/replica.ts';

/** Lets everything happen that is ready to happen. */
export const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** Waits until a condition holds; the test's own time limit ends the wait. */
export async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await turn();
}

/** A clock that stands still until it is moved. */
export class ManualClock implements Clock {
  #now = 1_700_000_000_000;
  readonly #timers = new Map<object, { readonly due: number; readonly call: () => void }>();

  now(): number {
    return this.#now;
  }

  setTimeout(call: () => void, milliseconds: number): unknown {
    const timer = {};
    this.#timers.set(timer, { due: this.#now + milliseconds, call });
    return timer;
  }

  clearTimeout(timer: unknown): void {
    this.#timers.delete(timer as object);
  }

  /** How long until the next timer is due, in milliseconds; `Infinity` where there is none. */
  get next(): number {
    return Math.min(...[...this.#timers.values()].map(({ due }) => due)) - this.#now;
  }

  /** Moves the clock, lets what falls due happen, and lets what follows from that happen. */
  async advance(milliseconds: number): Promise<void> {
    const end = this.#now + milliseconds;
    for (;;) {
      await turn();
      const due = [...this.#timers].filter(([, timer]) => timer.due <= end);
      const first = due.sort(([, a], [, b]) => a.due - b.due)[0];
      if (first === undefined) break;
      this.#timers.delete(first[0]);
      this.#now = Math.max(this.#now, first[1].due);
      first[1].call();
    }
    this.#now = end;
    await turn();
  }
}

/** A log whose lines can be read. */
export function recordingLog(): { log: pino.Logger; lines: { level: number; msg: string }[] } {
  const lines: { level: number; msg: string }[] = [];
  const write = (line: string): void => {
    lines.push(JSON.parse(line) as { level: number; msg: string });
  };
  return { log: pino({ base: null, level: 'debug' }, { write }), lines };
}

/** An object with a name, a version and some content. */
export const thing = (name: string, version: number | undefined, content = ''): object => ({
  metadata: { namespace: 'ns', name, ...(version !== undefined && { resourceVersion: String(version) }) },
  content,
});

/** Remembers what it is given. */
export class RecordingHandler implements ResourceHandler {
  readonly objects = new Map<string, string>();
  readonly calls: string[] = [];
  syncs = 0;

  set(key: string, object: object): void {
    const { content } = object as { content: string };
    this.objects.set(key, content);
    this.calls.push(`set ${key} ${content}`.trim());
  }

  delete(key: string): void {
    this.objects.delete(key);
    this.calls.push(`delete ${key}`);
  }

  synced(): void {
    this.syncs += 1;
  }
}

/** An answer whose body is written by the test. */
export class Answer implements ApiResponse {
  readonly body = new PassThrough();
  readonly status: number;
  readonly retryAfter: number;

  constructor(status = 200, retryAfter = 0) {
    this.status = status;
    this.retryAfter = retryAfter;
  }

  event(type: string, object: object): this {
    return this.text(`${JSON.stringify({ type, object })}\n`);
  }

  bookmark(version: number, listed = false): this {
    const annotations = listed ? { annotations: { 'k8s.io/initial-events-end': 'true' } } : {};
    return this.event('BOOKMARK', { metadata: { resourceVersion: String(version), ...annotations } });
  }

  text(text: string): this {
    this.body.write(text);
    return this;
  }

  end(): this {
    this.body.end();
    return this;
  }

  cut(): void {
    this.body.destroy(new Error('ECONNRESET'));
  }
}

/** An answer that is a Status. */
export function failure(status: number, fields: object = {}, retryAfter = 0): ApiResponse {
  const body = Readable.from([Buffer.from(JSON.stringify({ kind: 'Status', code: status, ...fields }))]);
  return { status, retryAfter, body };
}

/** An answer that is a page of a list. */
export function page(version: number, items: readonly object[], next = ''): ApiResponse {
  const metadata = { resourceVersion: String(version), ...(next !== '' && { continue: next }) };
  return {
    status: 200,
    retryAfter: 0,
    body: Readable.from([Buffer.from(JSON.stringify({ metadata, items }))]),
  };
}

/** Gives the answers it has been told to give, one a request. Without one a request waits until it is aborted. */
export class ScriptedApi implements Api {
  readonly requests: ApiRequest[] = [];
  /** What it answers, beside the script, when it is asked which version it is at. */
  version = Number.MAX_SAFE_INTEGER;
  readonly #script: (ApiResponse | Error)[];

  constructor(...script: (ApiResponse | Error)[]) {
    this.#script = script;
  }

  /** The queries of all requests, without what every watch has. */
  get queries(): Record<string, string>[] {
    const common = ['timeoutSeconds', 'allowWatchBookmarks'];
    return this.requests.map(({ query = {} }) =>
      Object.fromEntries(Object.entries(query).filter(([name]) => !common.includes(name))),
    );
  }

  add(...answers: (ApiResponse | Error)[]): void {
    this.#script.push(...answers);
  }

  request(request: ApiRequest): Promise<ApiResponse> {
    if (request.query?.['limit'] === '1') return Promise.resolve(page(this.version, []));
    this.requests.push(request);
    const answer = this.#script.shift();
    if (answer instanceof Error) return Promise.reject(answer);
    if (answer === undefined) {
      return new Promise((_resolve, reject) => {
        request.signal.addEventListener('abort', () => {
          reject(new Error('aborted'));
        });
      });
    }
    // As a real answer, it lives with errors that nobody reads any more.
    answer.body.on('error', () => undefined);
    request.signal.addEventListener('abort', () => answer.body.destroy(new Error('aborted')));
    return Promise.resolve(answer);
  }
}
