import type { IpFamily } from '../model/family.ts';
import type { ServicePort } from '../model/service.ts';
import type { PortEndpoint } from './endpoints.ts';
import type { Scheduling } from './scheduling.ts';

/** One port of a service in one family, with all that its virtual servers have in common. */
export interface PlannedPort {
  readonly family: IpFamily;
  readonly port: ServicePort;
  readonly scheduling: Scheduling;
  /** Those that traffic goes to, in the order in which the kernel should learn them. */
  readonly endpoints: readonly PortEndpoint[];
}

/**
 * Where traffic that comes to a service from outside goes to.
 *
 * - `anywhere`: to endpoints of any node; it is masqueraded, so that the answers come back by this node.
 * - `local`: to endpoints of this node, which see where it came from.
 * - `refused`: nowhere, for the policy asks for endpoints of this node and there is none. Clients within the cluster
 *   alone get through, masqueraded, to endpoints of other nodes.
 */
export type Reach = 'anywhere' | 'local' | 'refused';

/** A service port as it is reached from outside: by node port, external IP or load balancer. */
export interface ExternalPort extends PlannedPort {
  readonly reach: Reach;
}
