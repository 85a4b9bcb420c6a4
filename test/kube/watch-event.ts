import type { Status } from './status.ts';

/** One line of a watch. */
export interface WatchEvent {
  readonly type: string;
  /** An object, a table of one, the `Status` of an ERROR, or the stump of a BOOKMARK. */
  readonly object: object;
}

/** The event that ends a watch in trouble. */
export function errorEvent(status: Status): WatchEvent {
  return { type: 'ERROR', object: status };
}
