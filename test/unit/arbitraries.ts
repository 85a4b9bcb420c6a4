import fc from 'fast-check';
import type { Endpoint, EndpointSlice, SlicePort } from '../../lib/model/endpoint-slice.ts';
import type { IpFamily } from '../../lib/model/family.ts';
import { familyOf, ipFamilies } from '../../lib/model/family.ts';
import type { NodeFacts } from '../../lib/model/node-facts.ts';
import type { LocalTraffic, PlannerOptions } from '../../lib/model/planner-options.ts';
import type { Protocol } from '../../lib/model/protocol.ts';
import type { LoadBalancerIngress, Service, ServicePort } from '../../lib/model/service.ts';
import type { ServiceState } from '../../lib/model/service-state.ts';
import { plannerOptions } from './fixtures.ts';

/*
 * Names, addresses and ports come from small pools, so that what is drawn overlaps: endpoints that several slices list,
 * ports that share a target, slices that name a port which the service does not have.
 */

const protocols: readonly Protocol[] = ['TCP', 'UDP', 'SCTP'];
const portNames = ['', 'http', 'metrics', 'dns'];

/** Names of the nodes that endpoints are drawn on; `""` is a node that is not known. */
export const nodeNames: readonly string[] = ['this-node', 'node-2', 'node-3', ''];

/** The IPv6 address that stands for an IPv4 address where the families are compared: `10.1.0.7` → `fd00:a:1::7`. */
export function toIpv6(address: string): string {
  const [a, b, c, d] = address.split('.').map((part) => Number(part).toString(16));
  return `fd00:${a ?? ''}:${b ?? ''}:${c ?? ''}::${d ?? ''}`;
}

/** The IPv6 network that stands for an IPv4 network where the families are compared. */
export const cidrsInIpv6: Readonly<Record<string, string>> = {
  '0.0.0.0/0': '::/0',
  '0.0.0.0/1': '::/1',
  '128.0.0.0/1': '8000::/1',
  '10.1.0.0/16': 'fd00:a:1::/48',
  '192.168.0.0/24': 'fd00:c0:a8::/64',
};

const sourceRanges = ['0.0.0.0/0', '10.1.0.0/16', '192.168.0.0/24'];

function addressArbitrary(prefix: string, family: IpFamily): fc.Arbitrary<string> {
  return fc
    .integer({ min: 1, max: 12 })
    .map((last) => (family === 'IPv4' ? `${prefix}.${last}` : toIpv6(`${prefix}.${last}`)));
}

/** An endpoint of a family in any condition. */
export function endpointArbitrary(family: IpFamily): fc.Arbitrary<Endpoint> {
  return fc.record({
    address: addressArbitrary('10.1.5', family),
    ready: fc.boolean(),
    serving: fc.boolean(),
    terminating: fc.boolean(),
    nodeName: fc.constantFrom(...nodeNames),
    zone: fc.constantFrom('', 'zone-a', 'zone-b'),
    zoneHints: fc.subarray(['zone-a', 'zone-b']),
    nodeHints: fc.subarray(['this-node', 'node-2']),
  });
}

const slicePortArbitrary: fc.Arbitrary<SlicePort> = fc.record({
  name: fc.constantFrom(...portNames),
  protocol: fc.constantFrom(...protocols),
  port: fc.constantFrom(53, 8080, 8081),
});

/** A slice of `default/web` in a family, named as given. */
export function endpointSliceArbitrary(family: IpFamily, name: string): fc.Arbitrary<EndpointSlice> {
  return fc.record({
    namespace: fc.constant('default'),
    name: fc.constant(name),
    service: fc.constant('web'),
    family: fc.constant(family),
    ports: fc.uniqueArray(slicePortArbitrary, { selector: (port) => port.name, maxLength: 3 }),
    endpoints: fc.array(endpointArbitrary(family), { maxLength: 6 }),
    triggered: fc.nat(),
  });
}

const servicePortArbitrary: fc.Arbitrary<ServicePort> = fc.record({
  name: fc.constantFrom(...portNames),
  protocol: fc.constantFrom(...protocols),
  port: fc.constantFrom(53, 80, 443),
  nodePort: fc.constantFrom(0, 30_053, 30_080, 30_443),
});

/** Ports as the API server lets them be: names are unique, and so are numbers and node ports within a protocol. */
const servicePortsArbitrary = fc
  .uniqueArray(servicePortArbitrary, { selector: (port) => port.name, minLength: 1, maxLength: 3 })
  .filter((ports) => {
    const nodePorts = ports.filter(({ nodePort }) => nodePort !== 0);
    return (
      new Set(ports.map(({ protocol, port }) => `${protocol} ${port}`)).size === ports.length &&
      new Set(nodePorts.map(({ protocol, nodePort }) => `${protocol} ${nodePort}`)).size === nodePorts.length
    );
  });

/** Addresses from outside, among them some that the node may have and some of its pods' range. */
function outerAddressArbitrary(families: readonly IpFamily[]): fc.Arbitrary<string> {
  return fc.oneof(
    ...families.flatMap((family) =>
      ['203.0.113', '192.168.0', '10.1.5'].map((prefix) => addressArbitrary(prefix, family)),
    ),
  );
}

