import type { ServerResponse } from 'node:http';
import type { DaemonEvent } from './event.ts';

/** Bytes that wait for one reader at most: some thousand events. What comes then is left out, and counted. */
const mostWaiting = 1_000_000;

/** Readers at a time. */
const mostReaders = 16;

/** Gives events to whoever reads them, and costs nothing while nobody does. A slow reader loses some and is told how many. */
export class EventStream {
  readonly #now: () => number;
  /** Each with the number of events that it has lost since it was last told. */
  readonly #readers = new Map<ServerResponse, number>();

  /** @param now milliseconds since the epoch */
  constructor(now: () => number) {
    this.#now = now;
  }

  /** Whether anybody reads. */
  get watched(): boolean {
    return this.#readers.size > 0;
  }

  /** Answers a request with all events from now on, a JSON object a line; with 503 where too many read already. */
  add(response: ServerResponse): void {
    if (this.#readers.size >= mostReaders) {
      response.writeHead(503, { 'Content-Type': 'text/plain' }).end('too many readers\n');
      return;
    }
    response.writeHead(200, { 'Content-Type': 'application/x-ndjson' });
    response.flushHeaders();
    this.#readers.set(response, 0);
    response.once('close', () => {
      this.#readers.delete(response);
    });
  }

  /** Gives an event to everybody who reads. */
  send(event: DaemonEvent): void {
    if (!this.watched) return;
    const line = `${JSON.stringify(event)}\n`;
    for (const [response, lost] of this.#readers) {
      if (response.writableLength > mostWaiting) this.#readers.set(response, lost + 1);
      else this.#write(response, lost, line);
    }
  }

  #write(response: ServerResponse, lost: number, line: string): void {
    if (lost > 0) {
      response.write(`${JSON.stringify(droppedEvent(lost, this.#now()))}\n`);
      this.#readers.set(response, 0);
    }
    response.write(line);
  }
}

function droppedEvent(count: number, now: number): DaemonEvent {
  return {
    time: new Date(now).toISOString(),
    kind: 'dropped',
    ...{ action: null, table: null, key: null, service: null, milliseconds: null, count },
    text: `${count} events were left out here: this reader was too slow`,
  };
}
