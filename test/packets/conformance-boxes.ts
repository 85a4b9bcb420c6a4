/** Tests that prove something: those of a file whose full titles contain a text. */
export interface Case {
  /** From the folder of all tests. */
  readonly file: string;
  readonly title: string;
}

/** A line of a checklist. */
export interface Box {
  /** As its source names it. */
  readonly name: string;
  /** The protocols and families that it is proved with. */
  readonly over?: string;
  readonly cases: readonly Case[];
  /** Why there is no case, or what the cases leave open. */
  readonly remark?: string;
}

/** The boxes of one file of a source. */
export interface Checklist {
  readonly title: string;
  readonly boxes: readonly Box[];
}

const [tcp, tcpUdp, all] = ['TCP', 'TCP, UDP', 'TCP, UDP, SCTP'];
const [v4, dual] = ['IPv4', 'IPv4, IPv6'];

type File = (title: string) => Case;

/** Cases of a file. Every test of it is one where the title is left empty. */
export function file(path: string): File {
  return (title) => ({ file: path, title });
}

const protocols = file('packets/protocols.test.ts');
const changes = file('packets/changes.test.ts');
const connections = file('packets/connections.test.ts');
const outer = file('packets/outer-addresses.test.ts');
const resilience = file('packets/resilience.test.ts');
const steady = file('packets/steady.test.ts');
const takeover = file('packets/takeover.test.ts');
const cluster = file('packets/cluster.test.ts');
const scenarios = file('packets/scenarios.test.ts');
const badInput = file('packets/bad-input.test.ts');
const health = file('packets/health.test.ts');
const services = file('packets/conformance-services.test.ts');
const networking = file('packets/conformance-networking.test.ts');
const balancers = file('packets/conformance-load-balancers.test.ts');

function box(name: string, over: string, ...cases: readonly Case[]): Box {
  return { name, over, cases };
}

/** A box that a case of its own name ticks off. */
function named(in_: File, name: string, over: string): Box {
  return { name, over, cases: [in_(name)] };
}

/** A box that asks nothing of what carries packets. */
export function apart(name: string, remark: string): Box {
  return { name, cases: [], remark };
}

const api = 'of the API server alone';
const sctpOfNodes = 'without SCTP: a program on the node itself answers from any of its addresses';

const everywhere = `${all}; ${dual}`;
const tcpUdpEverywhere = `${tcpUdp}; ${dual}`;
const tcpEverywhere = `${tcp}; ${dual}`;

