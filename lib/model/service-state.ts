import type { EndpointSlice } from './endpoint-slice.ts';
import type { Service } from './service.ts';

/** A service and every slice of it: all that planning one service needs to know of the cluster. */
export interface ServiceState {
  readonly service: Service;
  /** Sorted by name, so that equal input gives an equal plan. */
  readonly slices: readonly EndpointSlice[];
}
