import type { ServiceKey } from '../model/service.ts';
import type { ServiceEvents } from '../sources/kubernetes/event-recorder.ts';
import type { ServiceEvent } from '../sources/kubernetes/service-event.ts';

/** Something that is so of a service, as its owner is told. */
export interface ServiceFact {
  readonly service: ServiceKey;
  readonly event: ServiceEvent;
}

/** What is told of one matter: the whole of it is given, and what came and went is found out. */
export class EventSet {
  readonly #events: ServiceEvents;
  #facts = new Map<string, ServiceFact>();

  constructor(events: ServiceEvents) {
    this.#events = events;
  }

  get size(): number {
    return this.#facts.size;
  }

  /** Says everything that is so now. */
  replace(facts: readonly ServiceFact[]): void {
    const before = this.#facts;
    this.#facts = new Map(facts.map((fact) => [keyOf(fact), fact]));
    for (const [key, { service, event }] of before) {
      if (!this.#facts.has(key)) this.#events.over(service, event);
    }
    for (const [key, { service, event }] of this.#facts) {
      if (!before.has(key)) this.#events.tell(service, event);
    }
  }
}

function keyOf({ service, event: { reason, note } }: ServiceFact): string {
  return `${service}\n${reason}\n${note}`;
}
