import type { Configuration } from './configuration.ts';

/** The settings that may stand in a file: all but those that are for one run. */
export type FileSetting = Exclude<keyof Configuration, 'once'>;

/** Where each setting stands in a file. The names are kube-proxy's, where it has the setting. */
export const settingPaths: Readonly<Record<FileSetting, string>> = {
  proxyMode: 'mode',
  nodeName: 'hostnameOverride',
  kubeconfig: 'clientConnection.kubeconfig',
  master: 'clientConnection.master',
  manifests: 'manifests',
  nodeTimeout: 'nodeTimeout',
  scheduler: 'ipvs.scheduler',
  syncPeriod: 'ipvs.syncPeriod',
  minSyncPeriod: 'ipvs.minSyncPeriod',
  excludeCidrs: 'ipvs.excludeCIDRs',
  strictArp: 'ipvs.strictARP',
  tcpTimeout: 'ipvs.tcpTimeout',
  tcpFinTimeout: 'ipvs.tcpFinTimeout',
  udpTimeout: 'ipvs.udpTimeout',
  drainTimeout: 'drainTimeout',
  nodePortAddresses: 'nodePortAddresses',
  externalAddressRanges: 'externalAddressRanges',
  serviceRanges: 'serviceRanges',
  masqueradeAll: 'iptables.masqueradeAll',
  masqueradeBit: 'iptables.masqueradeBit',
  clusterCidrs: 'clusterCIDR',
  detectLocalMode: 'detectLocalMode',
  bridgeInterface: 'detectLocal.bridgeInterface',
  interfaceNamePrefix: 'detectLocal.interfaceNamePrefix',
  conntrackMaxPerCore: 'conntrack.maxPerCore',
  conntrackMin: 'conntrack.min',
  conntrackTcpEstablishedTimeout: 'conntrack.tcpEstablishedTimeout',
  conntrackTcpCloseWaitTimeout: 'conntrack.tcpCloseWaitTimeout',
  conntrackTcpBeLiberal: 'conntrack.tcpBeLiberal',
  conntrackUdpTimeout: 'conntrack.udpTimeout',
  conntrackUdpStreamTimeout: 'conntrack.udpStreamTimeout',
  bindAddress: 'bindAddress',
  healthzBindAddress: 'healthzBindAddress',
  metricsBindAddress: 'metricsBindAddress',
  bindAddressHardFail: 'bindAddressHardFail',
  serviceMetrics: 'serviceMetrics',
  serviceMetricsLimit: 'serviceMetricsLimit',
  socket: 'socket',
  profiling: 'enableProfiling',
  oomScoreAdj: 'oomScoreAdj',
  featureGates: 'featureGates',
  loggingFormat: 'logging.format',
  verbosity: 'logging.verbosity',
  traceNetlink: 'traceNetlink',
};

/** The settings that kube-proxy does not have. */
export const ownSettings: ReadonlySet<FileSetting> = new Set<FileSetting>([
  'master',
  'manifests',
  'nodeTimeout',
  'drainTimeout',
  'externalAddressRanges',
  'serviceRanges',
  'serviceMetrics',
  'serviceMetricsLimit',
  'socket',
  'traceNetlink',
]);

/** The settings whose `0` in a file is no value of theirs but says that none was written, as kube-proxy reads it. */
export const zeroIsDefault: ReadonlySet<FileSetting> = new Set<FileSetting>(['syncPeriod']);

/** The setting that stands at each path of a file. */
export const settingsByPath: ReadonlyMap<string, FileSetting> = new Map(
  Object.entries(settingPaths).map(([setting, path]) => [path, setting as FileSetting]),
);

/** Whether a setting may stand in a file. */
export function isFileSetting(setting: keyof Configuration): setting is FileSetting {
  return setting !== 'once';
}
