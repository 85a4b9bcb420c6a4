import type { EndpointSlice } from '../model/endpoint-slice.ts';
import type { Service, ServiceKey } from '../model/service.ts';

/** Where a source hands in what it has read: the part of the catalog that sources know. */
export interface ObjectSink {
  /** Adds a service, or replaces the one of that name. */
  setService(service: Service): void;
  /** Removes a service, if there is one. */
  deleteService(key: ServiceKey): void;
  /** Adds a slice, or replaces the one of that name. */
  setSlice(slice: EndpointSlice): void;
  /** Removes a slice, if there is one. */
  deleteSlice(namespace: string, name: string): void;
  /** Says that everything there is has been handed in. */
  markSynced(): void;
}
