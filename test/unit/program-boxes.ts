import type { Box, Checklist } from '../packets/conformance-boxes.ts';
import { apart, file } from '../packets/conformance-boxes.ts';
import { box, told } from './boxes.ts';

const base = file('unit/planner/base-plan.test.ts');
const plan = file('unit/planner/service-plan.test.ts');
const properties = file('unit/planner/service-plan.properties.test.ts');
const outer = file('unit/planner/outer-addresses.test.ts');
const choice = file('unit/planner/endpoint-choice.test.ts');
const endpoints = file('unit/planner/endpoints.test.ts');
const conntrack = file('unit/planner/conntrack-sysctls.test.ts');
const options = file('unit/config/planning.test.ts');
const flags = file('unit/config/flags.test.ts');
const proxyFlags = file('unit/config/kube-proxy-flags.test.ts');
const configuration = file('unit/config/configuration-file.test.ts');
const written = file('unit/config/written-file.test.ts');
const migration = file('unit/config/migration.test.ts');
const commands = file('unit/cli/configuration.test.ts');
const watch = file('unit/cli/configuration-watch.test.ts');
const host = file('unit/cli/host.test.ts');
const schedulers = file('unit/cli/scheduler-check.test.ts');
const follower = file('unit/cli/node-follower.test.ts');
const troubles = file('unit/cli/service-troubles.test.ts');
const services = file('unit/sources/objects/service-decoder.test.ts');
const slices = file('unit/sources/objects/endpoint-slice-decoder.test.ts');
const source = file('unit/sources/kubernetes/kubernetes-source.test.ts');
const reconciler = file('unit/reconciler/reconciler.test.ts');
const order = file('unit/reconciler/order.test.ts');
const audit = file('unit/reconciler/audit.test.ts');
const retry = file('unit/reconciler/retry.test.ts');
const removals = file('unit/reconciler/removals.test.ts');
const staleFlows = file('unit/reconciler/stale-flows.test.ts');
const sysctls = file('unit/kernel/sysctls.test.ts');
const serviceHealth = file('unit/health/service-health-servers.test.ts');
const healthRoutes = file('unit/health/proxy-health-routes.test.ts');
const proxyHealth = file('unit/health/proxy-health.test.ts');
const kernelFirewall = file('kernel/firewall.test.ts');
const takenFirewall = file('kernel/firewall-takeover.test.ts');
const onNode = file('kernel/cli-run.test.ts');
const onCluster = file('kernel/cli-cluster.test.ts');
const onConfiguration = file('kernel/cli-config.test.ts');
const onHealth = file('kernel/cli-health.test.ts');
const connections = file('packets/connections.test.ts');
const badInput = file('packets/bad-input.test.ts');
const resilience = file('packets/resilience.test.ts');
const foreign = file('packets/takeover-ownership.test.ts');
const takeover = file('packets/takeover.test.ts');

const start: readonly Box[] = [
  box(
    'the scheduler is tried, by a virtual server that nobody asks for',
    schedulers('the check of the scheduler'),
  ),
  box(
    'what the machine lacks ends the program; no other mode takes over',
    badInput('a scheduler that the kernel lacks is refused, with the module to load'),
    badInput('the lack of CAP_NET_ADMIN is told of'),
    onNode('says in one line that iptables is missing'),
    flags('refuses {"proxyMode":"iptables"}'),
  ),
  box(
    'a family of the kernel’s protocols that is missing is told, not passed over',
    file('kernel/netlink.test.ts')('names a generic family that the kernel does not have'),
  ),
  box(
    'IPv6 is left out where the host has none',
    host('has IPv4 alone where the kernel shows no addresses of IPv6'),
    base('has nothing for a family that the host does not have'),
    plan('leaves out a family that the host does not have'),
  ),
  told(
    box('whether the node is in source ranges', outer('admit the node where its address is in one')),
    'by every address of the node, not by one that is taken for it',
  ),
  box(
    'node ports on every address are told of',
    onConfiguration('ends with status 0 when the file asks for something else'),
    migration('tells of nodePortAddresses that are not narrowed'),
  ),
  box(
    'how readily the process is ended when memory runs out',
    host('is told how readily to end the process'),
    flags('has the defaults of kube-proxy'),
  ),
  apart('a warning that mode ipvs is deprecated', 'it is not, here'),
];

