import type { NodeFacts } from '../model/node-facts.ts';
import type { PlannerOptions } from '../model/planner-options.ts';
import type { Problem } from '../model/problem.ts';
import type { Service } from '../model/service.ts';
import { annotationProblems } from './annotations.ts';
import { refusedAddresses } from './refused-addresses.ts';

/**
 * Everything in a service that is not followed on this node, to be told to whoever wrote it. A pure function; what it
 * gives changes with the service, the node's addresses and the configuration, never with endpoints.
 */
export function serviceProblems(service: Service, node: NodeFacts, options: PlannerOptions): Problem[] {
  return [...annotationProblems(service, options), ...refusedAddresses(service, node, options)];
}