function outerAddresses(families: readonly IpFamily[]): fc.Arbitrary<string[]> {
  return fc.uniqueArray(outerAddressArbitrary(families), { maxLength: 3 });
}

function ingressArbitrary(families: readonly IpFamily[]): fc.Arbitrary<LoadBalancerIngress[]> {
  const point = fc.record({
    address: outerAddressArbitrary(families),
    ipMode: fc.constantFrom('VIP', 'VIP', 'Proxy'),
  });
  return fc.uniqueArray(point, { selector: ({ address }) => address, maxLength: 3 });
}

const annotationsArbitrary: fc.Arbitrary<Record<string, string>> = fc.constantFrom<Record<string, string>>(
  {},
  { 'kube-ipvs.io/scheduler': 'lc', 'kube-ipvs.io/drain-timeout': '30s' },
  { 'kube-ipvs.io/scheduler': 'nonsense', 'kube-ipvs.io/upper-threshold': '100' },
);

/** The service `default/web` with a cluster IP in each of the families, in that order. */
export function serviceArbitrary(families: readonly IpFamily[]): fc.Arbitrary<Service> {
  return fc.record({
    namespace: fc.constant('default'),
    name: fc.constant('web'),
    created: fc.nat(),
    type: fc.constantFrom('ClusterIP', 'NodePort', 'LoadBalancer'),
    clusterIPs: fc.tuple(...families.map((family) => addressArbitrary('10.96.0', family))),
    externalIPs: outerAddresses(families),
    loadBalancerIngress: ingressArbitrary(families),
    loadBalancerSourceRanges: fc
      .subarray(sourceRanges)
      .map((ranges) => families.flatMap((family) => ranges.map((range) => inFamily(range, family)))),
    ports: servicePortsArbitrary,
    affinityTimeout: fc.constantFrom(0, 60, 10_800),
    internalTrafficPolicy: fc.constantFrom('Cluster', 'Local'),
    externalTrafficPolicy: fc.constantFrom('Cluster', 'Local'),
    healthCheckNodePort: fc.constantFrom(0, 32_000),
    annotations: annotationsArbitrary,
  });
}

const familyLists: readonly (readonly IpFamily[])[] = [
  ['IPv4'],
  ['IPv6'],
  ['IPv4', 'IPv6'],
  ['IPv6', 'IPv4'],
];

/** The families of a service, the primary first. */
export const familiesArbitrary: fc.Arbitrary<readonly IpFamily[]> = fc.constantFrom(...familyLists);

/** A service with up to four slices of the families given, sorted by name. */
export function serviceStateArbitrary(
  families: readonly IpFamily[],
  sliceFamilies: readonly IpFamily[] = ipFamilies,
): fc.Arbitrary<ServiceState> {
  const slices = fc
    .array(fc.constantFrom(...sliceFamilies), { maxLength: 4 })
    .chain((drawn) =>
      fc.tuple(...drawn.map((family, index) => endpointSliceArbitrary(family, `web-${index}`))),
    );
  return fc.record({ service: serviceArbitrary(families), slices });
}

/** The node `this-node` with up to three addresses a family, in a zone or in none that is known. */
export const nodeArbitrary: fc.Arbitrary<NodeFacts> = fc.record({
  name: fc.constant('this-node'),
  zone: fc.constantFrom('', 'zone-a', 'zone-b'),
  addresses: fc
    .tuple(
      ...ipFamilies.map((family) => fc.uniqueArray(addressArbitrary('192.168.0', family), { maxLength: 3 })),
    )
    .map((lists) => lists.flat()),
});

const localTrafficArbitrary: fc.Arbitrary<LocalTraffic> = fc.constantFrom<LocalTraffic>(
  { by: 'nothing' },
  { by: 'interface', pattern: 'cali+' },
  { by: 'source', cidrs: ['10.1.0.0/16', cidrsInIpv6['10.1.0.0/16']!] },
);

/** Options that differ in what plans of services depend on. */
export const plannerOptionsArbitrary: fc.Arbitrary<PlannerOptions> = fc
  .record({
    families: familiesArbitrary,
    scheduler: fc.constantFrom('rr', 'lc', 'mh'),
    localTraffic: localTrafficArbitrary,
  })
  .map(plannerOptions);

/** The same service, slices and all, with every IPv4 address made the IPv6 address that stands for it. */
export function stateInIpv6({ service, slices }: ServiceState): ServiceState {
  return {
    service: {
      ...service,
      clusterIPs: service.clusterIPs.map(toIpv6),
      externalIPs: service.externalIPs.map(toIpv6),
      loadBalancerIngress: service.loadBalancerIngress.map(({ address, ipMode }) => ({
        address: toIpv6(address),
        ipMode,
      })),
      loadBalancerSourceRanges: service.loadBalancerSourceRanges.map((range) => inFamily(range, 'IPv6')),
    },
    slices: slices.map((slice) => ({
      ...slice,
      family: 'IPv6',
      endpoints: slice.endpoints.map((one) => ({ ...one, address: toIpv6(one.address) })),
    })),
  };
}

function inFamily(cidr: string, family: IpFamily): string {
  return family === 'IPv4' ? cidr : cidrsInIpv6[cidr]!;
}

/** Whether an address is of a family. */
export function isOf(family: IpFamily): (address: string) => boolean {
  return (address) => familyOf(address) === family;
}
