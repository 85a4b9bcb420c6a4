import type { Labels } from '../../model/label-selector.ts';
import type { ServiceKey } from '../../model/service.ts';

/** The way to a field inside an object: `['spec', 'ports', 0, 'port']`. */
export type FieldPath = readonly (string | number)[];

/** Something in one field of an object that cannot be used as written. `Problem` without the place it was read from. */
export interface FieldProblem {
  /** Empty for the object as a whole. */
  readonly path: FieldPath;
  readonly expected: string;
  readonly got: string;
  /** What to do, in the imperative. */
  readonly hint: string;
  readonly severity: 'error' | 'warning';
  /** See `Problem.code`. */
  readonly code?: 'wrong-family';
}

/**
 * What became of one object. Exactly one of three: it has a value; it was skipped on purpose, which is no problem and
 * takes away what an earlier version of it asked for; or it has neither, is invalid, and the last good version of it
 * should stay in force. Each may come with problems: parts that were left out (`error`) or read kindly (`warning`).
 */
export interface Decoded<T> {
  readonly value?: T;
  /** Why nothing is programmed: `headless`, `ExternalName`, … */
  readonly skipped?: string;
  readonly problems: readonly FieldProblem[];
}

/** Told of the labels of every Service that is read and can be used. */
export type LabelListener = (service: ServiceKey, labels: Labels) => void;

/** How strictly to read, and who is told of what no object keeps. */
export interface DecodeOptions {
  /**
   * Warn of fields that the API type does not have. Wanted where people write the objects; an API server has dropped
   * such fields already, and newer servers have more of them.
   */
  readonly unknownFields: 'warn' | 'accept';
  readonly labelled?: LabelListener | undefined;
}

/** A path as people write it: `spec.ports[0].port`, `metadata.labels["kubernetes.io/service-name"]`. */
export function formatPath(path: FieldPath): string {
  return path.map((step, index) => formatStep(step, index === 0)).join('');
}

function formatStep(step: string | number, first: boolean): string {
  if (typeof step === 'number') return `[${step}]`;
  if (!/^[A-Za-z_]\w*$/.test(step)) return `[${JSON.stringify(step)}]`;
  return first ? step : `.${step}`;
}
