import type { Outlet } from './outlet.ts';
import { matchesRequest, type RequestMatch, type SeenRequest } from './request-match.ts';
import { type Random, seededRandom } from './random.ts';
import { type EventFault, EventSpoiler } from './event-fault.ts';
import { CuttingOutlet, DrippingOutlet, GarblingOutlet, SilentOutlet } from './spoilt-outlet.ts';
import type { WatchEvent } from './watch-event.ts';

/** What the server does wrong. */
export type Misbehaviour =
  /** Never answers. */
  | { readonly kind: 'hang' }
  /** Ends the connection without an answer. */
  | { readonly kind: 'disconnect' }
  /** Falls silent after that many bytes of the body, 0 unless told, and keeps the connection open. */
  | { readonly kind: 'half-open'; readonly afterBytes?: number }
  /** Ends the connection after that many bytes of the body. */
  | { readonly kind: 'cut'; readonly afterBytes: number }
  /** Answers with an error instead. */
  | {
      readonly kind: 'refuse';
      readonly code: number;
      readonly reason?: string;
      readonly message?: string;
      readonly retryAfterSeconds?: number;
    }
  /** Sends the body in small pieces with pauses. */
  | { readonly kind: 'drip'; readonly bytes: number; readonly everyMs: number }
  /** Sends something else than JSON, as a proxy in between does. */
  | { readonly kind: 'garble' }
  /** Sends no bookmarks, that at the end of a streamed list included. */
  | { readonly kind: 'no-bookmarks' }
  /** Answers gets and lists as it was that many revisions ago: a server that lags behind. */
  | { readonly kind: 'stale'; readonly behind: number }
  /** Spoils every n-th event of a watch, each one unless told. Bookmarks and errors are left alone. */
  | { readonly kind: 'events'; readonly fault: EventFault; readonly every?: number };

/** When the server does something wrong. */
export interface MisbehaviourRule {
  readonly match?: RequestMatch;
  readonly does: Misbehaviour;
  /** How many matching requests are spared first. */
  readonly after?: number;
  /** For how many requests; for ever unless told. */
  readonly times?: number;
  /** How likely it is for each, from 0 to 1; certain unless told. */
  readonly probability?: number;
}

interface ActiveRule {
  readonly rule: MisbehaviourRule;
  spared: number;
  done: number;
}

/** The rules in force. */
export class Misbehaviours {
  readonly #rules = new Set<ActiveRule>();
  readonly #random: Random;

  constructor(seed: number) {
    this.#random = seededRandom(seed);
  }

  /** Puts a rule in force. Returns what ends it. */
  add(rule: MisbehaviourRule): () => void {
    const active: ActiveRule = { rule, spared: 0, done: 0 };
    this.#rules.add(active);
    return () => {
      this.#rules.delete(active);
    };
  }

  /** Everything that is to go wrong with a request. */
  of(request: SeenRequest): readonly Misbehaviour[] {
    return [...this.#rules].filter((active) => this.#applies(active, request)).map(({ rule }) => rule.does);
  }

  #applies(active: ActiveRule, request: SeenRequest): boolean {
    const { match = {}, after = 0, times = Infinity, probability = 1 } = active.rule;
    if (active.done >= times || !matchesRequest(match, request)) return false;
    if (active.spared < after) {
      active.spared += 1;
      return false;
    }
    if (this.#random() >= probability) return false;
    active.done += 1;
    return true;
  }
}

/** Puts the outlets before the real one that spoil what is written. */
export function spoilOutlet(outlet: Outlet, misbehaviours: readonly Misbehaviour[]): Outlet {
  return misbehaviours.reduce((next: Outlet, does) => {
    if (does.kind === 'cut') return new CuttingOutlet(next, does.afterBytes);
    if (does.kind === 'half-open') return new SilentOutlet(next, does.afterBytes ?? 0);
    if (does.kind === 'garble') return new GarblingOutlet(next);
    if (does.kind === 'drip') return new DrippingOutlet(next, does.bytes, does.everyMs);
    return next;
  }, outlet);
}

/** What turns an event into the lines that are sent instead of it. */
export function eventSpoiler(
  misbehaviours: readonly Misbehaviour[],
  encode: (event: WatchEvent) => string,
): (event: WatchEvent) => readonly string[] {
  const does = misbehaviours.find((one) => one.kind === 'events');
  const spoiler = does && new EventSpoiler(does.fault, does.every ?? 1, encode);
  const silent = misbehaviours.some(({ kind }) => kind === 'no-bookmarks');
  return (event) => {
    if (silent && event.type === 'BOOKMARK') return [];
    return spoiler?.linesOf(event) ?? [encode(event)];
  };
}

/** How far behind the answer is to be. */
export function staleness(misbehaviours: readonly Misbehaviour[]): number {
  return misbehaviours.reduce(
    (most, does) => (does.kind === 'stale' ? Math.max(most, does.behind) : most),
    0,
  );
}
