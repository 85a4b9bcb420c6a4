import { familyOf } from '../../model/family.ts';
import type { MissingLocalEndpoints, ServicePlan } from '../../model/plan.ts';
import type { PlannerOptions } from '../../model/planner-options.ts';
import type { Service } from '../../model/service.ts';
import type { Reach } from '../../planner/planned-port.ts';
import type { Way } from './way.ts';

/** What a reach is told with. */
export interface ReachFacts {
  readonly service: Service;
  readonly plan: ServicePlan;
}

/** Who is served at a way, and by which endpoints. */
export function reachWords(way: Way, reach: 'inside' | Reach, facts: ReachFacts): string {
  const planned = facts.plan.virtualServers.find(({ server }) => server.key === way.key);
  if (planned?.realServers.length === 0) {
    return lacksLocal(way, 'internal', facts) && reach === 'inside'
      ? 'nobody: the internal traffic policy is Local, and no endpoint is on this node; it is refused'
      : 'nobody: there is no endpoint to serve it; it is refused';
  }
  return `${everyoneWords(way, reach, facts)}${sourceWords(way, facts)}`;
}

function everyoneWords(way: Way, reach: 'inside' | Reach, facts: ReachFacts): string {
  switch (reach) {
    case 'inside':
      return facts.service.internalTrafficPolicy === 'Local'
        ? 'endpoints of this node alone (internal traffic policy Local)'
        : 'endpoints of any node';
    case 'anywhere':
      return 'endpoints of any node';
    case 'refused':
      return (
        'clients of the cluster alone, by endpoints of other nodes: the external traffic policy is Local and no ' +
        'endpoint is on this node, so clients outside are refused'
      );
    case 'local':
      return lacksLocal(way, 'external', facts)
        ? 'endpoints of other nodes: the external traffic policy is Local, no endpoint is on this node, and clients ' +
            'outside cannot be told from those of the cluster, so their answers find no way back'
        : 'endpoints of this node alone (external traffic policy Local)';
  }
}

function lacksLocal(
  { family }: Way,
  policy: MissingLocalEndpoints['policy'],
  { plan: { missingLocal = [] } }: ReachFacts,
): boolean {
  return missingLocal.some((one) => one.family === family && one.policy === policy);
}

function sourceWords({ kind, family }: Way, { service }: ReachFacts): string {
  const ranges = service.loadBalancerSourceRanges.filter((cidr) => familyOf(cidr) === family);
  return kind !== 'load balancer' || ranges.length === 0 ? '' : `; for clients of ${ranges.join(', ')} alone`;
}

/** Whose source address endpoints do not see, for a node's address stands in its place. */
export function maskedClients(way: Way, reach: 'inside' | Reach, options: PlannerOptions): string {
  const itself = 'an endpoint of this node that asks itself';
  if (reach === 'local') return `nobody but ${itself}`;
  if (reach !== 'inside' || options.masqueradeAll) return 'everybody';
  return `${outsiders(way, options)}, and ${itself}`;
}

function outsiders({ family }: Way, { localTraffic }: PlannerOptions): string {
  if (localTraffic.by === 'interface') return `who does not come in by ${localTraffic.pattern}`;
  const cidr =
    localTraffic.by === 'source' ? localTraffic.cidrs.find((one) => familyOf(one) === family) : undefined;
  return cidr === undefined ? 'what this node sends from an address of a Service' : `who is not in ${cidr}`;
}
