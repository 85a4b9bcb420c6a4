import type { PlannerOptions } from '../model/planner-options.ts';
import type { Service } from '../model/service.ts';
import type { VirtualServer } from '../model/virtual-server.ts';
import { virtualServerFlags } from '../model/virtual-server.ts';

/** How a service's virtual servers spread their connections: the same for every one of them. */
export type Scheduling = Pick<VirtualServer, 'scheduler' | 'flags' | 'timeout'>;

/** The scheduling of a service: the scheduler of the configuration, and the affinity that the service asks for. */
export function schedulingOf(service: Service, options: PlannerOptions): Scheduling {
  const { scheduler } = options;
  const timeout = service.affinityTimeout;
  let flags = timeout > 0 ? virtualServerFlags.persistent : 0;
  if (scheduler === 'mh') {
    // mh-port: without it every connection of one client goes to one real server.
    flags |= virtualServerFlags.schedulerFlag2;
  }
  return { scheduler, flags, timeout };
}
