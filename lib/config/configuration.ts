import * as z from 'zod';
import { familyOf } from '../model/family.ts';
import { serviceMetricsLevels } from '../model/traffic.ts';
import { featureGatesSetting } from './feature-gates.ts';
import { schedulers } from './schedulers.ts';
import {
  addressSetting,
  bindAddressSetting,
  booleanSetting,
  cidrListSetting,
  durationSetting,
  integerSetting,
  interfaceSetting,
  nameSetting,
  serverSetting,
  settingIssue,
  socketSetting,
  textSetting,
} from './setting.ts';

/** Every address of both families. */
const everywhere = ['0.0.0.0/0', '::/0'];

/** Loopback addresses of both families. IPVS serves no node ports there: nothing is served where they alone stand. */
const loopback = ['127.0.0.0/8', '::1/128'];

/** The greatest number of 32 bits with a sign, which kube-proxy counts in. */
const mostOfInt32 = 2_147_483_647;

/** Stands among the CIDRs of `nodePortAddresses` for the node's own addresses, as its Node object tells them. */
export const primaryAddresses = 'primary';

/** Every setting, each by itself. */
export const settings = z.object({
  proxyMode: nameSetting(['ipvs'], {
    iptables: 'kube-ipvs serves through IPVS alone: write ipvs, or run kube-proxy for iptables',
    nftables: 'kube-ipvs serves through IPVS alone: write ipvs, or run kube-proxy for nftables',
    kernelspace: 'kube-ipvs serves through IPVS alone, on Linux: write ipvs',
    userspace: 'kube-ipvs serves through IPVS alone: write ipvs',
  }).prefault('ipvs'),
  scheduler: nameSetting(Object.keys(schedulers)).prefault('rr'),
  syncPeriod: durationSetting().prefault('30s'),
  minSyncPeriod: durationSetting().prefault('0s'),
  excludeCidrs: cidrListSetting().prefault([]),
  strictArp: booleanSetting().prefault(false),
  tcpTimeout: durationSetting().prefault('0s'),
  tcpFinTimeout: durationSetting().prefault('0s'),
  udpTimeout: durationSetting().prefault('0s'),
  masqueradeAll: booleanSetting().prefault(false),
  masqueradeBit: integerSetting(0, 31).prefault(14),
  clusterCidrs: cidrListSetting({ joined: true }).prefault([]),
  detectLocalMode: nameSetting([
    'ClusterCIDR',
    'NodeCIDR',
    'BridgeInterface',
    'InterfaceNamePrefix',
  ]).prefault('ClusterCIDR'),
  bridgeInterface: interfaceSetting('the bridge that the pods are on').optional(),
  interfaceNamePrefix: interfaceSetting("what the names of the pods' interfaces begin with").optional(),
  nodePortAddresses: cidrListSetting({
    aliases: { all: everywhere, localhost: loopback, [primaryAddresses]: [primaryAddresses] },
  }).prefault(everywhere),
  externalAddressRanges: cidrListSetting().prefault([]),
  serviceRanges: cidrListSetting().prefault([]),
  nodeName: textSetting('the name of this node', 'give it as endpoints name it in nodeName', (name) =>
    name.toLowerCase(),
  ),
  manifests: textSetting('a directory', 'name a directory with Services and EndpointSlices').optional(),
  kubeconfig: textSetting('a file', 'name a kubeconfig file').optional(),
  master: serverSetting().optional(),
  nodeTimeout: durationSetting().prefault('5m'),
  drainTimeout: durationSetting().prefault('15m'),
  conntrackMaxPerCore: integerSetting(0, mostOfInt32).prefault(32_768),
  conntrackMin: integerSetting(0, mostOfInt32).prefault(131_072),
  conntrackTcpEstablishedTimeout: durationSetting().prefault('24h'),
  conntrackTcpCloseWaitTimeout: durationSetting().prefault('1h'),
  conntrackTcpBeLiberal: booleanSetting().prefault(false),
  conntrackUdpTimeout: durationSetting().prefault('0s'),
  conntrackUdpStreamTimeout: durationSetting().prefault('0s'),
  bindAddress: addressSetting().prefault('0.0.0.0'),
  healthzBindAddress: bindAddressSetting(10256).prefault('0.0.0.0:10256'),
  metricsBindAddress: bindAddressSetting(10249).prefault('127.0.0.1:10249'),
  bindAddressHardFail: booleanSetting().prefault(false),
  serviceMetrics: nameSetting(serviceMetricsLevels).prefault('off'),
  serviceMetricsLimit: integerSetting(1, 10_000_000).prefault(20_000),
  socket: socketSetting().prefault('/run/kube-ipvs/kube-ipvs.sock'),
  profiling: booleanSetting().prefault(false),
  oomScoreAdj: integerSetting(-1000, 1000).prefault(-999),
  featureGates: featureGatesSetting().prefault({}),
  once: booleanSetting().prefault(false),
  traceNetlink: booleanSetting().prefault(false),
  loggingFormat: nameSetting(['text', 'json']).prefault('text'),
  verbosity: integerSetting(0, 10).prefault(0),
});

