import type { Catalog } from '../../lib/catalog/catalog.ts';
import type { BasePlan, ServicePlan } from '../../lib/model/plan.ts';
import type { PlannerOptions } from '../../lib/model/planner-options.ts';
import type { ServiceKey } from '../../lib/model/service.ts';
import { planBase } from '../../lib/planner/base-plan.ts';
import { planService } from '../../lib/planner/service-plan.ts';
import type { Log } from '../../lib/reconciler/log.ts';

const options: PlannerOptions = {
  families: ['IPv4'],
  scheduler: 'rr',
  masqueradeAll: false,
  masqueradeBit: 14,
  randomFully: false,
  localTraffic: { by: 'nothing' },
  strictArp: false,
  kernel: { major: 6, minor: 1 },
};

/** What the measured node has whatever services there are. */
export const basePlan: BasePlan = planBase(options);

/** Plans services of a catalog for the measured node. */
export function planFrom(catalog: Catalog): (service: ServiceKey) => ServicePlan | undefined {
  const node = { name: 'measured', addresses: ['192.168.111.128'], zone: '' };
  return (service) => {
    const state = catalog.get(service);
    return state === undefined ? undefined : planService(state, node, options);
  };
}

const nothing = (): void => undefined;

/** A log that nobody reads. */
export const silent: Log = { debug: nothing, info: nothing, warn: nothing, error: nothing };
