import type { ServiceKey } from '../../model/service.ts';
import type { ServiceEvent } from './service-event.ts';

/** A fact about a service that was, or is to be, told. */
export interface ToldEvent {
  readonly service: ServiceKey;
  readonly event: ServiceEvent;
  /** Whether it is still so. */
  lasting: boolean;
  /** How often it came to be so. */
  count: number;
  /** When it came to be so for the last time, in milliseconds since the epoch. */
  time: number;
  /** How often the server has failed to take it. */
  failures: number;
  /** The Event that the API holds of it, and when that was last written; undefined where there is none. */
  sent: { readonly name: string; readonly uid: string; readonly time: number } | undefined;
}

/** What was told, so that it is told once; of the most recent only, so that it stays small. */
export class EventMemory {
  readonly #size: number;
  /** The most recent last. */
  readonly #events = new Map<string, ToldEvent>();

  /** @param size how many events are remembered */
  constructor(size: number) {
    this.#size = size;
  }

  /** What was told of a service with this reason and note. */
  find(service: ServiceKey, event: ServiceEvent): ToldEvent | undefined {
    return this.#events.get(keyOf(service, event));
  }

  /** Remembers an event as the most recent one. */
  add(told: ToldEvent): void {
    const key = keyOf(told.service, told.event);
    this.#events.delete(key);
    this.#events.set(key, told);
    if (this.#events.size <= this.#size) return;
    for (const oldest of this.#events.keys()) {
      this.#events.delete(oldest);
      return;
    }
  }

  forget({ service, event }: ToldEvent): void {
    this.#events.delete(keyOf(service, event));
  }
}

function keyOf(service: ServiceKey, { reason, note }: ServiceEvent): string {
  return `${service}\n${reason}\n${note}`;
}
