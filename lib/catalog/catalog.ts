import type { EndpointSlice } from '../model/endpoint-slice.ts';
import type { Service, ServiceKey } from '../model/service.ts';
import { serviceKey } from '../model/service.ts';
import type { ServiceState } from '../model/service-state.ts';
import { sameService, sameSlice } from './equality.ts';
import { packService } from './packed-service.ts';
import { type PackedSlice, packSlice, unpackSlice } from './packed-slice.ts';
import { SharedValues } from './shared-values.ts';
import { type TriggerTimes, Triggers } from './triggers.ts';

/** What is known under one service's key. Either part may come first. The entry stays, its parts are replaced. */
interface Entry {
  service: Service | undefined;
  /** Sorted by name. */
  slices: readonly PackedSlice[];
}

const noSlices: readonly PackedSlice[] = [];

/**
 * The services and slices that a source has read, and which services have changed since someone last asked. Both are
 * kept packed, for a large cluster has many of them; neither side may change what it handed in or was handed out. Every
 * call costs in proportion to the one service that it is about.
 *
 * A service counts as changed when planning it may now give another plan: the service itself came, went or became
 * another, or one of its slices did. Writing what is there already is no change, nor is a slice whose service is not
 * there.
 */
export class Catalog {
  readonly #entries = new Map<ServiceKey, Entry>();
  /** The service that each slice belongs to, by the slice's `namespace/name`. */
  readonly #owners = new Map<string, ServiceKey>();
  readonly #listeners = new Set<() => void>();
  readonly #triggers = new Triggers();
  readonly #shared = new SharedValues();
  #changed = new Set<ServiceKey>();
  #size = 0;
  #synced = false;

  /** How many services there are. */
  get size(): number {
    return this.#size;
  }

  /** Whether the source has handed in everything there is at least once. Until then what is missing may yet come. */
  get synced(): boolean {
    return this.#synced;
  }

  /** For the source to call when it has handed in everything there is. The first call is told to the listeners. */
  markSynced(): void {
    if (!this.#synced) {
      this.#synced = true;
      this.#notify();
    }
  }

  /** Adds a service, or replaces the one of that name. */
  setService(service: Service): void {
    const key = serviceKey(service.namespace, service.name);
    const entry = this.#entryOf(key);
    if (entry.service !== undefined && sameService(entry.service, service)) {
      return;
    }
    if (entry.service === undefined) {
      this.#size += 1;
      if (this.#synced) this.#triggers.addNew(key, service, entry.slices);
    }
    entry.service = packService(service, this.#shared);
    this.#report(key);
  }

  /** Removes a service; its slices stay, for they are removed by themselves. Nothing happens where there is none. */
  deleteService(key: ServiceKey): void {
    const entry = this.#entries.get(key);
    if (entry?.service === undefined) {
      return;
    }
    this.#size -= 1;
    entry.service = undefined;
    this.#triggers.delete(key);
    this.#forgetEmpty(key, entry);
    this.#report(key);
  }

  /** Adds a slice, or replaces the one of that name, even where that one belongs to another service. */
  setSlice(slice: EndpointSlice): void {
    const id = serviceKey(slice.namespace, slice.name);
    const key = serviceKey(slice.namespace, slice.service);
    const owner = this.#owners.get(id);
    if (owner !== undefined && owner !== key) {
      this.#removeSlice(owner, slice.name);
    }
    this.#owners.set(id, key);
    this.#placeSlice(key, slice);
  }

  /** Removes a slice. Nothing happens where there is none. */
  deleteSlice(namespace: string, name: string): void {
    const id = serviceKey(namespace, name);
    const owner = this.#owners.get(id);
    if (owner !== undefined) {
      this.#owners.delete(id);
      this.#removeSlice(owner, name);
    }
  }

  /**
   * A service with its slices, or `undefined` where there is no such service, whether or not slices of it are known. It
   * stays as it is when the catalog changes. Every reading of `slices` unpacks them.
   */
  get(key: ServiceKey): ServiceState | undefined {
    const entry = this.#entries.get(key);
    if (entry?.service === undefined) return undefined;
    const { service, slices } = entry;
    return {
      service,
      get slices() {
        return slices.map(unpackSlice);
      },
    };
  }

  /** The keys of all services. */
  *keys(): IterableIterator<ServiceKey> {
    for (const [key, { service }] of this.#entries) {
      if (service !== undefined) {
        yield key;
      }
    }
  }

  /** The services that changed since the last call, those that are gone included. */
  takeChanged(): ReadonlySet<ServiceKey> {
    const changed = this.#changed;
    this.#changed = new Set();
    return changed;
  }

  /**
   * When the changes of slices began that came since the last call, for services that there are, in milliseconds. The
   * first lists, which tell of what has been for long, are not among them.
   */
  takeTriggers(): TriggerTimes {
    return this.#triggers.take();
  }

  /**
   * Has a function called when there is something new: synchronously within the first change after a `takeChanged`,
   * not again until the changes are taken, and once when the catalog becomes synced. Taking the changes at once would
   * take the first of a burst alone; a listener should only arrange for it.
   *
   * @returns what ends the calls
   */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => {
      this.#listeners.delete(listener);
    };
  }

  #placeSlice(key: ServiceKey, slice: EndpointSlice): void {
    const entry = this.#entryOf(key);
    const { service, slices } = entry;
    const index = placeOf(slice.name, slices);
    const before = slices[index];
    const replaces = before?.name === slice.name;
    const packed = packSlice(slice, this.#shared);
    entry.slices = slices.toSpliced(index, replaces ? 1 : 0, packed);
    if (service !== undefined && !(replaces && sameSlice(unpackSlice(before), slice))) {
      if (this.#synced) this.#triggers.add(key, slice, replaces ? before : undefined);
      this.#report(key);
    }
  }

  #removeSlice(key: ServiceKey, name: string): void {
    const entry = this.#entries.get(key);
    if (entry === undefined) {
      return;
    }
    entry.slices = entry.slices.filter((slice) => slice.name !== name);
    this.#forgetEmpty(key, entry);
    if (entry.service !== undefined) {
      this.#report(key);
    }
  }

  /** The entry of a key, made where there is none. */
  #entryOf(key: ServiceKey): Entry {
    let entry = this.#entries.get(key);
    if (entry === undefined) {
      entry = { service: undefined, slices: noSlices };
      this.#entries.set(key, entry);
    }
    return entry;
  }

  #forgetEmpty(key: ServiceKey, { service, slices }: Entry): void {
    if (service === undefined && slices.length === 0) {
      this.#entries.delete(key);
    }
  }

  #report(key: ServiceKey): void {
    const first = this.#changed.size === 0;
    this.#changed.add(key);
    if (first) {
      this.#notify();
    }
  }

  #notify(): void {
    for (const listener of this.#listeners) {
      listener();
    }
  }
}

/** The index of the slice of a name in a list sorted by name, or the one where it belongs. */
function placeOf(name: string, slices: readonly PackedSlice[]): number {
  const index = slices.findIndex((slice) => slice.name >= name);
  return index === -1 ? slices.length : index;
}
