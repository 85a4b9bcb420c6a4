import type { Configuration } from './configuration.ts';
import { conntrackFlags } from './conntrack-flags.ts';
import type { Flag } from './flag.ts';
import { machineFlags } from './machine-flags.ts';
import { schedulers } from './schedulers.ts';
import { socketFlag } from './socket-flag.ts';

const sources = 'Where services come from:';
const balancing = 'Balancing:';
const addresses = 'Addresses:';
const masquerading = 'Masquerading:';
const loop = 'Synchronization:';
const serving = 'Health and metrics:';
const logging = 'Logging:';

/** The flags that say where services come from; with none of the first three it is the API server of the pod. */
export const sourceFlags: readonly Flag[] = [
  {
    field: 'kubeconfig',
    usage: '--kubeconfig <file>',
    help: 'how to reach the API server, and as whom: the current context of this file',
    group: sources,
    standard: "the pod's service account",
  },
  {
    field: 'master',
    usage: '--master <url>',
    help: 'https://host:port of the API server, instead of what the kubeconfig or the pod says',
    group: sources,
  },
  {
    field: 'manifests',
    usage: '--manifests <directory>',
    help: 'no API server: read Services and EndpointSlices from the YAML and JSON files of a directory',
    group: sources,
  },
  {
    field: 'nodeName',
    usage: '--hostname-override <name>',
    help: 'the name of this node, as its Node has it and endpoints bear it in nodeName',
    group: sources,
    standard: '$NODE_NAME, or the host name',
  },
  {
    field: 'nodeTimeout',
    usage: '--node-timeout <duration>',
    help: 'how long a Node that the API server does not have yet is waited for',
    group: sources,
    standard: '5m',
  },
];

/** The flags that say what the kernel should hold, by kube-proxy's names: of `run` and of `diff`. */
export const planningFlags: readonly Flag[] = [
  ...sourceFlags,
  {
    field: 'proxyMode',
    usage: '--proxy-mode <mode>',
    help: 'accepted for compatibility with kube-proxy: ipvs is the only one',
    group: balancing,
    standard: 'ipvs',
  },
  {
    field: 'scheduler',
    usage: '--ipvs-scheduler <name>',
    help: `how a new connection finds its endpoint: ${Object.entries(schedulers)
      .map(([name, meaning]) => `${name} (${meaning})`)
      .join(', ')}`,
    group: balancing,
    standard: 'rr',
  },
  {
    field: 'nodePortAddresses',
    usage: '--nodeport-addresses <cidrs>',
    help: 'serve node ports only on the addresses of this node within these CIDRs; primary stands for those of its Node',
    group: addresses,
    standard: 'all',
    repeatable: true,
  },
  {
    field: 'externalAddressRanges',
    usage: '--external-address-ranges <cidrs>',
    help: 'serve external IPs and load balancer addresses only within these CIDRs',
    group: addresses,
    standard: 'anywhere but where pods are',
    repeatable: true,
  },
  {
    field: 'serviceRanges',
    usage: '--service-ranges <cidrs>',
    help: 'where cluster IPs are allocated: no external address may be there',
    group: addresses,
    repeatable: true,
  },
  {
    field: 'excludeCidrs',
    usage: '--ipvs-exclude-cidrs <cidrs>',
    help: 'never remove virtual servers whose address is within these CIDRs',
    group: addresses,
    repeatable: true,
  },
  {
    field: 'strictArp',
    usage: '--ipvs-strict-arp [boolean]',
    help: 'answer ARP only on the interface that has the address; MetalLB needs it',
    group: addresses,
    standard: 'false',
  },
  {
    field: 'masqueradeAll',
    usage: '--masquerade-all [boolean]',
    help: 'masquerade all traffic to cluster IPs',
    group: masquerading,
    standard: 'false',
  },
  {
    field: 'masqueradeBit',
    usage: '--iptables-masquerade-bit <bit>',
    help: 'the bit, 0 to 31, of the packet mark that asks for masquerading',
    group: masquerading,
    standard: '14',
  },
  {
    field: 'clusterCidrs',
    usage: '--cluster-cidr <cidrs>',
    help: 'where the pods are: traffic to cluster IPs from elsewhere is masqueraded',
    group: masquerading,
    repeatable: true,
  },
  {
    field: 'detectLocalMode',
    usage: '--detect-local-mode <mode>',
    help: 'how traffic of pods is told: ClusterCIDR, NodeCIDR, BridgeInterface or InterfaceNamePrefix',
    group: masquerading,
    standard: 'ClusterCIDR',
  },
  {
    field: 'bridgeInterface',
    usage: '--pod-bridge-interface <name>',
    help: 'the bridge of the pods, for BridgeInterface',
    group: masquerading,
  },
  {
    field: 'interfaceNamePrefix',
    usage: '--pod-interface-name-prefix <prefix>',
    help: 'what the names of the interfaces of pods begin with, for InterfaceNamePrefix',
    group: masquerading,
  },
  ...conntrackFlags,
];

