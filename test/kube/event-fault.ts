import { objectIn, without } from './object.ts';
import type { WatchEvent } from './watch-event.ts';

/** What is wrong with an event of a watch. */
export type EventFault =
  | 'lost'
  | 'duplicate'
  /** It comes after the next one. */
  | 'out-of-order'
  | 'unknown-type'
  | 'no-resource-version'
  /** A line that is no JSON comes in its place. */
  | 'broken-line';

/** Spoils every n-th event of one watch. */
export class EventSpoiler {
  readonly #fault: EventFault;
  readonly #every: number;
  readonly #encode: (event: WatchEvent) => string;
  #count = 0;
  #held: string[] = [];

  constructor(fault: EventFault, every: number, encode: (event: WatchEvent) => string) {
    this.#fault = fault;
    this.#every = every;
    this.#encode = encode;
  }

  /** The lines that are sent for an event: none, one or more. */
  linesOf(event: WatchEvent): readonly string[] {
    if (event.type === 'BOOKMARK' || event.type === 'ERROR') return [this.#encode(event)];
    this.#count += 1;
    if (this.#count % this.#every !== 0 || this.#held.length > 0) {
      return [this.#encode(event), ...this.#held.splice(0)];
    }
    return this.#spoilt(event);
  }

  #spoilt(event: WatchEvent): readonly string[] {
    const line = this.#encode(event);
    switch (this.#fault) {
      case 'lost':
        return [];
      case 'duplicate':
        return [line, line];
      case 'out-of-order':
        this.#held.push(line);
        return [];
      case 'unknown-type':
        return [this.#encode({ ...event, type: 'SURPRISED' })];
      case 'no-resource-version':
        return [this.#encode({ ...event, object: withoutVersion(event.object) })];
      case 'broken-line':
        return [`${line.slice(0, Math.floor(line.length / 2))}\n`];
    }
  }
}

function withoutVersion(object: object): object {
  const metadata = objectIn(objectIn(object)['metadata']);
  return { ...object, metadata: without(metadata, 'resourceVersion') };
}