const serviceBoxes: readonly Box[] = [
  apart('should provide secure master service', api),
  box('should serve a basic endpoint from pods', tcpEverywhere, changes('follows its pods up and down')),
  box(
    'should serve multiport endpoints from pods',
    tcpEverywhere,
    protocols('serves several ports of one address'),
  ),
  box(
    'should be updated after adding or deleting ports',
    tcpEverywhere,
    changes('answers on a port that was added'),
  ),
  box(
    'should preserve source pod IP for traffic thru service cluster IP',
    everywhere,
    protocols('keeps the source of a pod through the cluster address'),
  ),
  box(
    'should allow pods to hairpin back to themselves through services',
    everywhere,
    protocols('comes back to the pod that it started from'),
  ),
  named(services, 'should be able to up and down services', everywhere),
  box(
    'should work after the service has been recreated',
    tcpEverywhere,
    changes('can be deleted and made again'),
  ),
  box('should work after restarting kube-proxy', tcpEverywhere, resilience('when a controller is')),
  box(
    'should work after restarting apiserver',
    tcpEverywhere,
    cluster('the API server is killed for a minute; it comes back'),
  ),
  box(
    'should be able to create a functioning NodePort service',
    everywhere,
    protocols('through the node port of either node'),
  ),
  box(
    'should be able to connect to a service via ExternalIP when the external IP is not assigned to a node',
    tcpEverywhere,
    outer('reach endpoints of any node through load balancers and external IPs'),
  ),
  named(
    services,
    'should be able to update service type to NodePort listening on same port number but different protocols',
    tcpUdpEverywhere,
  ),
  ...[
    'ExternalName to ClusterIP',
    'ExternalName to NodePort',
    'ClusterIP to ExternalName',
    'NodePort to ExternalName',
  ].map((types) => named(services, `should be able to change the type from ${types}`, everywhere)),
  apart('should prevent NodePort collisions', api),
  apart('should check NodePort out-of-range', api),
  apart('should release NodePorts on delete', api),
  named(services, 'should create endpoints for unready pods', everywhere),
  named(
    services,
    'should be able to connect to terminating and unready endpoints if PublishNotReadyAddresses is true',
    everywhere,
  ),
  named(
    services,
    'should not be able to connect to terminating and unready endpoints if PublishNotReadyAddresses is false',
    everywhere,
  ),
  ...['clusterIP', 'NodePort'].flatMap((type) => [
    box(
      `should have session affinity work for service with type ${type}`,
      tcpUdpEverywhere,
      connections('stay on one pod as long as their service wants it'),
      connections('stay on their pod while controllers are killed and started again'),
      protocols('keeps a client on one pod where the service asks for session affinity'),
    ),
    {
      ...box(
        `should have session affinity timeout work for service with type ${type}`,
        tcpUdpEverywhere,
        connections('with affinity may go to another pod'),
        ...(type === 'clusterIP' ? [cluster('a client whose affinity has ended meanwhile')] : []),
      ),
      remark: 'after TCP it ends with the memory of the last connection (docs/decisions/session-affinity.md)',
    },
    box(
      `should be able to switch session affinity for service with type ${type}`,
      tcpUdpEverywhere,
      connections('stay on one pod as long as their service wants it'),
    ),
  ]),
  named(services, 'should implement service.kubernetes.io/service-proxy-name', everywhere),
  named(services, 'should implement service.kubernetes.io/headless', everywhere),
  box(
    'should be rejected when no endpoints exist',
    tcpUdpEverywhere,
    protocols('refuses what asks for a service without endpoints'),
    outer('are refused at their first packet where a service has no endpoints'),
  ),
  box(
    'should be rejected for evicted pods (no endpoints exist)',
    tcpEverywhere,
    changes('is refused once its last pod has gone'),
  ),
  named(services, 'should respect internalTrafficPolicy=Local Pod to Pod', everywhere),
  named(services, 'should respect internalTrafficPolicy=Local Pod (hostNetwork: true) to Pod', everywhere),
  {
    ...named(
      services,
      'should respect internalTrafficPolicy=Local Pod and Node, to Pod (hostNetwork: true)',
      tcpUdpEverywhere,
    ),
    remark: sctpOfNodes,
  },
  box(
    'should fail health check node port if there are only terminating endpoints',
    tcpEverywhere,
    health('leave out a node whose endpoints all terminate'),
  ),
  ...[
    'terminating endpoints when there are no ready endpoints with internalTrafficPolicy=Cluster',
    'local terminating endpoints when there are no ready endpoints with internalTrafficPolicy=Local',
    'terminating endpoints when there are no ready endpoints with externallTrafficPolicy=Cluster',
    'local terminating endpoints when there are no ready endpoints with externalTrafficPolicy=Local',
  ].map((what) => named(services, `should fallback to ${what}`, everywhere)),
  box(
    'should serve endpoints on same port and different protocols',
    everywhere,
    protocols('serves one number for TCP, UDP and SCTP'),
  ),
  named(
    services,
    'should serve endpoints on same port and different protocol for internal traffic on Type LoadBalancer',
    everywhere,
  ),
  named(services, 'should allow creating a basic SCTP service with pod and endpoints', `SCTP; ${dual}`),
  ...[
    'should find a service from listing all namespaces',
    'should complete a service status lifecycle',
    'should delete a collection of services',
    'should test the lifecycle of an Endpoint',
  ].map((name) => apart(name, api)),
];

/** `UDP; IPv4, IPv6` for the kinds of requests that the checklist of networking has. */
function overOf(kind: 'http' | 'udp' | 'sctp'): string {
  return `${kind === 'http' ? tcp : kind.toUpperCase()}; ${dual}`;
}

