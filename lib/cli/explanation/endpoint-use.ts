import { familyOf, type IpFamily } from '../../model/family.ts';
import type { NodeFacts } from '../../model/node-facts.ts';
import type { PlannerOptions } from '../../model/planner-options.ts';
import type { ServicePort, TrafficPolicy } from '../../model/service.ts';
import type { ServiceState } from '../../model/service-state.ts';
import { endpointsOf, type PortEndpoint } from '../../planner/endpoints.ts';
import { type JudgedEndpoint, judgeEndpoints } from '../../planner/endpoint-verdicts.ts';
import { endpointWords } from '../output/endpoint-words.ts';

/** Whether traffic goes to an endpoint, and why. */
export interface EndpointUse {
  readonly used: boolean;
  readonly why: string;
}

/** An endpoint of a port of a Service, as it is shown. */
export interface EndpointView {
  readonly address: string;
  readonly port: number;
  /** `""` where the Service has one unnamed port. */
  readonly portName: string;
  /** `null` where it is not known. */
  readonly node: string | null;
  readonly zone: string | null;
  /** For what is sent to the cluster IP. */
  readonly inside: EndpointUse;
  /** For what is sent to other addresses; `null` where the port has none. */
  readonly outside: EndpointUse | null;
}

/** An endpoint, or a whole slice, that no port of the Service has any use for. */
export interface UnusedView {
  readonly slice: string;
  readonly addresses: readonly string[];
  readonly reason: string;
}

/** Every endpoint of the ports of a Service in the families that are served, and whether traffic goes to it. */
export function endpointViews(
  state: ServiceState,
  node: NodeFacts,
  options: PlannerOptions,
  isReachedFromOutside: (port: ServicePort, family: IpFamily) => boolean,
): EndpointView[] {
  const families = servedFamilies(state, options);
  return state.service.ports.flatMap((port) =>
    families.flatMap((family) => {
      const all = endpointsOf(state.slices, port, family, node.name);
      const { internalTrafficPolicy, externalTrafficPolicy } = state.service;
      const inside = judgeEndpoints(all, internalTrafficPolicy, node);
      const outside = isReachedFromOutside(port, family)
        ? judgedOutside(all, externalTrafficPolicy, node)
        : undefined;
      return inside.map((one, index) => viewOf(one, port, outside?.[index]));
    }),
  );
}

function servedFamilies({ service }: ServiceState, { families }: PlannerOptions): IpFamily[] {
  return service.clusterIPs.map(familyOf).filter((family) => families.includes(family));
}

/** Where the policy is `Local` and no endpoint is here, the cluster's own clients get those of other nodes. */
function judgedOutside(
  all: readonly PortEndpoint[],
  policy: TrafficPolicy,
  node: NodeFacts,
): readonly EndpointUse[] {
  const judged = judgeEndpoints(all, policy, node);
  if (policy === 'Cluster' || judged.some(isUsed)) return judged.map(useOf);
  return judgeEndpoints(all, 'Cluster', node).map((one) =>
    isUsed(one)
      ? { used: true, why: 'on another node, for want of one on this node, which the policy Local asks for' }
      : useOf(one),
  );
}

function isUsed({ verdict }: JudgedEndpoint): boolean {
  return verdict === 'chosen' || verdict === 'last-resort';
}

function useOf(one: JudgedEndpoint): EndpointUse {
  return { used: isUsed(one), why: endpointWords(one) };
}

function viewOf(one: JudgedEndpoint, { name }: ServicePort, outside: EndpointUse | undefined): EndpointView {
  const { address, nodeName, zone } = one.endpoint;
  return {
    ...{ address, port: one.port, portName: name },
    ...{ node: nodeName === '' ? null : nodeName, zone: zone === '' ? null : zone },
    inside: useOf(one),
    outside: outside ?? null,
  };
}

/** What the slices of a Service list besides: endpoints of a family that is not served, and ports that it does not have. */
export function unusedViews(state: ServiceState, options: PlannerOptions): UnusedView[] {
  const families = servedFamilies(state, options);
  return state.slices.flatMap(({ name, family, ports, endpoints }) => {
    const addresses = endpoints.map(({ address }) => address);
    if (addresses.length === 0) return [];
    if (!families.includes(family)) {
      return [{ slice: name, addresses, reason: wrongFamily(state, family, options) }];
    }
    const isAsked = ports.some((port) => state.service.ports.some((one) => isSamePort(one, port)));
    const reason = `it has ${portNames(ports)}, the Service ${portNames(state.service.ports)}: they must have one name and protocol`;
    return isAsked ? [] : [{ slice: name, addresses, reason }];
  });
}

function wrongFamily({ service }: ServiceState, family: IpFamily, { families }: PlannerOptions): string {
  return service.clusterIPs.some((address) => familyOf(address) === family)
    ? `${family} is not served on this node, ${families.join(' and ')} is`
    : `${family}, and the Service has no cluster IP of that family`;
}

type NamedPort = Pick<ServicePort, 'name' | 'protocol'>;

function isSamePort(a: NamedPort, b: NamedPort): boolean {
  return a.name === b.name && a.protocol === b.protocol;
}

function portNames(ports: readonly NamedPort[]): string {
  const names = ports.map(({ name, protocol }) => `${name === '' ? 'without a name' : name}/${protocol}`);
  return names.length === 0 ? 'no port' : `the port${names.length === 1 ? '' : 's'} ${names.join(', ')}`;
}
