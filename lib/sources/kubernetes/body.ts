import type { Clock } from '../clock.ts';
import type { ApiResponse } from './api.ts';
import { JsonLines } from './json-lines.ts';
import { Trouble } from './trouble.ts';
import { readWatchEvent, type WatchEvent } from './watch-event.ts';

/** How an answer is read. Times are in milliseconds. */
export interface BodyOptions {
  readonly clock: Clock;
  /** What is being read, for messages: `EndpointSlices`. */
  readonly what: string;
  /** How long nothing may come, asked anew at every chunk. */
  readonly idleTime: () => number;
  /** Told how long it took to read and take up what had come, in milliseconds. */
  readonly worked?: (milliseconds: number) => void;
}

/** Longest page that is held: 500 objects of the greatest size would be more, but a string cannot be. */
const longestPage = 256 * 1024 * 1024;

/**
 * The events of a watch as they arrive. Ends where the server ends it between two events; throws Trouble `cut` where the
 * connection breaks, and `silent` where nothing comes for too long.
 */
export async function* watchEvents(response: ApiResponse, options: BodyOptions): AsyncGenerator<WatchEvent> {
  const lines = new JsonLines();
  for await (const chunk of chunks(response, options)) {
    const began = options.clock.now();
    // Whoever takes the events takes them up between two of them.
    for (const line of lines.push(chunk)) yield readWatchEvent(line);
    options.worked?.(options.clock.now() - began);
  }
  if (lines.unfinished) {
    throw new Trouble('cut', `expected ${options.what}, got an end within an event; it is asked for again`);
  }
}

/** One whole JSON document. Throws Trouble as `watchEvents`, and `broken` where it is none. */
export async function readDocument(response: ApiResponse, options: BodyOptions): Promise<unknown> {
  const parts: Buffer[] = [];
  let length = 0;
  for await (const chunk of chunks(response, options)) {
    length += chunk.length;
    if (length > longestPage) throw broken(options.what, `more than ${longestPage} bytes`);
    parts.push(chunk);
  }
  const began = options.clock.now();
  try {
    return JSON.parse(Buffer.concat(parts).toString());
  } catch (error) {
    throw broken(options.what, 'no JSON', error);
  } finally {
    options.worked?.(options.clock.now() - began);
  }
}

function broken(what: string, got: string, cause?: unknown): Trouble {
  return new Trouble('broken', `expected a list of ${what}, got ${got}; it is asked for again`, { cause });
}

async function* chunks({ body }: ApiResponse, options: BodyOptions): AsyncGenerator<Buffer> {
  const { clock, what, idleTime } = options;
  const arm = (): unknown => {
    const limit = idleTime();
    return clock.setTimeout(() => {
      body.destroy(
        new Trouble('silent', `expected ${what}, got nothing for ${limit / 1000} s; it is asked for again`),
      );
    }, limit);
  };
  let timer = arm();
  try {
    for await (const chunk of body as AsyncIterable<Buffer>) {
      clock.clearTimeout(timer);
      yield chunk;
      timer = arm();
    }
  } catch (error) {
    throw error instanceof Trouble ? error : cut(what, error);
  } finally {
    clock.clearTimeout(timer);
  }
}

function cut(what: string, cause: unknown): Trouble {
  const got = cause instanceof Error ? cause.message : String(cause);
  return new Trouble('cut', `expected ${what}, got a broken connection (${got}); it is asked for again`, {
    cause,
  });
}
