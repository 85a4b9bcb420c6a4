import type { EndpointSlice } from '../model/endpoint-slice.ts';
import type { Service, ServiceKey } from '../model/service.ts';

/** When changes of a service's slices began, in milliseconds since the epoch, each once. */
export type TriggerTimes = ReadonlyMap<ServiceKey, ReadonlySet<number>>;

/** What is looked at of a slice. */
type Triggered = Pick<EndpointSlice, 'triggered'>;

/** Times of one service that are kept at most. Nobody can tell more of them apart in a histogram. */
const mostTimes = 100;

/**
 * When the changes began that are yet to be taken, as `endpoints.kubernetes.io/last-change-trigger-time` tells it
 * (EndpointSlice.triggered). In a burst each change counts, as with kube-proxy (its EndpointsChangeTracker): the last
 * one alone would hide how long the first has been waiting.
 *
 * As there, a slice whose annotation alone is another is no change, for there is nothing to program and nothing to
 * measure; that slices went adds no time, for what they say is when they last changed and not when they went. Not as
 * there, a slice that changes and keeps its time counts once: that time is of the change before.
 */
export class Triggers {
  #times = new Map<ServiceKey, Set<number>>();

  /** A slice of a service came, or became another than `before`. */
  add(service: ServiceKey, { triggered }: Triggered, before?: Triggered): void {
    if (triggered !== before?.triggered) this.#add(service, triggered);
  }

  /**
   * A service came whose slices were there before it. Theirs are the times since its creation, which the API gives in
   * whole seconds; those before are of slices that had waited for it.
   */
  addNew(key: ServiceKey, { created }: Service, slices: readonly Triggered[]): void {
    for (const { triggered } of slices) {
      if (triggered >= created) this.#add(key, triggered);
    }
  }

  /** A service went: none of its changes will be programmed. */
  delete(service: ServiceKey): void {
    this.#times.delete(service);
  }

  /** All times since the last call. */
  take(): TriggerTimes {
    const times = this.#times;
    this.#times = new Map();
    return times;
  }

  #add(service: ServiceKey, triggered: number): void {
    if (triggered === 0) return;
    const times = this.#times.get(service);
    if (times === undefined) this.#times.set(service, new Set([triggered]));
    else if (times.size < mostTimes) times.add(triggered);
  }
}
