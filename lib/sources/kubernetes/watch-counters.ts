import type { TroubleReason } from './trouble.ts';

/** What has happened to one list and watch since the start: for metrics to read, and for tests. */
export class WatchCounters {
  /** Changes of objects that were passed on. */
  events = 0;
  bookmarks = 0;
  /** Changes that were known already. */
  duplicates = 0;
  /** Lists that were read to their end. */
  lists = 0;
  /** Objects of lists that could not be named, and so not be passed on. */
  unnamed = 0;
  /** How often each trouble was met. */
  readonly troubles = new Map<TroubleReason, number>();
  /** How often everything had to be listed again, by the trouble that was the reason. */
  readonly relists = new Map<TroubleReason, number>();
  /** Whether a watch is open now. */
  watching = false;
  /** Milliseconds that reading and taking up what came has taken. */
  decoding = 0;
  /** When the last event or bookmark came, in milliseconds since the epoch. */
  lastEvent: number | undefined;
  /** When a list was last complete, in milliseconds since the epoch. */
  lastSync: number | undefined;

  /** Counts milliseconds of work; a clock that was put back meanwhile counts none. */
  worked(milliseconds: number): void {
    this.decoding += Math.max(0, milliseconds);
  }

  /** Counts one more of a reason. */
  add(counts: 'troubles' | 'relists', reason: TroubleReason): void {
    this[counts].set(reason, (this[counts].get(reason) ?? 0) + 1);
  }
}
