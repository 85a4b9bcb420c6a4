import type { Logger } from 'pino';
import type { Clock } from '../clock.ts';
import { isObject } from '../objects/fields.ts';
import { statusTrouble } from './api-status.ts';
import { KnownVersions } from './known-versions.ts';
import { Trouble } from './trouble.ts';
import type { WatchCounters } from './watch-counters.ts';
import { identify, type Identity, type WatchEvent } from './watch-event.ts';

/** Where the objects of one resource are handed in. */
export interface ResourceHandler {
  /** An object is there: new, changed, or perhaps as it was. It is the handler's to read, not to keep. */
  set(key: string, object: object): void;
  /** An object is no longer there, or no longer selected. */
  delete(key: string): void;
  /** Everything there is has been handed in. Called after every list. */
  synced(): void;
}

/** What a Replica needs. */
export interface ReplicaOptions {
  readonly handler: ResourceHandler;
  /** The objects' name for messages, in the plural: `EndpointSlices`. */
  readonly what: string;
  readonly counters: WatchCounters;
  readonly clock: Clock;
  readonly log: Logger;
}

/** A change of one object. */
type Change = Extract<WatchEvent, { type: 'set' | 'delete' }>;

/**
 * What a handler has been given, kept as the version of each object, and how far in the server's history that is. Lists and
 * events are compared with it: what is new is handed in, what is gone is deleted, what is the same is left out, and
 * what cannot be is a Trouble.
 */
export class Replica {
  readonly #options: ReplicaOptions;
  readonly #known = new KnownVersions();
  #position = 0;
  /** Whether an object of the version that is known is the object that is known. */
  #trusting = true;
  /** Whether the list that is being read has objects that cannot be named. */
  #unnamed = false;

  constructor(options: ReplicaOptions) {
    this.#options = options;
  }

  /** The version to watch from; 0 before the first list. */
  get position(): number {
    return this.#position;
  }

  /** Whether a list has begun and not ended. */
  get listing(): boolean {
    return this.#known.listing;
  }

  /** Throws Trouble `backwards` where the server is at a version before the position. */
  compare(version: number): void {
    if (version < this.#position) throw this.#backwards(this.#position, version);
  }

  /** Has the next list handed in as a whole: the server may have given out versions twice. */
  mistrust(): void {
    this.#trusting = false;
  }

  /** Begins a list, or begins it anew. */
  beginList(): void {
    this.#unnamed = false;
    this.#known.beginList();
  }

  /** Takes an object of a list. */
  list(item: unknown): void {
    const identity = isObject(item) ? identify(item) : undefined;
    if (identity === undefined) {
      const { what, counters, log } = this.#options;
      this.#unnamed = true;
      counters.unnamed += 1;
      log.error({ what }, `expected ${what}, got an object without name; it is passed over`);
    } else {
      this.#pass(identity, item as object);
    }
  }

  /**
   * Ends a list, which told of everything as it was in a version: what it did not have is deleted. Throws Trouble
   * `backwards` where that version lies before the position.
   */
  endList(version: number): void {
    const { handler, clock, counters } = this.#options;
    const before = this.#position;
    // An object without name may be any of those that were not found.
    for (const key of this.#known.endList(!this.#unnamed)) {
      counters.events += 1;
      handler.delete(key);
    }
    this.#position = version;
    if (this.#trusting && version < before) throw this.#backwards(before, version);
    this.#trusting = true;
    counters.lists += 1;
    counters.lastSync = clock.now();
    handler.synced();
  }

  /** Takes an event of a watch, or of a list that is streamed. Throws Trouble where the watch cannot be gone on with. */
  take(event: WatchEvent): void {
    const { what, clock, counters } = this.#options;
    counters.lastEvent = clock.now();
    switch (event.type) {
      case 'set':
      case 'delete':
        if (this.listing) this.#takeListed(event);
        else this.#change(event);
        return;
      case 'bookmark':
        counters.bookmarks += 1;
        this.#bookmark(event.version, event.listed);
        return;
      case 'error':
        throw statusTrouble(event.status, `events of ${what}`);
      default:
        throw new Trouble(
          event.type,
          `expected an event of ${what}, got ${event.got}; it is asked for again`,
        );
    }
  }

  /** Such events come in no order of versions. */
  #takeListed(event: Change): void {
    if (event.type === 'set') this.#pass(event, event.object);
    else this.#remove(event.key);
  }

  #change(event: Change): void {
    const known = this.#known.get(event.key);
    const passed = event.version <= this.#position;
    if (event.type === 'set' ? known === event.version : passed && known === undefined) {
      this.#options.counters.duplicates += 1;
    } else if (passed) {
      throw this.#disorder(event);
    } else if (event.type === 'delete') {
      this.#remove(event.key);
    } else {
      this.#pass(event, event.object);
    }
    this.#position = Math.max(this.#position, event.version);
  }

  #bookmark(version: number, listed: boolean): void {
    if (this.listing) {
      if (!listed) throw this.#unending();
      this.endList(version);
    } else {
      this.compare(version);
      this.#position = version;
    }
  }

  #pass({ key, version }: Identity, object: object): void {
    const { counters, handler } = this.#options;
    const same = this.#trusting && version !== 0 && this.#known.get(key) === version;
    this.#known.set(key, version);
    if (same) {
      counters.duplicates += 1;
    } else {
      counters.events += 1;
      handler.set(key, object);
    }
  }

  #remove(key: string): void {
    if (this.#known.get(key) === undefined) return;
    this.#known.delete(key);
    this.#options.counters.events += 1;
    this.#options.handler.delete(key);
  }

  #unending(): Trouble {
    return new Trouble(
      'unsupported',
      `expected a streamed list of ${this.#options.what}, got a bookmark that does not end it; they are listed in pages`,
    );
  }

  #disorder({ key, version }: Identity): Trouble {
    return new Trouble(
      'disorder',
      `expected an event of ${this.#options.what} after version ${this.#position}, got ${key} in version ${version}; all are listed again`,
    );
  }

  #backwards(expected: number, got: number): Trouble {
    return new Trouble(
      'backwards',
      `expected version ${expected} of ${this.#options.what} or a later one, got ${got}, as after a restoration from a backup; all are listed again`,
    );
  }
}
