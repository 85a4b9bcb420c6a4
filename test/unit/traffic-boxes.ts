import type { Box, Case, Checklist } from '../packets/conformance-boxes.ts';
import { file } from '../packets/conformance-boxes.ts';
import { box, told } from './boxes.ts';

const base = file('unit/planner/base-plan.test.ts');
const plan = file('unit/planner/service-plan.test.ts');
const properties = file('unit/planner/service-plan.properties.test.ts');
const nodePorts = file('unit/planner/node-ports.test.ts');
const outer = file('unit/planner/outer-addresses.test.ts');
const refused = file('unit/planner/refused-addresses.test.ts');
const choice = file('unit/planner/endpoint-choice.test.ts');
const options = file('unit/config/planning.test.ts');
const flags = file('unit/config/flags.test.ts');
const commands = file('unit/cli/configuration.test.ts');
const nodeAddresses = file('unit/cli/node-addresses.test.ts');
const services = file('unit/sources/objects/service-decoder.test.ts');
const ledger = file('unit/reconciler/ledger.test.ts');
const order = file('unit/reconciler/order.test.ts');
const audit = file('unit/reconciler/audit.test.ts');
const draining = file('unit/reconciler/draining.test.ts');
const sets = file('unit/kernel/sets.test.ts');
const kernelAddresses = file('kernel/addresses.test.ts');
const kernelFirewall = file('kernel/firewall.test.ts');
const kernelSets = file('kernel/sets.test.ts');
const kernelServers = file('kernel/virtual-servers.test.ts');
const takenFirewall = file('kernel/firewall-takeover.test.ts');
const onCluster = file('kernel/cli-cluster.test.ts');
const packets = file('packets/protocols.test.ts');
const outerPackets = file('packets/outer-addresses.test.ts');
const connections = file('packets/connections.test.ts');
const foreign = file('packets/takeover-ownership.test.ts');
const takeover = file('packets/takeover.test.ts');

const way: readonly Box[] = [
  box(
    'an address of a service is the node’s own, so that IPVS gets what is for it',
    kernelAddresses('are local to the node although the interface is down'),
  ),
  box(
    'what comes in is judged by the address and port of the service, before IPVS',
    base('meets a packet in the order of kube-proxy’s jumps'),
    outerPackets('reach nothing but the services on them'),
  ),
  box(
    'what the node sends is balanced, and judged, too',
    packets("bears a node's address as source when it comes from the node"),
    base('drops, before IPVS, what the node sends to a load balancer that does not admit it'),
    outerPackets('are dropped from outside of the source ranges of a load balancer, by nodes too'),
  ),
  box(
    'masquerading takes connection tracking of IPVS',
    base('are those that forwarding depends on'),
    packets('bears the address of the node that was asked when it comes from outside'),
  ),
];

const bound: readonly Box[] = [
  box(
    'kube-ipvs0 is a dummy, down and without ARP, its addresses /32 and /128',
    kernelAddresses('are bound to a dummy interface without ARP that stays down'),
  ),
  box(
    'cluster IPs are bound, without endpoints too',
    plan('plans a cluster IP service with no endpoints without real servers, its address bound'),
  ),
  box(
    'an external or load balancer address that another interface has is served and not bound (#114815)',
    outer('are not bound where another interface of the node has them'),
    foreign('is an address that another interface has'),
  ),
  box(
    'the node’s own addresses are not bound for node ports',
    nodePorts('does not bind the node’s own address'),
  ),
  box(
    'load balancer addresses of ipMode Proxy, and names, are passed over',
    outer('TestLoadBalancerIngressRouteTypeProxy'),
    services('reads everything that a service can ask for'),
  ),
  box(
    'a service without endpoints is refused at once',
    packets('refuses what asks for a service without endpoints, by TCP and by UDP'),
    outerPackets('are refused at their first packet where a service has no endpoints'),
  ),
  box('left-over addresses are removed', audit('a stray address')),
  box(
    'an address stays as long as any port or service uses it',
    ledger('keeps an address'),
    plan('binds the address of a service with several ports once'),
  ),
  box(
    'an address is bound when a virtual server is there, and unbound before it goes',
    order('a real server after its virtual server'),
    order('is from the outside in where a service goes'),
  ),
];

