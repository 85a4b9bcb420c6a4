/** Something that a person wrote and that cannot be used, told so that they can mend it. */
export interface Problem {
  /** Where it stands: `web.yaml:12`, `--ipvs-scheduler`. */
  readonly where: string;
  /** The object, where there is one: `Service default/web`. */
  readonly object?: string;
  /** The field, where there is one: `spec.ports[0].port`. */
  readonly field?: string;
  readonly expected: string;
  readonly got: string;
  /** What to do, in the imperative. */
  readonly hint: string;
  /** `error`: the object is not used as written; `warning`: it is used, with the reading that `hint` tells. */
  readonly severity: 'error' | 'warning';
  /**
   * Which one it is, where it is told apart from others: an address of a family that is not wanted, or one of a node, which
   * a controller has written of every load balancer, so that it says nothing of this one.
   */
  readonly code?: 'wrong-family' | 'node-address';
}

/** One line for a log or a terminal: `web.yaml:12: Service default/web: spec.ports[0].port: expected …, got …; …`. */
export function formatProblem(problem: Problem): string {
  const place = [problem.where, problem.object, problem.field]
    .filter((part) => part !== undefined)
    .join(': ');
  return `${place}: expected ${problem.expected}, got ${problem.got}; ${problem.hint}`;
}