const settings: readonly Box[] = [
  ...['vs/conntrack', 'vs/expire_nodest_conn', 'vs/expire_quiescent_template', 'ip_forward'].map((name) =>
    box(`net/ipv4/${name} is 1`, base('are those that forwarding depends on')),
  ),
  box(
    'net/ipv4/vs/conn_reuse_mode is 0 from Linux 4.1 on and before 5.9, and else left alone',
    base('conn_reuse_mode'),
    options('take 4.19.0-26-amd64 for Linux 4.19'),
  ),
  box(
    'arp_ignore is 1 and arp_announce 2 with strict ARP',
    base('answer ARP for the asked interface alone where strictARP says so'),
    foreign('has its neighbours hear nothing of addresses on kube-ipvs0, with strict ARP'),
  ),
  box('route_localnet is never set', base('never expose the loopback addresses of the node')),
  box(
    'the time-outs of IPVS are those that are given, the others the kernel’s',
    onNode('sets the time-outs of IPVS that are given'),
  ),
  box(
    'a connection is tracked at least as long as IPVS remembers it',
    conntrack('remember a connection at least as long as IPVS is told to'),
    onNode('sets the time-outs of IPVS that are given'),
  ),
  box(
    'nf_conntrack_max and the buckets are raised, and never lowered',
    conntrack('track no fewer connections than the minimum'),
    sysctls('are only ever raised where a greater number will do'),
    file('kernel/sysctls.test.ts')('are raised and never lowered'),
  ),
  box(
    'the time-outs of connection tracking',
    conntrack('are as kube-proxy has them'),
    conntrack('are those that are asked for'),
  ),
  box(
    'settings that cannot be written keep nothing else from being served',
    sysctls('do not keep each other from being written'),
    file('unit/cli/health-feed.test.ts')('isCommon is false for net/netfilter/nf_conntrack_max of sysctls'),
    host('has its limits of connection tracking left alone where they cannot be written'),
  ),
];

const configured: readonly Box[] = [
  box(
    'every default is kube-proxy’s',
    flags('has the defaults of kube-proxy'),
    options('are the defaults of kube-proxy'),
  ),
  box('every field that planning depends on reaches it', options('as configured, and are else the same')),
  box(
    'the files of kubeadm, kubespray, EKS, kind and of old releases are taken unchanged',
    configuration('is taken unchanged'),
    onConfiguration('programs a service as the file says'),
  ),
  box(
    'masqueradeAll and masqueradeBit stand under iptables',
    configuration('with a field in the wrong place'),
    base('marks with bit'),
  ),
  box('every flag of kube-proxy is taken', proxyFlags('')),
  box(
    'what is of other modes is named once, as without effect, with the reason',
    configuration('is taken unchanged, and what it has that is not used is named'),
    commands('takes every flag of kube-proxy, says in one line which have no effect, and why'),
    onConfiguration('programs a service as the file says, and tells what has no effect'),
  ),
  box(
    'strict reading: unknown fields, fields twice, wrong types, by file, line, column and field',
    configuration('is refused by file, line and field'),
    configuration('tells everything that is wrong at once'),
    commands('ends with 1 and tells every problem with line, column and field'),
  ),
  box(
    'a changed file is noticed and ends the process; one that is wrong changes nothing',
    watch('a watch of a configuration file'),
    onConfiguration(
      'ends with status 0 when the file asks for something else, and leaves the kernel as it is',
    ),
  ),
  box(
    'config validate, config view and config schema',
    commands('config validate'),
    commands('config view'),
    commands('config schema'),
  ),
  box(
    '--write-config-to',
    commands('--write-config-to'),
    written('a written configuration file'),
    onConfiguration('finds nothing to write with the file that it wrote itself'),
  ),
  box(
    '--init-only sets kernel settings and ends',
    onConfiguration('sets kernel settings alone with --init-only'),
  ),
  box(
    'migrate --from-kube-proxy',
    migration('a configuration moved over from kube-proxy'),
    commands('migrate prints'),
  ),
  box(
    'syncPeriod and minSyncPeriod',
    audit('comes by itself within every sync period'),
    reconciler('begins no two syncs within the least sync period'),
  ),
  box(
    'the listener of metrics answers at /metrics, /proxyMode, /healthz and /configz',
    onHealth('is healthy at every address of both families, and tells its mode on loopback alone'),
  ),
  apart(
    '/debug/pprof with profiling',
    'profiles of Go have no counterpart: that it is asked for is told in the log',
  ),
];

