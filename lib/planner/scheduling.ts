import type { PlannerOptions } from '../model/planner-options.ts';
import type { RealServer } from '../model/real-server.ts';
import type { Service } from '../model/service.ts';
import type { VirtualServer } from '../model/virtual-server.ts';
import { virtualServerFlags } from '../model/virtual-server.ts';
import type { Tuning } from './annotations.ts';

/** How a service's virtual servers spread their connections: the same for every one of them. */
export type Scheduling = Pick<VirtualServer, 'scheduler' | 'flags' | 'timeout'> &
  Pick<RealServer, 'weight' | 'upperThreshold' | 'lowerThreshold'>;

/** The weight of a real server of a service in which new ones begin with a part of it. */
const slowStartWeight = 10;

/** The scheduling of a service: what its annotations ask for, or else the configuration, and the affinity that it asks for. */
export function schedulingOf(service: Service, tuning: Tuning, options: PlannerOptions): Scheduling {
  const scheduler = tuning.scheduler ?? options.scheduler;
  const timeout = service.affinityTimeout;
  const affinity = timeout > 0 ? virtualServerFlags.persistent : 0;
  return {
    scheduler,
    flags: affinity | (tuning.schedulerFlags ?? usualFlags(scheduler)),
    timeout,
    weight: tuning.slowStart === undefined ? 1 : slowStartWeight,
    upperThreshold: tuning.upperThreshold ?? 0,
    lowerThreshold: tuning.lowerThreshold ?? 0,
  };
}

/** mh-port: without it every connection of one client goes to one real server. */
function usualFlags(scheduler: string): number {
  return scheduler === 'mh' ? virtualServerFlags.schedulerFlag2 : 0;
}
