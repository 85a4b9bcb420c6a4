import type { Box, Checklist } from '../packets/conformance-boxes.ts';
import { apart, file } from '../packets/conformance-boxes.ts';
import { box, told } from './boxes.ts';

const base = file('unit/planner/base-plan.test.ts');
const plan = file('unit/planner/service-plan.test.ts');
const turn = file('unit/planner/turn.test.ts');
const outer = file('unit/planner/outer-addresses.test.ts');
const refused = file('unit/planner/refused-addresses.test.ts');
const annotations = file('unit/planner/annotations.test.ts');
const conntrack = file('unit/planner/conntrack-sysctls.test.ts');
const options = file('unit/config/planning.test.ts');
const planning = file('unit/cli/planning.test.ts');
const nodeAddresses = file('unit/cli/node-addresses.test.ts');
const order = file('unit/reconciler/order.test.ts');
const reconciler = file('unit/reconciler/reconciler.test.ts');
const audit = file('unit/reconciler/audit.test.ts');
const draining = file('unit/reconciler/draining.test.ts');
const slowStart = file('unit/reconciler/slow-start.test.ts');
const staleFlows = file('unit/reconciler/stale-flows.test.ts');
const kernelServers = file('kernel/virtual-servers.test.ts');
const kernelAddresses = file('kernel/addresses.test.ts');
const realServers = file('kernel/real-servers.test.ts');
const kernelDraining = file('kernel/real-servers-draining.test.ts');
const kernelSets = file('kernel/sets.test.ts');
const events = file('kernel/cli-events.test.ts');
const onNode = file('kernel/cli-run.test.ts');
const packets = file('packets/protocols.test.ts');
const steady = file('packets/steady.test.ts');
const outerPackets = file('packets/outer-addresses.test.ts');
const networking = file('packets/conformance-networking.test.ts');
const connections = file('packets/connections.test.ts');
const cluster = file('packets/cluster.test.ts');
const resilience = file('packets/resilience.test.ts');
const foreign = file('packets/takeover-ownership.test.ts');
const takeover = file('packets/takeover.test.ts');

const balancing: readonly Box[] = [
  box(
    'one scheduler for the whole cluster (#75502)',
    annotations('annotations of a scheduler'),
    planning('plans the configured scheduler where the kernel does not have the one asked for'),
    kernelServers('use the scheduler'),
    events('tell of a scheduler that this kernel does not have'),
  ),
  box(
    'flags of sh and mh cannot be set (#115526)',
    annotations('sh with both flags'),
    annotations('mh with both flags'),
    kernelServers('carry every flag there is'),
  ),
  box(
    'sh and mh refuse clients while the pod drains that they are hashed to',
    annotations('mh, which looks at the port as in kube-proxy, and elsewhere while an endpoint drains'),
    annotations('sh, which looks elsewhere while an endpoint drains'),
    annotations('have real servers not drain with dh'),
    steady('loses nothing when its scheduler changes'),
  ),
  box(
    'rr begins at the same pod on every node (#121591)',
    plan('begins elsewhere on each node'),
    turn('begins at another endpoint on each node'),
    turn('is no other for mh'),
  ),
  box(
    'a new pod gets all connections at once, or few for long (#126378)',
    slowStart('a service whose real servers start slowly'),
    connections('are divided by the weights that their service asks for'),
    connections('come little by little to a pod that has just come'),
  ),
  box(
    'no limit of connections for a pod',
    annotations('limit the connections of each real server'),
    realServers('keep their thresholds'),
    realServers('with thresholds that contradict each other'),
  ),
];

