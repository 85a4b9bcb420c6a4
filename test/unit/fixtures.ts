import type { Endpoint, EndpointSlice, SlicePort } from '../../lib/model/endpoint-slice.ts';
import { familyOf } from '../../lib/model/family.ts';
import type { SetEntry } from '../../lib/model/ip-set.ts';
import type { NodeFacts } from '../../lib/model/node-facts.ts';
import type { ServicePlan } from '../../lib/model/plan.ts';
import type { PlannerOptions } from '../../lib/model/planner-options.ts';
import type { Service, ServicePort } from '../../lib/model/service.ts';
import type { ServiceState } from '../../lib/model/service-state.ts';

/** A ClusterIP service `ns1/svc1` with one TCP port 80, but for what is given. */
export function service(changes: Partial<Service> = {}): Service {
  return {
    namespace: 'ns1',
    name: 'svc1',
    created: 1_700_000_000_000,
    type: 'ClusterIP',
    clusterIPs: ['172.16.55.4'],
    externalIPs: [],
    loadBalancerIngress: [],
    loadBalancerSourceRanges: [],
    ports: [servicePort()],
    affinityTimeout: 0,
    internalTrafficPolicy: 'Cluster',
    externalTrafficPolicy: 'Cluster',
    healthCheckNodePort: 0,
    annotations: {},
    ...changes,
  };
}

/** The port `p80`, TCP 80, without a node port, but for what is given. */
export function servicePort(changes: Partial<ServicePort> = {}): ServicePort {
  return { name: 'p80', protocol: 'TCP', port: 80, nodePort: 0, ...changes };
}

/** A ready endpoint on another node, but for what is given. */
export function endpoint(address: string, changes: Partial<Endpoint> = {}): Endpoint {
  return {
    address,
    ready: true,
    serving: true,
    terminating: false,
    nodeName: 'other-node',
    zone: '',
    zoneHints: [],
    nodeHints: [],
    ...changes,
  };
}

/** The port `p80`, TCP 80, but for what is given. */
export function slicePort(changes: Partial<SlicePort> = {}): SlicePort {
  return { name: 'p80', protocol: 'TCP', port: 80, ...changes };
}

/** A slice `ns1/svc1-1` of `ns1/svc1` with the port `p80`, of its endpoints' family, but for what is given. */
export function slice(endpoints: readonly Endpoint[], changes: Partial<EndpointSlice> = {}): EndpointSlice {
  return {
    namespace: 'ns1',
    name: 'svc1-1',
    service: 'svc1',
    family: familyOf(endpoints[0]?.address ?? ''),
    ports: [slicePort()],
    endpoints,
    triggered: 0,
    ...changes,
  };
}

/** A service with its slices. */
export function state(of: Service, ...slices: EndpointSlice[]): ServiceState {
  return { service: of, slices };
}

/** The node that plans are made for, with one address in each family. */
export const node: NodeFacts = {
  name: 'this-node',
  addresses: ['100.101.102.103', '2001:db8::1'],
  zone: 'zone-a',
};

/** The planner's options as the defaults of the configuration make them on a kernel of today, but for what is given. */
export function plannerOptions(changes: Partial<PlannerOptions> = {}): PlannerOptions {
  return {
    families: ['IPv4', 'IPv6'],
    scheduler: 'rr',
    masqueradeAll: false,
    masqueradeBit: 14,
    randomFully: true,
    localTraffic: { by: 'nothing' },
    strictArp: false,
    kernel: { major: 6, minor: 1 },
    ...changes,
  };
}

/** The real servers behind each virtual server of a plan, as `address port` and sorted, by the virtual server's key. */
export function forwardingOf(plan: ServicePlan): Record<string, string[]> {
  return Object.fromEntries(
    plan.virtualServers.map(({ server, realServers }) => [
      server.key,
      realServers.map(({ address, port }) => `${address} ${port}`).sort(),
    ]),
  );
}

/** Every set entry of a plan, those of its virtual servers included. */
export function entriesOf(plan: ServicePlan): SetEntry[] {
  return [...plan.setEntries, ...plan.virtualServers.flatMap(({ setEntries = [] }) => setEntries)];
}

/** The elements that a plan puts into a set, in order. */
export function elementsOf(plan: ServicePlan, set: string): string[] {
  return entriesOf(plan)
    .filter((entry) => entry.set === set)
    .map(({ element }) => element);
}

/** The names of the sets that a plan puts something into, sorted. */
export function setsOf(plan: ServicePlan): string[] {
  return [...new Set(entriesOf(plan).map(({ set }) => set))].sort();
}
