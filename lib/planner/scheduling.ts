import type { PlannerOptions } from '../model/planner-options.ts';
import type { RealServer } from '../model/real-server.ts';
import type { Service } from '../model/service.ts';
import type { VirtualServer } from '../model/virtual-server.ts';
import { virtualServerFlags } from '../model/virtual-server.ts';
import type { Tuning } from './annotations.ts';
import type { PortEndpoint } from './endpoints.ts';
import { type Weights, weightOf } from './weights.ts';

/** How a service's virtual servers spread their connections: the same for every one of them. */
export type Scheduling = Pick<VirtualServer, 'scheduler' | 'flags' | 'timeout'> &
  Pick<RealServer, 'upperThreshold' | 'lowerThreshold'> & {
    /** By which every weight is multiplied, so that there are steps between nothing and all of it. */
    readonly scale: number;
    /** Left out where every endpoint has the same. */
    readonly weights: Weights | undefined;
    /** The zone of the node, from which weights are seen. */
    readonly zone: string;
  };

/** How much a weight of 1 becomes where new real servers begin with a part of it. */
const slowStartScale = 10;

/** The scheduling of a service: what its annotations ask for, or else the configuration, and the affinity that it asks for. */
export function schedulingOf(
  service: Service,
  tuning: Tuning,
  options: PlannerOptions,
  zone: string,
): Scheduling {
  const scheduler = tuning.scheduler ?? options.scheduler;
  const timeout = service.affinityTimeout;
  const affinity = timeout > 0 ? virtualServerFlags.persistent : 0;
  return {
    scheduler,
    flags: affinity | (tuning.schedulerFlags ?? usualFlags(scheduler)),
    timeout,
    scale: tuning.slowStart === undefined ? 1 : slowStartScale,
    weights: tuning.weights,
    zone,
    upperThreshold: tuning.upperThreshold ?? 0,
    lowerThreshold: tuning.lowerThreshold ?? 0,
  };
}

/** The weight of an endpoint's real server. */
export function realServerWeight({ weights, scale, zone }: Scheduling, one: PortEndpoint): number {
  return weights === undefined ? scale : scale * weightOf(weights, one, zone);
}

/**
 * The flags of a scheduler that hashes. Fallback, for the table of one that hashes clients has draining real servers too:
 * without it whoever is hashed to one is refused for as long as it drains. mh-port, as in kube-proxy: without it every
 * connection of one client goes to one real server.
 */
function usualFlags(scheduler: string): number {
  const { schedulerFlag1: fallback, schedulerFlag2: port } = virtualServerFlags;
  if (scheduler === 'mh') return fallback | port;
  return scheduler === 'sh' ? fallback : 0;
}

/**
 * Milliseconds that real servers of a service may drain; `undefined` for as long as the configuration says. None with
 * dh, which has no fallback: every client of an address is hashed to one real server, and all of them would be refused
 * while it drains.
 */
export function drainTimeoutOf({ drainTimeout }: Tuning, { scheduler }: Scheduling): number | undefined {
  return drainTimeout ?? (scheduler === 'dh' ? 0 : undefined);
}
