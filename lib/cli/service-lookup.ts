import { familyOf } from '../model/family.ts';
import type { ServicePlan } from '../model/plan.ts';
import type { Service, ServicePort, TrafficPolicy } from '../model/service.ts';
import type { ServiceState } from '../model/service-state.ts';
import { endpointsOf } from '../planner/endpoints.ts';
import { type JudgedEndpoint, judgeEndpoints } from '../planner/endpoint-verdicts.ts';
import { planService } from '../planner/service-plan.ts';
import { nearServices } from './explanation/near-services.ts';
import { Failure } from './failure.ts';
import type { Knowledge } from './knowledge.ts';

/** A virtual server with the Service that asks for it. */
export interface FoundService {
  readonly state: ServiceState;
  readonly port: ServicePort;
  /** By which its endpoints are chosen. */
  readonly policy: TrafficPolicy;
  /** Every endpoint of the port in the family, with what is to be said of it. */
  readonly endpoints: readonly JudgedEndpoint[];
}

/** The Service that wants a virtual server, by the key of that; of several the oldest. */
export function findService(key: string, knowledge: Knowledge): FoundService | undefined {
  const wanting = knowledge.states
    .map((state) => ({ state, plan: planService(state, knowledge.node, knowledge.options) }))
    .filter(({ plan }) => plan.virtualServers.some(({ server }) => server.key === key))
    .sort((a, b) => olderFirst(a.plan, b.plan));
  const [first] = wanting;
  return first && foundIn(first.state, first.plan, key, knowledge);
}

/**
 * The Service of a name.
 * @throws Failure where there is none that has virtual servers
 */
export function serviceOf(namespace: string, name: string, knowledge: Knowledge | undefined): Service {
  return stateOf(namespace, name, knowledge).service;
}

/** The same with its slices. */
export function stateOf(namespace: string, name: string, knowledge: Knowledge | undefined): ServiceState {
  const { states = [], from = 'what is known here' } = knowledge ?? {};
  const found = states.find(({ service }) => service.namespace === namespace && service.name === name);
  if (found !== undefined) return found;
  const near = nearServices(namespace, name, states);
  const why = 'headless Services, those of type ExternalName and those of another proxy are not balanced';
  throw new Failure(
    'no-service',
    `expected a Service that is balanced here, got ${namespace}/${name}, which is not among those of ${from}`,
    near.length === 0 ? why : `did you mean ${near.join(' or ')}? ${why}`,
  );
}

function olderFirst(a: ServicePlan, b: ServicePlan): number {
  return a.created - b.created || (a.service < b.service ? -1 : 1);
}

function foundIn(
  state: ServiceState,
  plan: ServicePlan,
  key: string,
  { node }: Knowledge,
): FoundService | undefined {
  const server = plan.virtualServers.find((planned) => planned.server.key === key)?.server;
  if (server === undefined) return undefined;
  const { service, slices } = state;
  const inside = service.clusterIPs.includes(server.address);
  const onNode = node.addresses.includes(server.address);
  const port = service.ports.find(
    ({ protocol, port: number, nodePort }) =>
      protocol === server.protocol && (number === server.port || (onNode && nodePort === server.port)),
  );
  if (port === undefined) return undefined;
  const policy = inside ? service.internalTrafficPolicy : service.externalTrafficPolicy;
  const all = endpointsOf(slices, port, familyOf(server.address), node.name);
  return { state, port, policy, endpoints: judgeEndpoints(all, policy, node) };
}
