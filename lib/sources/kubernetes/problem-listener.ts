import type { Problem } from '../../model/problem.ts';
import type { ServiceKey } from '../../model/service.ts';

/** What is wrong with one object of a service. */
export interface ObjectProblems {
  /** The object: `Service default/web`, `EndpointSlice default/web-1`. */
  readonly object: string;
  /** The service that it is, or is a part of. */
  readonly service: ServiceKey;
  /** All that is wrong with it now; empty where it has been mended or is gone. */
  readonly problems: readonly Problem[];
}

/** Told of every object whose problems become others. Must not throw. */
export type ProblemListener = (problems: ObjectProblems) => void;
