import type { Change } from './history.ts';
import type { ListOptions } from './list-options.ts';
import { listPage, type ListScope } from './listing.ts';
import type { KubeObject } from './object.ts';
import { apiVersionOf } from './resource-type.ts';
import { tooLarge, tooOld } from './status.ts';
import type { Store } from './store.ts';
import type { WatchEvent } from './watch-event.ts';

/** What a watch gives its events to. */
export interface WatchSink {
  event(event: WatchEvent): void;
  end(): void;
}

const endOfInitialEvents = { 'k8s.io/initial-events-end': 'true' };

/**
 * One watch: what happens behind a revision, as seen through a selector. An object that begins to match was added, one
 * that ceases to was deleted. A revision that is yet to come is no error: nothing is told until it has passed.
 */
export class Watch {
  readonly #store: Store;
  readonly #scope: ListScope;
  readonly #options: ListOptions;
  readonly #sink: WatchSink;
  #revision: number;
  #unsubscribe: (() => void) | undefined;
  #timer: NodeJS.Timeout | undefined;

  /** Throws 410 for a revision that was compacted, and 504 where initial events newer than the store are asked for. */
  constructor(store: Store, scope: ListScope, options: ListOptions, sink: WatchSink) {
    this.#store = store;
    this.#scope = scope;
    this.#options = options;
    this.#sink = sink;
    this.#revision = options.resourceVersion ?? 0;
    if (this.#isInitial) {
      if (this.#revision > store.revision) throw tooLarge(this.#revision, store.revision);
    } else if (this.#revision < store.history.oldest) {
      throw tooOld(this.#revision, store.history.oldest);
    }
  }

  /** Sends what there is to send and goes on until the time is up, or `stop` is called. */
  start(): void {
    if (this.#isInitial) this.#sendInitial();
    else for (const change of this.#store.history.since(this.#revision)) this.#take(change);
    this.#unsubscribe = this.#store.subscribe((change) => {
      this.#take(change);
    });
    // As with the API server, no time is as good as none given.
    const timeoutSeconds = this.#options.timeoutSeconds === 0 ? 1800 : (this.#options.timeoutSeconds ?? 1800);
    this.#timer = setTimeout(() => {
      this.stop();
      this.#sink.end();
    }, timeoutSeconds * 1000);
  }

  /** Sends no more. The sink is not ended. */
  stop(): void {
    this.#unsubscribe?.();
    clearTimeout(this.#timer);
  }

  /** Tells how far the watch has come, if bookmarks are allowed. */
  bookmark(): void {
    if (this.#options.bookmarks) this.#sendBookmark({});
  }

  /** Whether the state comes before its changes: asked for, or implied by a version that is missing or 0. */
  get #isInitial(): boolean {
    return this.#options.sendInitialEvents || this.#revision === 0;
  }

  #sendInitial(): void {
    const { items, resourceVersion } = listPage(
      this.#store,
      { ...this.#scope, behind: 0 },
      {
        ...this.#options,
        resourceVersion: undefined,
        match: undefined,
        limit: 0,
      },
    );
    this.#revision = Number(resourceVersion);
    for (const object of items) this.#sink.event({ type: 'ADDED', object });
    if (this.#options.sendInitialEvents && this.#options.bookmarks) this.#sendBookmark(endOfInitialEvents);
  }

  #take(change: Change): void {
    if (change.revision <= this.#revision) return;
    this.#revision = change.revision;
    if (change.storage !== this.#scope.type.storage) return;
    const matched = change.previous !== undefined && this.#matches(change.previous);
    const matches = change.type !== 'DELETED' && this.#matches(change.object);
    if (matches) this.#sink.event({ type: matched ? 'MODIFIED' : 'ADDED', object: change.object });
    else if (matched) this.#sink.event({ type: 'DELETED', object: departed(change) });
  }

  #matches(object: KubeObject): boolean {
    const { namespace, selector } = this.#scope;
    return (namespace === '' || object.metadata.namespace === namespace) && selector(object);
  }

  #sendBookmark(annotations: Readonly<Record<string, string>>): void {
    const { type } = this.#scope;
    this.#sink.event({
      type: 'BOOKMARK',
      object: {
        kind: type.kind,
        apiVersion: apiVersionOf(type),
        metadata: {
          resourceVersion: String(this.#revision),
          creationTimestamp: null,
          ...(Object.keys(annotations).length > 0 && { annotations }),
        },
      },
    });
  }
}

/** What a DELETED event shows: the last state that the watch knew, with the revision at which it ceased to match. */
function departed({ object, previous = object }: Change): KubeObject {
  return {
    ...previous,
    metadata: { ...previous.metadata, resourceVersion: object.metadata.resourceVersion ?? '' },
  };
}
