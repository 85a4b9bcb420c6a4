import type { EndpointSlice } from '../../model/endpoint-slice.ts';
import type { Service, ServiceKey } from '../../model/service.ts';
import type { ObjectSink } from '../object-sink.ts';
import type { Assembly } from './assembly.ts';

/** What was handed to the sink, so that only the difference is handed to it next time. */
export class Publication {
  readonly #sink: ObjectSink;
  #services: ReadonlyMap<ServiceKey, Service> = new Map();
  #slices: ReadonlyMap<string, EndpointSlice> = new Map();

  constructor(sink: ObjectSink) {
    this.#sink = sink;
  }

  /**
   * Makes the sink hold what was assembled. Slices come before services, and go after them, so that a service is never
   * seen without the endpoints that it has.
   */
  publish({ services, slices }: Assembly): void {
    this.#put(services, slices);
    this.#takeAway(services, slices);
    this.#services = services;
    this.#slices = slices;
  }

  #put(services: Assembly['services'], slices: Assembly['slices']): void {
    for (const [key, slice] of slices) {
      if (this.#slices.get(key) !== slice) this.#sink.setSlice(slice);
    }
    for (const [key, service] of services) {
      if (this.#services.get(key) !== service) this.#sink.setService(service);
    }
  }

  #takeAway(services: Assembly['services'], slices: Assembly['slices']): void {
    for (const key of this.#services.keys()) {
      if (!services.has(key)) this.#sink.deleteService(key);
    }
    for (const [key, { namespace, name }] of this.#slices) {
      if (!slices.has(key)) this.#sink.deleteSlice(namespace, name);
    }
  }
}