/** The setting that a way of telling local traffic cannot do without. */
const neededBy = { BridgeInterface: 'bridgeInterface', InterfaceNamePrefix: 'interfaceNamePrefix' } as const;

/** Says that a field cannot be used. */
type Refuse = (field: keyof z.output<typeof settings>, expected: string, got: string, hint: string) => void;

/** The settings that need one another, checked when each is right by itself. */
export const configurationSchema = settings.superRefine((configuration, context) => {
  const refuse: Refuse = (field, expected, got, hint) => {
    context.addIssue(settingIssue({ expected, got, hint }, configuration[field], [field]));
  };
  if (configuration.syncPeriod === 0) {
    refuse('syncPeriod', 'a duration above 0', '0', 'write how often to audit, such as 30s');
  } else if (configuration.minSyncPeriod > configuration.syncPeriod) {
    refuse('minSyncPeriod', 'at most the sync period', 'a longer one', 'shorten it, or lengthen the other');
  }
  if (new Set(configuration.clusterCidrs.map(familyOf)).size < configuration.clusterCidrs.length) {
    const got = `"${configuration.clusterCidrs.join(',')}"`;
    refuse('clusterCidrs', 'at most one CIDR for each IP family', got, 'keep one for IPv4 and one for IPv6');
  }
  for (const [mode, field] of Object.entries(neededBy)) {
    if (configuration.detectLocalMode === mode && configuration[field] === undefined) {
      refuse(
        field,
        `a name, for local traffic told by ${mode}`,
        'nothing',
        'give it, or choose another mode',
      );
    }
  }
  if (configuration.manifests !== undefined) refuseCluster(configuration, refuse);
});

/** What does not go with manifests, for it needs an API server. */
function refuseCluster(configuration: z.output<typeof settings>, refuse: Refuse): void {
  for (const field of ['kubeconfig', 'master'] as const) {
    if (configuration[field] === undefined) continue;
    refuse(field, 'one place that services come from', 'it and --manifests', 'leave one of them out');
  }
  if (configuration.detectLocalMode === 'NodeCIDR') {
    const hint =
      'NodeCIDR needs the Node object of an API server; use ClusterCIDR with --cluster-cidr, BridgeInterface or InterfaceNamePrefix';
    refuse('detectLocalMode', 'a mode that manifests suffice for', '"NodeCIDR"', hint);
  }
  if (configuration.nodePortAddresses.includes(primaryAddresses)) {
    const hint = 'it needs the Node object of an API server; write the CIDRs of the addresses instead';
    refuse('nodePortAddresses', 'CIDRs, for --manifests', `"${primaryAddresses}"`, hint);
  }
}

/**
 * The whole configuration, valid, with every default filled in. Durations are milliseconds, CIDRs canonical, an IPVS
 * timeout of 0 leaves the kernel's own in force, a socket that is `off` is none, and `primary` may stand among `nodePortAddresses`. Services come from
 * `manifests`, from the API server of `kubeconfig` or `master`, or, where none is given, from that of the pod.
 */
export type Configuration = z.output<typeof configurationSchema>;

/** The configuration as people write it: texts, each field of which may be left out. */
export type WrittenConfiguration = Readonly<Partial<Record<keyof Configuration, unknown>>>;
