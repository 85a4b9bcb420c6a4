import type { NodeFacts } from '../model/node-facts.ts';
import type { TrafficPolicy } from '../model/service.ts';
import { clusterEndpointsOf, localEndpointsOf } from './endpoint-choice.ts';
import { isLastResort, type PortEndpoint } from './endpoints.ts';

/** Why traffic goes to an endpoint, or does not. */
export type EndpointVerdict =
  | 'chosen'
  /** It terminates and still serves, and none is ready. */
  | 'last-resort'
  | 'not-ready'
  /** It terminates, and others are ready. */
  | 'terminating'
  /** The policy asks for endpoints of this node. */
  | 'other-node'
  /** Every endpoint is hinted for nodes or zones, and others for this node or its zone. */
  | 'hinted-elsewhere';

/** An endpoint with what is to be said of it. */
export interface JudgedEndpoint extends PortEndpoint {
  readonly verdict: EndpointVerdict;
}

/** Says of every endpoint of a service port whether a policy chooses it, and why. The order stays. */
export function judgeEndpoints(
  endpoints: readonly PortEndpoint[],
  policy: TrafficPolicy,
  node: NodeFacts,
): JudgedEndpoint[] {
  const choice = policy === 'Local' ? localEndpointsOf(endpoints) : clusterEndpointsOf(endpoints, node);
  const chosen = new Set(choice);
  return endpoints.map((one) => ({
    ...one,
    verdict: chosen.has(one) ? reasonFor(one) : reasonAgainst(one, policy),
  }));
}

function reasonFor({ endpoint }: PortEndpoint): EndpointVerdict {
  return endpoint.ready ? 'chosen' : 'last-resort';
}

function reasonAgainst(one: PortEndpoint, policy: TrafficPolicy): EndpointVerdict {
  if (policy === 'Local' && !one.local) return 'other-node';
  if (isLastResort(one)) return 'terminating';
  return one.endpoint.ready ? 'hinted-elsewhere' : 'not-ready';
}