const programming: readonly Box[] = [
  box(
    'the cost of a sync grows with the cluster (#73382)',
    reconciler('makes two writes for one endpoint that moves, among 10 services and among 10 000'),
  ),
  box('a new node serves without masquerading for half a minute (#133773)', order('is from the inside out')),
  box(
    'a restart loses traffic (#73154)',
    reconciler('writes nothing when it is restarted over a kernel that is right'),
    resilience('is not written to when it starts again, and held connections live on'),
  ),
  box(
    'a weight of 0 stays after a restart (#92019)',
    audit('sets right what others have changed'),
    draining('gets its weight back from the next process where that wants it'),
  ),
  box('sets end at 65 536 elements (#129389)', kernelSets('in a set that is too small')),
  box(
    'a missing module is passed over in silence (moby/ipvs #27)',
    file('kernel/netlink.test.ts')('names a generic family'),
  ),
];

const ending: readonly Box[] = [
  box(
    'a connection is delayed by a second where its port was used before (#81775)',
    base('conn_reuse_mode'),
    options('take 4.19.0-26-amd64 for Linux 4.19'),
  ),
  box(
    'connections to a pod that is gone hang (expire_nodest_conn)',
    base('are those that forwarding depends on'),
    kernelDraining('removes it with its connection when its time is over'),
    connections('lose their pod when it has drained for as long as is allowed'),
  ),
  box(
    'draining never ends, or there is none (#57841)',
    draining('is removed with its connections when its time is over'),
    draining('has the time that its service asks for'),
    annotations('say for how long a real server drains'),
    connections('lose their pod when it has drained'),
    connections('let their pod go when the last of them has ended'),
  ),
  box(
    'a node that comes back has its connections cut (#117205)',
    draining('gets its weight back, and nothing else is written'),
    kernelDraining('gives the endpoint that comes back its weight'),
    connections('live on while their pod drains'),
  ),
  box(
    'UDP and SCTP stay with pods that are gone (#71514)',
    staleFlows('flows to endpoints that are gone'),
    connections('follow the pod of their service that cycles'),
    packets('of an SCTP association are forgotten by connection tracking'),
  ),
  box(
    'IPVS and connection tracking forget at different times (#120076)',
    conntrack('remember a connection at least as long as IPVS is told to'),
    onNode('sets the time-outs of IPVS that are given'),
  ),
  told(
    box(
      'affinity outlasts its endpoint (#71809, expire_quiescent_template)',
      base('are those that forwarding depends on'),
      connections('stay where they are while new ones of a client with affinity go to another pod'),
      connections('with affinity may go to another pod'),
      cluster('a client whose affinity has ended meanwhile'),
    ),
    'its time-out by up to three minutes where connections by TCP were closed: docs/decisions/session-affinity.md',
  ),
  apart(
    'clients of a node that died hang for minutes (#77903)',
    'their connections drain as any others, 15 minutes at most; drain-timeout shortens that',
  ),
  apart(
    'idle connections are cut after 15 minutes (#80298)',
    'as the kernel has it; ipvs.tcpTimeout lengthens that',
  ),
];

