import type { RulePlace } from './step.ts';

/** A rule of others that could not be judged, and was taken for one that does not match. */
export interface Doubt {
  readonly place: RulePlace;
  /** What of it is not known: `-m statistic`, `-j TPROXY`. */
  readonly part: string;
}