const servers: readonly Box[] = [
  box(
    'one virtual server for each address, port and protocol',
    properties('serves every port on every address of the service'),
  ),
  box(
    'session affinity: the flag, the time and the prefix',
    plan('session affinity'),
    outer('is that of every address, node ports included'),
    services('reads everything that a service can ask for'),
    kernelServers('are persistent for a time and a client prefix'),
  ),
  box('mh looks at the port', plan('is joined with the flags of mh')),
  box('every scheduler of the kernel', kernelServers('use the scheduler')),
  box(
    'what changes is changed in place',
    ledger('changes a virtual server in its place'),
    kernelServers('are changed in place, whatever changes'),
    file('packets/steady.test.ts')('loses nothing when its scheduler changes'),
  ),
  box('weight 1, masquerade', plan('plans nothing but the virtual server'), properties('with weight 1')),
  box('a weight that others left is set right (#92019)', audit('sets right what others have changed')),
  box(
    'an endpoint that comes back gets its weight back, and keeps its connections (#117205)',
    draining('gets its weight back, and nothing else is written'),
    connections('live on while their pod drains'),
  ),
  box(
    'endpoints of TCP drain, those of UDP and SCTP go at once',
    draining('gets weight 0 and stays where it has connections'),
    draining('where it is one of UDP'),
    draining('where it is one of SCTP'),
    connections('let their pod go when the last of them has ended'),
    packets('of an SCTP association end with a reset when its endpoint goes'),
  ),
  box('draining goes on in the next process', draining('outlives the process')),
  box('a virtual server goes outright', draining('goes with its virtual server')),
  told(
    box(
      'virtual servers that no service wants',
      audit('a virtual server that no service wants'),
      foreign('stays when services come and go'),
    ),
    'ours are removed; those of others stay, inside of excludeCIDRs or not',
  ),
];

const chosen: readonly Box[] = [
  box(
    'ready endpoints, else those that serve while they terminate, each policy by itself',
    choice('endpoints of a policy that terminate'),
    choice('all endpoints are terminating'),
    properties('forwards to the endpoints that the policy of the way chooses'),
  ),
  box(
    'the external policy counts where there is a way from outside',
    choice('externalTrafficPolicy ignored if not externally accessible'),
  ),
  box(
    'hints for nodes, else for zones, where every ready endpoint has them',
    choice('hints'),
    choice('PreferSameNode'),
    file('packets/cluster.test.ts')('whose endpoints have hints'),
  ),
  told(
    box(
      'policy Local without a local endpoint',
      outer('refuses outside clients on every address, and serves the cluster by other nodes'),
      outer('does as kube-proxy does where clients of the cluster cannot be told'),
      outerPackets('get through to another node all the same'),
      outerPackets('are refused at their first packet where the policy is Local'),
    ),
    'kube-proxy sends clients from outside to other nodes, whose answers are lost',
  ),
  box(
    'internal policy Local without a local endpoint refuses',
    choice('no cluster endpoints for iTP:Local'),
    outer('lists nothing where internalTrafficPolicy Local finds no endpoint'),
  ),
  box('which policy finds no local endpoint is told', choice('TestNoEndpointsMetric')),
];

const ipSets: readonly Box[] = [
  box(
    '17 sets a family by kube-proxy’s names and types, and some of our own',
    base('are kube-proxy’s and three of our own, for each family'),
    kernelSets('are made, all of both families'),
  ),
  box(
    'names of IPv6 are cut at 31 characters',
    base('are kube-proxy’s and three of our own, for each family'),
  ),
  told(
    box(
      'more elements than a set has room for',
      sets('enlarges a set'),
      kernelSets('in a set that is too small'),
    ),
    'kube-proxy’s sets end at 65 536',
  ),
  ...(
    [
      [
        'KUBE-LOOP-BACK',
        plan('hairpin'),
        outer('hairpin'),
        packets('comes back to the pod that it started from'),
      ],
      ['KUBE-CLUSTER-IP', plan('binds the address of a service with several ports once')],
      ['KUBE-EXTERNAL-IP', outer('TestExternalIPs')],
      ['KUBE-EXTERNAL-IP-LOCAL', outer('TestOnlyLocalExternalIPs')],
      [
        'KUBE-LOAD-BALANCER, KUBE-LOAD-BALANCER-LOCAL',
        outer('TestLoadBalancer'),
        outer('TestOnlyLocalLoadBalancing'),
      ],
      ['KUBE-LOAD-BALANCER-FW, -SOURCE-CIDR, -SOURCE-IP', outer('source ranges over')],
      [
        'KUBE-NODE-PORT-TCP, -UDP, -SCTP-HASH',
        nodePorts('1 service with node port'),
        nodePorts('1 UDP service'),
        nodePorts('with protocol sctp'),
      ],
      ['KUBE-NODE-PORT-LOCAL-TCP, -UDP, -SCTP-HASH', outer('TestOnlyLocalNodePorts')],
      [
        'KUBE-HEALTH-CHECK-NODE-PORT',
        choice('TestHealthCheckNodePort'),
        nodePorts('lets health checks of a service in'),
      ],
      ['KUBE-IPVS-IPS', properties('lists every bound address in KUBE-IPVS-IPS')],
    ] as const satisfies readonly (readonly [string, ...Case[]])[]
  ).map(([name, ...cases]) => box(name, ...cases)),
];

