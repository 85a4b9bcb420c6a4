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
import type { SourceNode } from './service-source.ts';

/** Plans what this node's kernel should hold, for the services of a catalog. */
export interface Planning {
  readonly options: PlannerOptions;
  readonly base: BasePlan;
  /** The node's own addresses and its zone may change while the program runs. */
  node: NodeFacts;
  /** `undefined` where there is no such service. */
  plan(service: ServiceKey): ServicePlan | undefined;
}

/** What plans are made of. */
export interface PlanningOptions {
  readonly configuration: Configuration;
  readonly catalog: Pick<Catalog, 'get'>;
  /** What the source of the services tells of the node. */
  readonly node: SourceNode;
  /** Whether this machine's iptables knows `--random-fully`. */
  readonly randomFully: boolean;
}

/** Plans for this machine, whose addresses are yet to be told. */
export async function createPlanning(planned: PlanningOptions): Promise<Planning> {
  const { configuration, catalog, node } = planned;
  const host = await hostFacts(planned.randomFully);
  const options = plannerOptions(configuration, { ...host, podCidrs: node.podCidrs });
  const planning: Planning = {
    options,
    base: planBase(options),
    node: { name: configuration.nodeName, addresses: [], zone: node.zone },
    plan(service) {
      const state = catalog.get(service);
      return state && planService(state, planning.node, options);
    },
  };
  return planning;
}
