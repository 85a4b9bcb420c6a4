import type { Catalog } from '../catalog/catalog.ts';
import type { Configuration } from '../config/configuration.ts';
import { plannerOptions } from '../config/planning.ts';
import type { NodeFacts } from '../model/node-facts.ts';
import type { BasePlan, ServicePlan } from '../model/plan.ts';
import type { PlannerOptions } from '../model/planner-options.ts';
import type { Problem } from '../model/problem.ts';
import type { Service, ServiceKey } from '../model/service.ts';
import type { ServiceState } from '../model/service-state.ts';
import { schedulersNamedBy } from '../planner/annotations.ts';
import { planBase } from '../planner/base-plan.ts';
import { planService } from '../planner/service-plan.ts';
import { serviceProblems } from '../planner/service-problems.ts';
import { hostFacts } from './host.ts';
import type { KernelSchedulers } from './kernel-schedulers.ts';
import type { SourceNode } from './service-source.ts';

/** Plans what this node's kernel should hold, for the services of a catalog. */
export interface Planning {
  /** The schedulers that the kernel has are found out when services ask for them. */
  readonly options: PlannerOptions;
  readonly base: BasePlan;
  /** The node's own addresses, those that no service may take and its zone may change while the program runs. */
  node: NodeFacts;
  /** `undefined` where there is no such service. */
  plan(service: ServiceKey): ServicePlan | undefined;
  /** What is written in a service and not followed; nothing where there is no such service. */
  problems(service: ServiceKey): Problem[];
  /** Looks again for schedulers that were missing. Gives which of some services name one that is there now. */
  schedulersCome(services: Iterable<ServiceKey>): ServiceKey[];
}

/** What plans are made of. */
export interface PlanningOptions {
  readonly configuration: Configuration;
  readonly catalog: Pick<Catalog, 'get'>;
  /** What the source of the services tells of the node. */
  readonly node: SourceNode;
  /** Whether this machine's iptables knows `--random-fully`. */
  readonly randomFully: boolean;
  /** Where the schedulers of the kernel are found out. Left out, every one that a service asks for is planned. */
  readonly schedulers?: KernelSchedulers | undefined;
}

/** Plans for this machine, whose addresses are yet to be told. */
export async function createPlanning(planned: PlanningOptions): Promise<Planning> {
  const { configuration, node } = planned;
  const host = await hostFacts(planned.randomFully);
  const options = plannerOptions(configuration, { ...host, podCidrs: node.podCidrs });
  return new MachinePlanning(planned, options);
}

class MachinePlanning implements Planning {
  readonly base: BasePlan;
  node: NodeFacts;
  readonly #catalog: PlanningOptions['catalog'];
  readonly #schedulers: KernelSchedulers | undefined;
  #options: PlannerOptions;

  constructor({ configuration, catalog, node, schedulers }: PlanningOptions, options: PlannerOptions) {
    this.#catalog = catalog;
    this.#schedulers = schedulers;
    this.#options = options;
    this.base = planBase(options);
    this.node = {
      name: configuration.nodeName,
      addresses: [],
      zone: node.zone,
      statusAddresses: node.addresses,
    };
  }

  get options(): PlannerOptions {
    return this.#options;
  }

  plan(service: ServiceKey): ServicePlan | undefined {
    const state = this.#state(service);
    return state && planService(state, this.node, this.#options);
  }

  problems(service: ServiceKey): Problem[] {
    const state = this.#state(service);
    return state === undefined ? [] : serviceProblems(state.service, this.node, this.#options);
  }

  schedulersCome(services: Iterable<ServiceKey>): ServiceKey[] {
    const come = this.#schedulers?.askAgain() ?? [];
    if (come.length === 0) return [];
    this.#takeSchedulers();
    return [...services].filter((key) => {
      const service = this.#catalog.get(key)?.service;
      return service !== undefined && this.#named(service).some((name) => come.includes(name));
    });
  }

  /** A service, of which it is known whether the kernel has the schedulers that it names. */
  #state(service: ServiceKey): ServiceState | undefined {
    const state = this.#catalog.get(service);
    if (state === undefined || this.#schedulers === undefined) return state;
    for (const name of this.#named(state.service)) {
      if (this.#schedulers.ask(name)) this.#takeSchedulers();
    }
    return state;
  }

  #named(service: Service): string[] {
    return schedulersNamedBy(service, this.#options.scheduler);
  }

  #takeSchedulers(): void {
    this.#options = { ...this.#options, schedulers: this.#schedulers?.found ?? [] };
  }
}
