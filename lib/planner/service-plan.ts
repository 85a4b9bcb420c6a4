import { familyOf, type IpFamily } from '../model/family.ts';
import type { NodeFacts } from '../model/node-facts.ts';
import type { ServicePlan } from '../model/plan.ts';
import type { PlannerOptions } from '../model/planner-options.ts';
import type { ServicePort } from '../model/service.ts';
import type { ServiceState } from '../model/service-state.ts';
import { bindAddress, bindForeignAddress } from './addresses.ts';
import { tuningOf } from './annotations.ts';
import { planClusterIp } from './cluster-ips.ts';
import { clusterEndpointsOf, localEndpointsOf } from './endpoint-choice.ts';
import { endpointsOf, type PortEndpoint } from './endpoints.ts';
import { planExternalIp } from './external-ips.ts';
import { planHairpin } from './hairpin.ts';
import { healthOf } from './health-check.ts';
import { planLoadBalancer, sourceRangesOf } from './load-balancers.ts';
import { notLocal } from './local-traffic.ts';
import { planNodePort } from './node-ports.ts';
import { type OuterAddresses, outerAddressesOf } from './outer-addresses.ts';
import { PlanDraft } from './plan-draft.ts';
import type { ExternalPort, PlannedPort } from './planned-port.ts';
import { drainTimeoutOf, type Scheduling, schedulingOf } from './scheduling.ts';
import { inTurn, turnOf } from './turn.ts';

/** What everything that is planned for one service has in common. */
interface Context {
  readonly draft: PlanDraft;
  readonly state: ServiceState;
  readonly node: NodeFacts;
  readonly options: PlannerOptions;
  readonly scheduling: Scheduling;
  readonly turn: number | undefined;
}

/**
 * What a node's kernel should hold for one service. A pure function: equal arguments give equal plans, and the order of
 * slices and of endpoints in them makes no difference. A family in which the service has no cluster IP, or which is not
 * among `options.families`, has no part in the plan. A service without endpoints is planned without real servers, so
 * that the kernel refuses its connections. What is wrong in the service's annotations and addresses is not followed;
 * `serviceProblems` tells of it.
 */
export function planService(state: ServiceState, node: NodeFacts, options: PlannerOptions): ServicePlan {
  const { service } = state;
  const draft = new PlanDraft();
  const tuning = tuningOf(service, options);
  const scheduling = schedulingOf(service, tuning, options, node.zone);
  const turn = turnOf(node.name, service, scheduling.scheduler);
  const context: Context = { draft, state, node, options, scheduling, turn };
  for (const clusterIp of service.clusterIPs) {
    const family = familyOf(clusterIp);
    if (options.families.includes(family)) {
      planFamily(context, family, clusterIp);
    }
  }
  const { slowStart } = tuning;
  return draft.finish(service, healthOf(state, node), {
    drainTimeout: drainTimeoutOf(tuning, scheduling),
    slowStart,
  });
}

function planFamily(context: Context, family: IpFamily, clusterIp: string): void {
  const { draft, node, options } = context;
  const { service, slices } = context.state;
  const outer = outerAddressesOf(service, family, node, options);
  bindAddress(draft, family, clusterIp);
  for (const address of outer.externalIPs) bindForeignAddress(draft, family, address, node);
  for (const address of outer.loadBalancers) bindForeignAddress(draft, family, address, node);
  for (const port of service.ports) {
    const all = endpointsOf(slices, port, family, node.name);
    const internal = internalPort(context, family, port, all);
    planClusterIp(draft, internal, clusterIp);
    planHairpin(draft, internal);
    if (port.nodePort !== 0 || outer.externalIPs.length > 0 || outer.loadBalancers.length > 0) {
      planOutside(context, externalPort(context, internal, all), outer);
    }
  }
  if (service.healthCheckNodePort !== 0) {
    draft.addSetEntry('KUBE-HEALTH-CHECK-NODE-PORT', family, `${service.healthCheckNodePort}`);
  }
}

/** The ways from outside to a service port. */
function planOutside(context: Context, planned: ExternalPort, outer: OuterAddresses): void {
  const { draft, state, node } = context;
  planNodePort(draft, planned, node);
  for (const address of outer.externalIPs) planExternalIp(draft, planned, address);
  if (outer.loadBalancers.length > 0) {
    const ranges = sourceRangesOf(state.service, planned.family, node);
    for (const address of outer.loadBalancers) planLoadBalancer(draft, planned, address, ranges);
  }
  planHairpin(draft, planned);
}

/** A service port by its internal traffic policy. Without an endpoint that the policy allows it refuses. */
function internalPort(
  context: Context,
  family: IpFamily,
  port: ServicePort,
  all: readonly PortEndpoint[],
): PlannedPort {
  const { draft, state, node, scheduling, turn } = context;
  if (state.service.internalTrafficPolicy === 'Cluster') {
    return { family, port, scheduling, endpoints: inTurn(clusterEndpointsOf(all, node), turn) };
  }
  const local = localEndpointsOf(all);
  if (local.length === 0 && clusterEndpointsOf(all, node).length > 0) {
    draft.addMissingLocal(family, 'internal');
  }
  return { family, port, scheduling, endpoints: inTurn(local, turn) };
}

/**
 * A service port by its external traffic policy. Where that is `Local` and no endpoint is on this node, clients of the
 * cluster are served by endpoints of others; if they cannot be told from those outside, so are these, as by kube-proxy:
 * from their own address, to which the answers find no way back.
 */
function externalPort(context: Context, internal: PlannedPort, all: readonly PortEndpoint[]): ExternalPort {
  const { draft, state, node, options, turn } = context;
  const { internalTrafficPolicy, externalTrafficPolicy } = state.service;
  if (externalTrafficPolicy === 'Cluster') {
    const same = internalTrafficPolicy === 'Cluster';
    const endpoints = same ? internal.endpoints : inTurn(clusterEndpointsOf(all, node), turn);
    return { ...internal, endpoints, reach: 'anywhere' };
  }
  const local = localEndpointsOf(all);
  if (local.length > 0) {
    return { ...internal, endpoints: inTurn(local, turn), reach: 'local' };
  }
  const elsewhere = inTurn(clusterEndpointsOf(all, node), turn);
  if (elsewhere.length > 0) draft.addMissingLocal(internal.family, 'external');
  const told = elsewhere.length > 0 && notLocal(internal.family, options) !== undefined;
  return { ...internal, endpoints: elsewhere, reach: told ? 'refused' : 'local' };
}
