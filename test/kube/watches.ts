import type { Texts } from './encoding.ts';
import type { ObjectForms } from './event-forms.ts';
import { type Call, scopeOf } from './handlers.ts';
import { parseListOptions } from './list-options.ts';
import { eventSpoiler, type Misbehaviour } from './misbehaviour.ts';
import { type KubeObject, isJsonObject } from './object.ts';
import type { Outlet } from './outlet.ts';
import type { ApiError } from './status.ts';
import type { Store } from './store.ts';
import { type TableForm, tableOf } from './table.ts';
import { errorEvent, type WatchEvent } from './watch-event.ts';
import { Watch } from './watching.ts';

/** How watches answer. */
export interface WatchOptions {
  /** Between two bookmarks. */
  readonly bookmarkMs: number;
  /** How a version that is gone is told: as HTTP 410, or as an ERROR event of an answer that is fine. */
  readonly expired: 'event' | 'response';
}

interface OpenWatch {
  readonly watch: Watch;
  readonly outlet: Outlet;
}

/** All watches that are open. */
export class Watches {
  readonly #store: Store;
  readonly #texts: Texts;
  readonly #forms: ObjectForms;
  readonly #options: WatchOptions;
  readonly #open = new Set<OpenWatch>();
  #timer: NodeJS.Timeout | undefined;

  constructor(store: Store, texts: Texts, forms: ObjectForms, options: WatchOptions) {
    this.#store = store;
    this.#texts = texts;
    this.#forms = forms;
    this.#options = options;
  }

  /** How many are open. */
  get count(): number {
    return this.#open.size;
  }

  /** Begins to send bookmarks now and then. */
  start(): void {
    this.#timer = setInterval(() => {
      this.bookmark();
    }, this.#options.bookmarkMs).unref();
  }

  /** Ends all watches without a word; their connections are for the caller to end. */
  stop(): void {
    clearInterval(this.#timer);
    for (const { watch } of this.#open) watch.stop();
    this.#open.clear();
  }

  /** Sends a bookmark to every watch that allows them. */
  bookmark(): void {
    for (const { watch } of this.#open) watch.bookmark();
  }

  /** Ends every watch with an ERROR event. */
  fail(error: ApiError): void {
    for (const open of [...this.#open]) {
      open.watch.stop();
      this.#open.delete(open);
      open.outlet.write(this.#encode(errorEvent(error.status)));
      open.outlet.end();
    }
  }

  /** Ends every watch as it ends when its time is up. */
  end(): void {
    for (const open of [...this.#open]) {
      open.watch.stop();
      this.#open.delete(open);
      open.outlet.end();
    }
  }

  /** Opens a watch on an outlet. Returns what ends it when its connection is gone. Throws before the head is sent. */
  open(call: Call, outlet: Outlet, misbehaviours: readonly Misbehaviour[]): () => void {
    const options = parseListOptions(call.query, true);
    const linesOf = eventSpoiler(misbehaviours, (event) => this.#encode(event));
    const shown = this.#shower(call);
    const open: OpenWatch = {
      outlet,
      watch: new Watch(this.#store, scopeOf(call, options, this.#forms), options, {
        event: (event) => {
          for (const line of linesOf(shown(event))) outlet.write(line);
        },
        end: () => {
          this.#open.delete(open);
          outlet.end();
        },
      }),
    };
    outlet.head(200, { 'content-type': 'application/json' });
    this.#open.add(open);
    open.watch.start();
    return () => {
      open.watch.stop();
      this.#open.delete(open);
    };
  }

  /** Answers an error: as event where it is an expired version and the server tells it so. False where it is not told. */
  tellExpired(error: ApiError, outlet: Outlet): boolean {
    if (error.code !== 410 || this.#options.expired === 'response') return false;
    outlet.head(200, { 'content-type': 'application/json' });
    outlet.write(this.#encode(errorEvent(error.status)));
    outlet.end();
    return true;
  }

  #encode(event: WatchEvent): string {
    return `{"type":${JSON.stringify(event.type)},"object":${this.#texts.of(event.object)}}\n`;
  }

  /** Turns the object of an event into what the client asked for. */
  #shower({ request: { type }, table }: Call): (event: WatchEvent) => WatchEvent {
    let first = true;
    return (event) => {
      if (!isObject(event)) return event;
      const object = this.#forms.as(event.object, type);
      if (!table) return object === event.object ? event : { ...event, object };
      const shown = tableOf(type, [object], versionOf(object), table satisfies TableForm, first);
      first = false;
      return { ...event, object: shown };
    };
  }
}

function isObject(event: WatchEvent): event is WatchEvent & { object: KubeObject } {
  return event.type !== 'BOOKMARK' && event.type !== 'ERROR' && isJsonObject(event.object);
}

function versionOf(object: KubeObject): object {
  return { resourceVersion: object.metadata.resourceVersion };
}