/** The flags of logging, for every command that works on for longer. */
export const loggingFlags: readonly Flag[] = [
  {
    field: 'loggingFormat',
    usage: '--logging-format <format>',
    help: 'text or json; logs go to standard error',
    group: logging,
    standard: 'text',
  },
  {
    field: 'traceNetlink',
    usage: '--trace-netlink [boolean]',
    help: 'print every message to and from the kernel, decoded, to standard error',
    group: logging,
    standard: 'false',
  },
  {
    field: 'verbosity',
    usage: '-v, --v <level>',
    help: '0 to 10: from 4 on more is told, from 6 on everything',
    group: logging,
    standard: '0',
  },
];

/** The flags of `run` alone. */
export const loopFlags: readonly Flag[] = [
  {
    field: 'once',
    usage: '--once [boolean]',
    help: 'bring the kernel up to date once and exit: 0 when all is programmed, else 1',
    group: loop,
    standard: 'false',
  },
  {
    field: 'syncPeriod',
    usage: '--ipvs-sync-period <duration>',
    help: 'how often the kernel is read back, compared and repaired',
    group: loop,
    standard: '30s',
  },
  {
    field: 'minSyncPeriod',
    usage: '--ipvs-min-sync-period <duration>',
    help: 'the least time between two writes, for changes to gather',
    group: loop,
    standard: '0s',
  },
  {
    field: 'drainTimeout',
    usage: '--drain-timeout <duration>',
    help: 'how long an endpoint that goes may keep its TCP connections; 0 breaks them at once',
    group: loop,
    standard: '15m',
  },
  {
    field: 'tcpTimeout',
    usage: '--ipvs-tcp-timeout <duration>',
    help: 'how long an idle TCP connection is remembered; 0 keeps what the kernel has',
    group: loop,
    standard: '0s',
  },
  {
    field: 'tcpFinTimeout',
    usage: '--ipvs-tcpfin-timeout <duration>',
    help: 'the same, after a FIN; 0 keeps what the kernel has',
    group: loop,
    standard: '0s',
  },
  {
    field: 'udpTimeout',
    usage: '--ipvs-udp-timeout <duration>',
    help: 'the same, for UDP; 0 keeps what the kernel has',
    group: loop,
    standard: '0s',
  },
];

/** The flags of what `run` answers over HTTP; kube-proxy has all but those of service metrics and of the socket. */
export const servingFlags: readonly Flag[] = [
  {
    field: 'healthzBindAddress',
    usage: '--healthz-bind-address <address:port>',
    help: 'where /healthz, /livez and /readyz are served; 0 for nowhere',
    group: serving,
    standard: '0.0.0.0:10256',
  },
  {
    field: 'metricsBindAddress',
    usage: '--metrics-bind-address <address:port>',
    help: 'where /metrics and /proxyMode are served; 0 for nowhere',
    group: serving,
    standard: '127.0.0.1:10249',
  },
  {
    field: 'bindAddressHardFail',
    usage: '--bind-address-hard-fail [boolean]',
    help: 'do not start where one of the two cannot be listened at; else that is tried again',
    group: serving,
    standard: 'false',
  },
  {
    field: 'serviceMetrics',
    usage: '--service-metrics <level>',
    help:
      'what /metrics tells of the connections, packets and bytes of services: off, service (of each virtual server) ' +
      'or endpoint (of each endpoint behind it, too)',
    group: serving,
    standard: 'off',
  },
  {
    field: 'serviceMetricsLimit',
    usage: '--service-metrics-limit <series>',
    help: 'how many series these may be at most: 9 a virtual server, and 8 an endpoint',
    group: serving,
    standard: '20000',
  },
  socketFlag,
];

/** The flags of `cleanup`. */
export const cleanupFlags = planningFlags.filter(({ field }) => field === 'excludeCidrs');

/** The flags of `run`: every flag that sets a field. */
export const allFlags: readonly Flag[] = [
  ...planningFlags,
  ...loopFlags,
  ...servingFlags,
  ...machineFlags,
  ...loggingFlags,
];

/** The long name of the flag that sets a field: `--ipvs-scheduler`. */
export function flagOf(field: keyof Configuration): string {
  const flag = allFlags.find((one) => one.field === field);
  return flag === undefined ? field : longName(flag);
}

/** The long name of a flag: `--v` of `-v, --v <level>`. */
export function longName({ usage }: Flag): string {
  return /--[a-z-]+/.exec(usage)?.[0] ?? usage;
}
