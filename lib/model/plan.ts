import type { BoundAddress } from './bound-address.ts';
import type { IpFamily } from './family.ts';
import type { FirewallProgram } from './firewall-program.ts';
import type { IpSet, SetEntry } from './ip-set.ts';
import type { RealServer } from './real-server.ts';
import type { ServiceKey } from './service.ts';
import type { Sysctl } from './sysctl.ts';
import type { VirtualServer } from './virtual-server.ts';

/** A virtual server with the real servers behind it: the unit that two services can contend for. */
export interface PlannedVirtualServer {
  readonly server: VirtualServer;
  /** In the order in which the kernel should learn them. */
  readonly realServers: readonly RealServer[];
  /**
   * Set entries by which packets to it are treated, in force where the service has the virtual server: those of others
   * that want it must not say what becomes of its packets. Left out where there are none but those of the plan.
   */
  readonly setEntries?: readonly SetEntry[] | undefined;
}

/** A traffic policy `Local` of a service that has endpoints, and none of them on this node. */
export interface MissingLocalEndpoints {
  readonly family: IpFamily;
  readonly policy: 'internal' | 'external';
}

/** What the health check server of a service answers (`healthCheckNodePort`). */
export interface ServiceHealth {
  readonly port: number;
  /** Number of ready endpoints on this node: those that terminate do not count, though traffic may still go to them. */
  readonly localEndpoints: number;
}

/** What the kernel should hold for one service on this node. Nothing is listed twice. */
export interface ServicePlan {
  readonly service: ServiceKey;
  /** From `Service.created`: of two plans that want one virtual server the older wins, then the smaller key. */
  readonly created: number;
  readonly virtualServers: readonly PlannedVirtualServer[];
  readonly setEntries: readonly SetEntry[];
  readonly addresses: readonly BoundAddress[];
  /** At most one a family and policy. Left out where there is none. */
  readonly missingLocal?: readonly MissingLocalEndpoints[] | undefined;
  /** Left out where no health check port is allocated. */
  readonly health?: ServiceHealth | undefined;
  /** Milliseconds that a real server may keep its connections when it goes; left out for the usual time. */
  readonly drainTimeout?: number | undefined;
  /** Milliseconds until a real server that is new among others has its whole weight; left out where it has at once. */
  readonly slowStart?: number | undefined;
}

/** What the kernel should hold whatever services there are: a function of the configuration alone. */
export interface BasePlan {
  readonly sysctls: readonly Sysctl[];
  readonly sets: readonly IpSet[];
  readonly firewall: readonly FirewallProgram[];
}
