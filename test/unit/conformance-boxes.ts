import type { Box, Checklist } from '../packets/conformance-boxes.ts';
import { apart, file } from '../packets/conformance-boxes.ts';
import { box } from './boxes.ts';

const base = file('unit/planner/base-plan.test.ts');
const plan = file('unit/planner/service-plan.test.ts');
const nodePorts = file('unit/planner/node-ports.test.ts');
const outer = file('unit/planner/outer-addresses.test.ts');
const choice = file('unit/planner/endpoint-choice.test.ts');
const endpoints = file('unit/planner/endpoints.test.ts');
const endpointChanges = file('unit/planner/endpoint-changes.test.ts');
const catalog = file('unit/catalog/catalog.test.ts');
const audit = file('unit/reconciler/audit.test.ts');
const ledger = file('unit/reconciler/ledger.test.ts');
const draining = file('unit/reconciler/draining.test.ts');
const removals = file('unit/reconciler/removals.test.ts');
const sets = file('unit/kernel/sets.test.ts');
const addresses = file('unit/cli/node-addresses.test.ts');
const serviceHealth = file('unit/health/service-health-servers.test.ts');
const nodeHealth = file('unit/health/proxy-health-routes.test.ts');
const services = file('unit/sources/objects/service-decoder.test.ts');
const onNode = file('kernel/cli-run.test.ts');

const proxier: readonly Box[] = [
  box('TestCleanupLeftovers', onNode('cleanup removes everything of ours and nothing else'), removals('')),
  {
    ...box('TestCanUseIPVSProxier', file('unit/cli/scheduler-check.test.ts')('')),
    remark: 'the kernel is asked for the scheduler; there is no ipset program whose version could be too low',
  },
  box('TestGetNodeIPs', addresses('the addresses of a node')),
  box('TestNodePortIPv4', nodePorts('TestNodePortIPv4')),
  box('TestNodePortIPv6', nodePorts('TestNodePortIPv6')),
  box('Test_syncEndpoint_updateWeightsOnRestart', audit('sets right what others have changed')),
  box('TestIPv4Proxier, TestIPv6Proxier', plan('TestIPv4Proxier, TestIPv6Proxier')),
  box('TestMasqueradeRule', base('TestMasqueradeRule')),
  ...['TestExternalIPsNoEndpoint', 'TestExternalIPs', 'TestOnlyLocalExternalIPs'].map((name) =>
    box(name, outer(name)),
  ),
  box('TestLoadBalancer', outer('TestLoadBalancer')),
  box('TestOnlyLocalLoadBalancing', outer('TestOnlyLocalLoadBalancing')),
  box(
    'TestLoadBalancerSourceRanges',
    outer('TestLoadBalancerSourceRanges'),
    base('TestLoadBalancerSourceRanges'),
  ),
  box('TestLoadBalancerIngressRouteTypeProxy', outer('TestLoadBalancerIngressRouteTypeProxy')),
  box('TestOnlyLocalNodePorts', outer('TestOnlyLocalNodePorts')),
  box('TestHealthCheckNodePort', choice('TestHealthCheckNodePort')),
  box('TestHealthCheckNodePortE2E', serviceHealth('ServiceHealthServers')),
  box('Test_HealthCheckNodePortWhenTerminating', choice('Test_HealthCheckNodePortWhenTerminating')),
  box('TestAcceptIPVSTraffic', base('TestAcceptIPVSTraffic')),
  box('TestBuildServiceMapAddRemove', catalog('AddRemove')),
  box('TestBuildServiceMapServiceHeadless', services('headless')),
  box('TestBuildServiceMapServiceTypeExternalName', services('ExternalName')),
  box('TestBuildServiceMapServiceUpdate', catalog('ServiceUpdate')),
  box('TestSessionAffinity', plan('TestSessionAffinity')),
  box('Test_updateEndpointsMap', endpointChanges('Test_updateEndpointsMap')),
  box(
    'Test_syncService',
    ledger('makes everything of a new service'),
    ledger('changes a virtual server in its place'),
  ),
  box('TestCleanLegacyService', audit('a virtual server that no service wants')),
  box('TestCleanLegacyServiceWithRealServers', audit('is left alone with its real servers')),
  box('TestCleanLegacyRealServersExcludeCIDRs', audit('never removed from an excluded CIDR')),
  box('TestCleanLegacyService6', audit('is known for ours by its IPv6 node port')),
  box('TestMultiPortServiceBindAddr', plan('TestMultiPortServiceBindAddr')),
  apart('Test_getFirstColumn', 'no list of tables in /proc is read here'),
  box('TestFilterCIDRs', removals('spares excluded CIDRs')),
  box(
    'TestCreateAndLinkKubeChain',
    base('meets a packet in the order of kube-proxy’s jumps'),
    file('kernel/firewall.test.ts')('writes jumps in the order'),
  ),
  box(
    'TestIpIsValidForSet',
    file('unit/planner/service-plan.properties.test.ts')('has entries of each family'),
  ),
  apart(
    'TestDismissLocalhostRuleExist',
    'part of the program that TestAcceptIPVSTraffic compares as a whole',
  ),
  box('TestEndpointSliceE2E', endpointChanges('TestEndpointSliceE2E')),
  box(
    'TestTestInternalTrafficPolicyE2E',
    outer('TestTestInternalTrafficPolicyE2E'),
    choice('internalTrafficPolicy: Local'),
  ),
  ...['ReadyAndTerminating', 'OnlyReadyAndTerminating'].flatMap((what) =>
    ['Cluster', 'Local'].map((policy) =>
      box(`Test_EndpointSlice${what}${policy}`, choice('endpoints of a policy that terminate')),
    ),
  ),
  box('TestNoEndpointsMetric', choice('TestNoEndpointsMetric')),
];

const graceful: readonly Box[] = [
  box('no connections', draining('is removed at once where it has no connections')),
  box('active connections', draining('gets weight 0 and stays where it has connections')),
  box('inactive connections', draining('stays for connections that are being closed as well')),
  box('UDP', draining('where it is one of UDP')),
  apart(
    'real server mismatch',
    'what drains is kept in one place, the ledger: there is no second list to differ from it',
  ),
  apart('Test_RaceTerminateRSList', 'nothing runs beside the reconciler that could touch what drains'),
];

const others: readonly Box[] = [
  box('ipset_test.go', sets('')),
  box('topology_test.go: TestCategorizeEndpoints', choice('TestCategorizeEndpoints')),
  box('endpointslicecache_test.go: TestEndpointsMapFromESC', endpoints('TestEndpointsMapFromESC')),
  box('endpointslicecache_test.go: TestEsInfoChanged', catalog('TestEsInfoChanged')),
  box('healthcheck_test.go: TestServer', serviceHealth('ServiceHealthServers')),
  box('healthcheck_test.go: TestHealthzServer, TestLivezServer', nodeHealth('/healthz and /livez')),
  box('healthcheck_test.go: TestServerWithSelectiveListeningAddress', serviceHealth('listeningHosts')),
  box('nodeport_addresses_test.go', addresses('are, for node ports, those within the CIDRs')),
];

/** The tables of kube-proxy's own unit tests (pkg/proxy, v1.28). */
export const unitChecklists: readonly Checklist[] = [
  { title: 'ipvs/proxier_test.go', boxes: proxier },
  { title: 'ipvs/graceful_termination_test.go', boxes: graceful },
  {
    title: 'ipset_test.go, topology_test.go, endpointslicecache_test.go, healthcheck_test.go',
    boxes: others,
  },
];