const granularBoxes: readonly Box[] = [
  ...(['http', 'udp', 'sctp'] as const).flatMap((kind) =>
    ['pod', 'node', 'endpoint'].map((place) =>
      box(
        `should function for ${place}-Service: ${kind}`,
        overOf(kind),
        ...['ipv4', 'ipv6'].map((family) =>
          protocols(`${kind === 'http' ? 'tcp' : kind} over ${family} is balanced evenly`),
        ),
      ),
    ),
  ),
  named(networking, 'should function for multiple endpoint-Services with same selector', everywhere),
  box('should update endpoints: http', tcpEverywhere, changes('follows its pods up and down')),
  box(
    'should update endpoints: udp',
    overOf('udp'),
    connections('follow the pod of their service that cycles'),
  ),
  box('should update nodePort: http', tcpEverywhere, changes('moves to another node port')),
  named(networking, 'should update nodePort: udp', overOf('udp')),
  named(networking, 'should update nodePort: sctp', overOf('sctp')),
  box(
    'should support basic nodePort: udp functionality',
    overOf('udp'),
    protocols('udp over ipv4 is balanced evenly from nodes, pods and outside'),
    protocols('udp over ipv6 is balanced evenly from nodes, pods and outside'),
  ),
  ...(['http', 'udp'] as const).flatMap((kind) => [
    box(
      `should function for client IP based session affinity: ${kind}`,
      overOf(kind),
      connections('stay on one pod as long as their service wants it'),
    ),
    box(
      `should be able to handle large requests: ${kind}`,
      overOf(kind),
      connections('that carry more than fits into a packet are answered in full'),
    ),
  ]),
  {
    ...named(networking, 'should function for service endpoints using hostNetwork', tcpUdpEverywhere),
    remark: sctpOfNodes,
  },
];

const networkingBoxes: readonly Box[] = [
  ...granularBoxes,
  {
    ...box('should check kube-proxy urls', tcp, file('unit/health/proxy-health-routes.test.ts')('')),
    remark: 'by HTTP on this machine; /proxyMode by the tests of the router',
  },
  box(
    'should recreate its iptables rules if they are deleted',
    tcpEverywhere,
    resilience('has the loss of the rules of'),
    resilience('has a deleted jump to a chain'),
    resilience('has a chain that was deleted with its jump'),
  ),
  named(networking, 'should allow creating a Pod with an SCTP HostPort', `SCTP; ${dual}`),
  apart('should provide Internet connection for containers', 'of the network plugin'),
];

const dualStackBoxes: readonly Box[] = [
  apart('should create service with cluster ip from primary service range', api),
  ...['ipv4', 'ipv6', 'ipv4,v6', 'ipv6,v4'].map((families) =>
    named(networking, `should create service with ${families} cluster ip`, everywhere),
  ),
  {
    name: 'Granular Checks: Services Secondary IP Family',
    over: everywhere,
    cases: [],
    remark: 'every box of networking.go above has its cases in both families',
  },
];

const conntrackBoxes: readonly Box[] = [
  ...['NodePort', 'ClusterIP'].map((type) =>
    box(
      `should be able to preserve UDP traffic when server pod cycles for a ${type} service`,
      overOf('udp'),
      connections('follow the pod of their service that cycles'),
    ),
  ),
  box(
    'should be able to preserve UDP traffic when initial unready endpoints get ready',
    overOf('udp'),
    connections('are answered once endpoints that were not ready get ready'),
  ),
  {
    ...named(networking, 'should drop INVALID conntrack entries', tcpEverywhere),
    remark: 'packets of a forgotten connection are invalid here, and it is not reset',
  },
];

const balancerBoxes: readonly Box[] = [
  ...[
    'should be able to change the type and ports of a TCP service',
    'should be able to change the type and ports of a UDP service',
  ].map((name) => named(balancers, name, `${name.includes('TCP') ? tcp : 'UDP'}; ${dual}`)),
  {
    ...named(balancers, 'should only allow access from service loadbalancer source ranges', tcpUdpEverywhere),
    cases: [
      balancers('should only allow access from service loadbalancer source ranges'),
      outer('are dropped from outside of the source ranges'),
    ],
  },
  named(balancers, 'should be able to create an internal type load balancer', tcpUdpEverywhere),
  ...['on', 'off'].flatMap((state) => [
    named(
      balancers,
      `should have session affinity work for LoadBalancer service with ESIPP ${state}`,
      tcpUdpEverywhere,
    ),
    named(
      balancers,
      `should be able to switch session affinity for LoadBalancer service with ESIPP ${state}`,
      tcpUdpEverywhere,
    ),
  ]),
  apart('should handle load balancer cleanup finalizer for service', 'of the cloud provider'),
  named(
    balancers,
    'should be able to create LoadBalancer Service without NodePort and change it',
    tcpUdpEverywhere,
  ),
  ...['different nodes', 'the same nodes'].map((where) =>
    named(
      balancers,
      `should be able to preserve UDP traffic when server pod cycles for a LoadBalancer service on ${where}`,
      overOf('udp'),
    ),
  ),
  ...['Cluster', 'Local'].map((policy) =>
    named(
      balancers,
      `should not have connectivity disruption during rolling update with externalTrafficPolicy=${policy}`,
      tcpEverywhere,
    ),
  ),
];

