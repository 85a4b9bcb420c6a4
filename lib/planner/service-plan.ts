import { familyOf } from '../model/family.ts';
import type { NodeFacts } from '../model/node-facts.ts';
import type { ServicePlan } from '../model/plan.ts';
import type { PlannerOptions } from '../model/planner-options.ts';
import type { ServiceState } from '../model/service-state.ts';
import { bindAddress } from './addresses.ts';
import { planClusterIp } from './cluster-ips.ts';
import { endpointsOf, readyOf } from './endpoints.ts';
import { planHairpin } from './hairpin.ts';
import { planNodePort } from './node-ports.ts';
import { PlanDraft } from './plan-draft.ts';
import type { PlannedPort } from './planned-port.ts';
import { schedulingOf } from './scheduling.ts';

/**
 * What a node's kernel should hold for one service. A pure function: equal arguments give equal plans, and the order of
 * slices and of endpoints in them makes no difference. A family in which the service has no cluster IP, or which is not
 * among `options.families`, has no part in the plan. A service without endpoints is planned without real servers, so
 * that the kernel refuses its connections.
 */
export function planService(
  { service, slices }: ServiceState,
  node: NodeFacts,
  options: PlannerOptions,
): ServicePlan {
  const draft = new PlanDraft();
  const scheduling = schedulingOf(service, options);
  for (const clusterIp of service.clusterIPs) {
    const family = familyOf(clusterIp);
    if (!options.families.includes(family)) {
      continue;
    }
    bindAddress(draft, family, clusterIp);
    for (const port of service.ports) {
      const endpoints = readyOf(endpointsOf(slices, port, family, node.name));
      const planned: PlannedPort = { family, port, scheduling, endpoints };
      planClusterIp(draft, planned, clusterIp);
      planNodePort(draft, planned, node);
      planHairpin(draft, planned);
    }
  }
  return draft.finish(service);
}