const watched: readonly Box[] = [
  box(
    'Services and EndpointSlices by kube-proxy’s selector, and the own Node',
    source('asks for what is meant for kube-proxy'),
    file('unit/sources/kubernetes/node.test.ts')('watches the one node'),
  ),
  box(
    'headless, ExternalName and labelled services are passed over',
    services('without a word'),
    slices('skips a slice'),
  ),
  box(
    'another podCIDR ends the process under NodeCIDR',
    follower('fails when pod networks that are planned with become others'),
    onCluster('NodeCIDR waits for the pod CIDRs'),
  ),
  box(
    'nothing is written before both have been read',
    source('marks the catalog synced when both have been listed, and not before'),
    reconciler('reads and writes nothing before it is started'),
    file('packets/cluster.test.ts')('it comes back without its history'),
  ),
  box(
    'ports are told apart by name and protocol',
    endpoints('leaves out ports of another name with the same number'),
    endpoints('leaves out ports of that name with another protocol'),
  ),
  box(
    'an endpoint in several slices counts once, the one of this node rather than another',
    endpoints('of an endpoint listed twice'),
  ),
  box(
    'conditions that are not written',
    slices('gives conditions that are not written the meaning that the API gives to nil'),
  ),
  box('the first address of an endpoint', slices('reads everything that an endpoint can say')),
  box(
    'slices and addresses of the wrong family',
    endpoints('leaves out slices of the other family'),
    slices('leaves out an endpoint of the wrong family'),
    troubles('names a wrong family as kube-proxy does'),
  ),
  box('ports without a number', slices('leaves out a port without a number')),
  box(
    'whether an endpoint is local, by the node’s name',
    flags('takes the node name from the flag'),
    choice('internalTrafficPolicy: Local, some endpoints are local'),
  ),
];

const sync: readonly Box[] = [
  told(
    box(
      'everything comes to be as it should, whatever was there',
      onNode('writes nothing the second time'),
      file('unit/reconciler/faults.property.test.ts')('its kernel is as a fresh start makes it'),
    ),
    'by the difference: one change costs the same whatever else there is',
  ),
  box(
    'the cost of a change does not grow with the number of services',
    reconciler('makes two writes for one endpoint that moves'),
  ),
  box(
    'masquerading is there before a new node serves (#133773)',
    order('is from the inside out where a service is made'),
  ),
  box(
    'a refused entry holds up nothing else',
    retry('does not keep other changes from being written'),
    badInput('iptables whose lock another program holds'),
  ),
  box(
    'equal services give equal rules, whatever order they come in',
    properties('does not depend on the order of slices'),
    base('has each of our chains once and refers to'),
    kernelFirewall('reads back equal what the planner plans'),
  ),
];

const health: readonly Box[] = [
  box(
    'health check ports of services: status, body and headers, at every path',
    serviceHealth('answers as kube-proxy does'),
    serviceHealth('answers 503 without a ready endpoint'),
  ),
  box(
    'local ready endpoints are counted, those that terminate are not',
    choice('the health of a service with a health check port'),
    file('packets/health.test.ts')('leave out a node whose endpoints all terminate'),
  ),
  box(
    'on the addresses of node ports',
    serviceHealth('listeningHosts'),
    serviceHealth('follows the addresses that node ports are served on'),
  ),
  box(
    'a port that cannot be had is told by an Event',
    troubles('tells of a health check port that is not served by kube-proxy'),
    onHealth('tells the owner of a service by an Event'),
  ),
  box(
    '/healthz and /livez, and the Node that goes',
    healthRoutes('/healthz and /livez'),
    healthRoutes('isEligible'),
    onHealth('sends new clients elsewhere when the Node goes'),
  ),
  box(
    'no change older than two sync periods',
    proxyHealth('is not when the first change has waited for two sync periods'),
  ),
];

const tracked: readonly Box[] = [
  box(
    'flows of UDP to endpoints that are gone',
    staleFlows('flows to endpoints that are gone'),
    connections('follow the pod of their service that cycles'),
  ),
  box(
    'flows of UDP from before there were endpoints (#105657)',
    staleFlows('when a service comes, or its first endpoint'),
    connections('are answered once endpoints that were not ready get ready'),
  ),
  box('never those of TCP', staleFlows('never for TCP')),
  box(
    'looked for only where a change asks for it',
    staleFlows('are not looked for where endpoints only come'),
  ),
];

const cleaned: readonly Box[] = [
  box(
    'cleanup and --cleanup remove everything of ours',
    onNode('cleanup removes everything of ours and nothing else'),
    onConfiguration('removes what is ours with --cleanup'),
    removals('removes all of that and only that'),
  ),
  told(
    box(
      'virtual servers, sets, chains and rules of others stay',
      foreign('is all that cleanup leaves'),
      resilience('is all that is left after cleanup'),
      takenFirewall('goes without leaving anything of ours'),
    ),
    'kube-proxy removes every virtual server',
  ),
  box(
    'a node that kube-proxy leaves is taken over without losing a connection',
    takeover('keeps every connection when kube-ipvs takes over'),
  ),
];

/** What kube-proxy does besides in IPVS mode, from its start to its cleanup, and what is done here, line by line. */
export const programChecklists: readonly Checklist[] = [
  { title: 'Start', boxes: start },
  { title: 'Kernel settings', boxes: settings },
  { title: 'Configuration', boxes: configured },
  { title: 'What is watched, and which services count', boxes: watched },
  { title: 'Synchronization', boxes: sync },
  { title: 'Health', boxes: health },
  { title: 'Connection tracking', boxes: tracked },
  { title: 'Cleanup, and taking over', boxes: cleaned },
];