const sourceKept = outer('keep their source where the policy is Local');

const esippBoxes: readonly Box[] = [
  box('should work for type=LoadBalancer', tcpEverywhere, sourceKept),
  box('should work for type=NodePort', tcpEverywhere, sourceKept),
  box(
    'should only target nodes with endpoints',
    tcpUdpEverywhere,
    outer('are refused at their first packet where the policy is Local'),
    health('send clients to the nodes that have an endpoint'),
  ),
  box('should work from pods', tcpEverywhere, outer('get through to another node all the same')),
  named(balancers, 'should handle updates to ExternalTrafficPolicy field', tcpUdpEverywhere),
];

const sliceBoxes: readonly Box[] = [
  ...[
    'should have Endpoints and EndpointSlices pointing to API Server',
    'should create and delete Endpoints and EndpointSlices for a Service with a selector specified',
    'should create Endpoints and EndpointSlices for Pods matching a Service',
    'should support creating EndpointSlice API operations',
  ].map((name) => apart(name, api)),
  {
    name: 'should mirror a custom Endpoints resource through create update and delete',
    over: v4,
    cases: [file('unit/sources/endpoints-mirroring.test.ts')('')],
    remark: 'of the API server; directories of manifests, which have none, are mirrored here',
  },
  ...['multiple ports', 'multiple endpoint IPs'].map((what) =>
    named(
      networking,
      `should support a Service with ${what} specified in multiple EndpointSlices`,
      everywhere,
    ),
  ),
  named(
    networking,
    'should mirror a custom Endpoint with multiple subsets and same IP address',
    `${tcp}; ${v4}`,
  ),
];

const otherBoxes: readonly Box[] = [
  named(networking, 'should set TCP CLOSE_WAIT timeout', `${tcp}; ${v4}`),
  {
    name: 'IPv4 Service Type ClusterIP with leading zeros should work interpreted as decimal',
    over: `${tcp}; ${v4}`,
    cases: [
      networking('ClusterIP with leading zeros should work interpreted as decimal'),
      badInput('an endpoint address with leading zeros is read in decimal'),
    ],
  },
  {
    name: 'validates that there is no conflict between pods with same hostPort but different hostIP and protocol',
    over: everywhere,
    cases: [networking('HostPort')],
    remark:
      'host ports are of the network plugin; here they and services of the same port leave each other alone',
  },
  {
    ...box(
      'should distribute endpoints evenly (topology hints)',
      everywhere,
      cluster('each node keeps to the endpoints that are hinted for its zone'),
      cluster('a node for whose zone none is hinted'),
      cluster('every node goes to all of them where one has no hint'),
      cluster('traffic moves with the label of a Node'),
      file('kernel/cli-cluster.test.ts')('serves from the zone of the Node'),
      file('unit/planner/endpoint-choice.test.ts')('normal endpoint filtering'),
    ),
    remark: 'the hints are of the API server; here they are followed',
  },
  box(
    'should route traffic to an endpoint in the same zone (PreferClose, PreferSameZone)',
    everywhere,
    cluster('(PreferClose)'),
    cluster('(PreferSameZone)'),
  ),
  box(
    'should route traffic to an endpoint on the same node (PreferSameNode)',
    everywhere,
    networking('prefers endpoints on the same node'),
    cluster('(PreferSameNode)'),
  ),
  box(
    'named targetPorts that resolve to different ports per endpoint',
    tcpEverywhere,
    networking('should serve named targetPorts that resolve to different ports'),
  ),
];

/** What clients see of changes, with 200 new connections a second and more all the while. */
const steadyBoxes: readonly Box[] = [
  box(
    'all pods of a service are replaced, and end',
    tcpUdpEverywhere,
    steady('loses no connection when all its pods are replaced'),
  ),
  box(
    'another scheduler, hash schedulers while a pod drains among them',
    tcpUdpEverywhere,
    steady('loses nothing when its scheduler changes'),
  ),
  box(
    'other traffic policies',
    tcpUdpEverywhere,
    steady('loses no connection when its traffic policies change'),
  ),
  box(
    'the controller is killed and comes back',
    tcpUdpEverywhere,
    steady('loses nothing when the controller is killed'),
  ),
  box(
    'kube-proxy is taken over from',
    tcpUdpEverywhere,
    takeover('keeps every connection when kube-ipvs takes over'),
  ),
];

