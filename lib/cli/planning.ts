import type { Catalog } from '../catalog/catalog.ts';
import type { Configuration } from '../config/configuration.ts';
import { plannerOptions } from '../config/planning.ts';
import type { NodeFacts } from '../model/node-facts.ts';
import type { BasePlan, ServicePlan } from '../model/plan.ts';
import type { PlannerOptions } from '../model/planner-options.ts';
import type { ServiceKey } from '../model/service.ts';
import { planBase } from '../planner/base-plan.ts';
import { planService } from '../planner/service-plan.ts';
import { hostFacts } from './host.ts';

/** Plans what this node's kernel should hold, for the services of a catalog. */
export interface Planning {
  readonly options: PlannerOptions;
  readonly base: BasePlan;
  /** The node's own addresses may change while the program runs. */
  node: NodeFacts;
  /** `undefined` where there is no such service. */
  plan(service: ServiceKey): ServicePlan | undefined;
}

/** @param randomFully whether this machine's iptables knows `--random-fully` */
export async function createPlanning(
  configuration: Configuration,
  catalog: Pick<Catalog, 'get'>,
  randomFully: boolean,
): Promise<Planning> {
  const options = plannerOptions(configuration, await hostFacts(randomFully));
  const planning: Planning = {
    options,
    base: planBase(options),
    node: { name: configuration.nodeName, addresses: [], zone: '' },
    plan(service) {
      const state = catalog.get(service);
      return state && planService(state, planning.node, options);
    },
  };
  return planning;
}