const reaching: readonly Box[] = [
  box(
    'host ports are reached through addresses of services (#72236), from the first moment on',
    order('is from the inside out where a service is made'),
    order('is every new address of a family whose iptables program is not there'),
    base('rejects new connections alone to what services do not serve'),
    networking('no port of the node itself is reached'),
    outerPackets('reach nothing but the services on them'),
  ),
  box(
    'the port of a service that has the number of a node port loses the source (#132068)',
    base('accepts the traffic of services behind every other rule'),
    outerPackets('keep the source of a pod where the port of a service is the node port of another'),
  ),
  box(
    'policy Local without a local pod: clients of the cluster fail, those from outside wait (#75262)',
    outer('refuses outside clients on every address, and serves the cluster by other nodes'),
    outerPackets('get through to another node all the same'),
    outerPackets('are refused at their first packet where the policy is Local'),
  ),
  box(
    'a load balancer is cut short where it must not be (#66607)',
    outer('TestLoadBalancerIngressRouteTypeProxy'),
  ),
  box(
    'an address of a service takes a node off the network (#127410)',
    refused('refuses'),
    outer('are not bound where another interface of the node has them'),
    foreign('is an address that another interface has'),
    events('tell of an address that this node needs'),
  ),
  box(
    'whoever writes a Service takes any address (CVE-2020-8554)',
    refused('CVE-2020-8554'),
    refused('AllowServiceExternalIPs'),
    options('the ranges that outer addresses may be in'),
  ),
  box(
    'neighbours reach loopback addresses of the node (CVE-2020-8558)',
    base('never expose the loopback addresses'),
  ),
  apart(
    'node ports on loopback addresses (#56320)',
    'IPVS does not serve them; that they are asked for is told in the log',
  ),
  box(
    'source ranges do not hold for nodes (#119656)',
    base('drops, before IPVS, what the node sends'),
    outerPackets('are dropped from outside of the source ranges of a load balancer, by nodes too'),
  ),
  box(
    'rules against ICMP break path MTU discovery (kube-router #685)',
    base('never drops or rejects ICMP of a connection'),
    connections('learn by TCP how much fits'),
    outerPackets('are answered in full where a router on the way back tells the address of a service'),
  ),
  box(
    'a service without endpoints fills the kernel’s log (#100925)',
    base('resets TCP to services without endpoints'),
    outerPackets('are refused at their first packet where a service has no endpoints'),
  ),
  box(
    'a policy of FORWARD that drops breaks services (#59656)',
    networking('a node that forwards nothing by policy'),
  ),
  box(
    'a pod does not reach itself through its service',
    plan('hairpin lists endpoints of this node only'),
    packets('comes back to the pod that it started from'),
  ),
  box(
    'the node asks with the address of a service (#65158)',
    packets('without a word on where pods are'),
    base('what bears a service’s address'),
  ),
];

const beside: readonly Box[] = [
  box(
    'virtual servers of others are removed, and our own are left behind (#59507)',
    audit('a virtual server that no service wants'),
    foreign('stays when services come and go'),
    resilience('was neither touched nor told of by any controller'),
  ),
  told(
    box(
      'excludeCIDRs is all that protects them (#134147)',
      audit('is never removed from an excluded CIDR'),
      foreign('stays when services come and go'),
    ),
    'followed all the same',
  ),
  box(
    'a new address of the node waits for the next sync (#75443)',
    nodeAddresses('tells of an address that the kernel tells of'),
    networking('an address that a node is given serves node ports'),
  ),
  box(
    'programs take an address of kube-ipvs0 for the node’s (#107662)',
    kernelAddresses('are bound to a dummy interface without ARP that stays down'),
  ),
  box(
    'the node answers ARP for addresses of services (#59976)',
    base('answer ARP for the asked interface alone where strictARP says so'),
    foreign('has its neighbours hear nothing of addresses on kube-ipvs0, with strict ARP'),
  ),
  box(
    'cleanup leaves things behind, or takes those of others (#96034)',
    onNode('cleanup removes everything of ours and nothing else'),
    foreign('is all that cleanup leaves'),
    resilience('is all that is left after cleanup'),
  ),
  box('moving over loses connections', takeover('keeps every connection when kube-ipvs takes over')),
  box(
    'one family lags behind the other (#65006)',
    base('is the same whatever the family'),
    file('unit/planner/service-plan.properties.test.ts')('is the same in IPv6 as in IPv4'),
    packets('over ipv6'),
  ),
  box(
    'SCTP is forgotten (#104755)',
    base('keeps the source of node port traffic for local endpoints'),
    packets('sctp over'),
    packets('of an SCTP association end with a reset'),
  ),
];

/** What users of kube-proxy in IPVS mode suffer from, and what shows that it is gone here. */
export const painChecklists: readonly Checklist[] = [
  { title: 'Balancing', boxes: balancing },
  { title: 'Programming', boxes: programming },
  { title: 'The end of connections', boxes: ending },
  { title: 'What is reached, and what is not', boxes: reaching },
  { title: 'Beside others', boxes: beside },
];