const painBoxes: readonly Box[] = [
  box(
    'host ports are reached through every address of a service (#72236)',
    tcpUdpEverywhere,
    networking('no port of the node itself is reached'),
    outer('reach nothing but the services on them'),
  ),
  box(
    'a service whose port is the node port of another loses the source of its clients (#132068)',
    tcpEverywhere,
    outer('keep the source of a pod where the port of a service is the node port of another'),
  ),
  box('host ports clash with services of the same port (#66103)', everywhere, networking('HostPort')),
  box(
    'a load balancer of policy Local cannot be reached from inside, and does not answer outside (#75262)',
    tcpUdpEverywhere,
    outer('get through to another node all the same'),
    outer('are refused at their first packet where the policy is Local'),
  ),
  box(
    'source ranges do not hold for the node itself (#119656)',
    tcpEverywhere,
    outer('are dropped from outside of the source ranges of a load balancer, by nodes too'),
  ),
  box(
    'a new address of a node waits for the next sync (#75443)',
    everywhere,
    networking('an address that a node is given serves node ports'),
  ),
  box(
    'a policy of FORWARD that drops breaks services (#59656)',
    everywhere,
    networking('a node that forwards nothing by policy'),
  ),
  box(
    'rules against ICMP break path MTU discovery (kube-router #685)',
    tcpEverywhere,
    connections('learn by TCP how much fits'),
    outer('are answered in full where a router on the way back tells the address of a service'),
  ),
];

/** A box of a walkthrough scenario: its cases are played from manifests, and from an API server with kubectl. */
function played(name: string, over: string, suite: string): Box {
  return box(name, over, scenarios(suite), cluster(suite));
}

const scenarioBoxes: readonly Box[] = [
  played(
    '01-clusterip.yaml: from nodes and pods, evenly; itself; no other port; none that is not ready',
    `${tcp}; ${v4}`,
    '01: a ClusterIP service',
  ),
  played(
    '02-nodeport.yaml: on either node, from inside and outside, under the address of a node',
    `${tcp}; ${v4}`,
    '02: a NodePort service',
  ),
  played(
    '03-no-selector.yaml: an address outside of the cluster, by hand-written Endpoints; a named port',
    `${tcp}; ${v4}`,
    '03: services without a selector',
  ),
  played(
    '04-local.yaml: pods of the node that is asked, the address of the client, health checks',
    `${tcp}; ${v4}`,
    '04: a load balancer of the policy Local',
  ),
  played(
    '05-affinity.yaml: a client stays until the time-out, another may differ',
    `${tcp}; ${v4}`,
    '05: a service with session affinity',
  ),
  played(
    '06-loadbalancer.yaml: source ranges, and an external IP on either node',
    `${tcpUdp}; ${v4}`,
    '06: a load balancer with source ranges, and an external IP',
  ),
  played(
    '07-not-balanced.yaml: nothing is programmed, nothing is complained of',
    v4,
    '07: services that are not balanced',
  ),
  played(
    '08-dualstack.yaml: both families, and SCTP beside TCP on one port',
    `TCP, SCTP; ${dual}`,
    '08: a dual-stack service with two protocols on one port',
  ),
];

/** The checklists of Kubernetes' end-to-end tests (test/e2e/network, v1.28), and of what users of kube-proxy suffer from. */
export const packetChecklists: readonly Checklist[] = [
  { title: 'service.go', boxes: serviceBoxes },
  { title: 'networking.go', boxes: networkingBoxes },
  { title: 'dual_stack.go', boxes: dualStackBoxes },
  { title: 'conntrack.go', boxes: conntrackBoxes },
  { title: 'loadbalancer.go', boxes: balancerBoxes },
  { title: 'loadbalancer.go: ESIPP', boxes: esippBoxes },
  { title: 'endpointslice.go, endpointslicemirroring.go', boxes: sliceBoxes },
  {
    title: 'kube_proxy.go, funny_ips.go, hostport.go, topology_hints.go, traffic_distribution.go',
    boxes: otherBoxes,
  },
  {
    title: 'The walkthrough (test/fixtures/scenarios), from manifests and from an API server',
    boxes: scenarioBoxes,
  },
  { title: 'Changes under a steady stream of new connections', boxes: steadyBoxes },
  { title: 'What users of kube-proxy suffer from', boxes: painBoxes },
];