const iptables: readonly Box[] = [
  box(
    'jumps, their order and their comments',
    base('meets a packet in the order of kube-proxy’s jumps'),
    base('has kube-proxy’s comments on its jumps'),
    kernelFirewall('writes jumps in the order'),
  ),
  box('nat KUBE-SERVICES, rule by rule', base('accepts the traffic of services behind every other rule')),
  box(
    'what is masqueraded of cluster IPs',
    base('masquerades, of the traffic to cluster IPs'),
    packets('with --masquerade-all'),
    packets('keeps the source of a pod through the cluster address'),
  ),
  box(
    'host ports of network plug-ins do not take the traffic of services (#66103)',
    file('packets/conformance-networking.test.ts')('HostPort'),
  ),
  box(
    'nat KUBE-LOAD-BALANCER and KUBE-NODE-PORT: local first',
    base('keeps the source of node port traffic for local endpoints'),
    outerPackets('keep their source where the policy is Local'),
  ),
  box(
    'nat KUBE-POSTROUTING and KUBE-MARK-MASQ',
    base('masquerades marked traffic once'),
    base('marks with bit'),
    file('unit/kernel/firewall.test.ts')('--random-fully'),
  ),
  box(
    'filter KUBE-FORWARD',
    base('forwards what is marked and what belongs to a connection'),
    file('packets/conformance-networking.test.ts')('a node that forwards nothing by policy'),
  ),
  box(
    'filter KUBE-NODE-PORT lets health checks in',
    base('lets health checks of services in'),
    file('packets/health.test.ts')('reach the node whatever its firewall drops'),
  ),
  box(
    'filter KUBE-PROXY-FIREWALL and KUBE-SOURCE-RANGES-FIREWALL',
    base('drops what comes from outside of a load balancer’s source ranges'),
    outerPackets('are dropped from outside of the source ranges'),
  ),
  told(
    box(
      'filter KUBE-IPVS-FILTER, rule by rule',
      base('rejects new connections alone to what services do not serve'),
      base('resets TCP to services without endpoints'),
      base('refuses those from outside alone'),
    ),
    'four rules more, which refuse before IPVS what nobody serves',
  ),
  told(
    box(
      'KUBE-IPVS-OUT-FILTER',
      base('drops, before IPVS, what the node sends'),
      outerPackets('by nodes too'),
    ),
    'in the mangle table, where the address of the service is still known: one rule for all services',
  ),
  box(
    'what kube-proxy left of either release becomes our program',
    takenFirewall('becomes our program'),
    takeover('has nothing left of what only kube-proxy needed'),
  ),
];

const ways: readonly Box[] = [
  box(
    'node ports on every address, on CIDRs, on those of the Node',
    nodeAddresses('the addresses of a node'),
    onCluster('--nodeport-addresses primary serves node ports'),
    flags('takes "all" for every node port address'),
  ),
  box(
    'a new address of the node serves at once',
    nodeAddresses('tells of an address that the kernel tells of'),
    foreign('is an address of the node that comes and goes'),
  ),
  box(
    'no node ports on loopback addresses, which is told',
    nodeAddresses('without loopback and link-local ones'),
    commands('says that node ports are not served on loopback addresses'),
  ),
  box(
    'without an address for node ports health checks are let in all the same',
    nodePorts('lets health checks of a service in on such a node too'),
  ),
  box('external IPs follow the external policy', outer('TestOnlyLocalExternalIPs')),
  box(
    'external IPs not at all (feature gate AllowServiceExternalIPs)',
    refused('AllowServiceExternalIPs'),
    options('external IPs not at all'),
  ),
  box(
    'source ranges: load balancer addresses alone, by family, without white space around them',
    outer('source ranges over'),
    services('reads everything that a service can ask for'),
    outerPackets('are dropped from outside of the source ranges'),
  ),
  box(
    'SCTP: sets of addresses and ports, real servers without grace',
    nodePorts('with protocol sctp'),
    draining('where it is one of SCTP'),
  ),
  box(
    'load balancers without node ports',
    outer('serve without node ports'),
    nodePorts('plans no node port where none is allocated'),
  ),
];

const local: readonly Box[] = [
  box(
    'ClusterCIDR, NodeCIDR, BridgeInterface, InterfaceNamePrefix',
    options('of the pods'),
    options('the network of all pods'),
    base('what does not come from the pods’ addresses'),
    base('what does not come in by the pods’ interfaces'),
  ),
  box(
    'without a word on where pods are',
    base('what bears a service’s address where the pods’ addresses of the family are not known'),
    packets('without a word on where pods are'),
  ),
  box('NodeCIDR waits for the Node', onCluster('NodeCIDR waits for the pod CIDRs of the Node')),
];

/** What kube-proxy does with traffic in IPVS mode, and what is done here, line by line. */
export const trafficChecklists: readonly Checklist[] = [
  { title: 'The way of a packet', boxes: way },
  { title: 'Addresses on kube-ipvs0', boxes: bound },
  { title: 'Virtual servers and real servers', boxes: servers },
  { title: 'Which endpoints are chosen', boxes: chosen },
  { title: 'IP sets', boxes: ipSets },
  { title: 'iptables', boxes: iptables },
  { title: 'Node ports, external IPs, load balancers, SCTP', boxes: ways },
  { title: 'Local traffic', boxes: local },
];
