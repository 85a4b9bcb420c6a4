import type { IpFamily } from '../model/family.ts';
import type {
  ConntrackOptions,
  KernelRelease,
  LocalTraffic,
  PlannerOptions,
} from '../model/planner-options.ts';
import type { Configuration } from './configuration.ts';
import { externalIPsGate } from './feature-gates.ts';

/** What planning depends on besides the configuration: facts of this machine. */
export interface HostFacts {
  readonly families: readonly IpFamily[];
  /** The running kernel, as `uname -r` tells it: `6.1.0-18-amd64`. */
  readonly kernelRelease: string;
  /** Whether this machine's iptables knows `--random-fully`. */
  readonly randomFully: boolean;
  /** Canonical CIDRs of the node's pods, at most one a family. */
  readonly podCidrs: readonly string[];
  /** Processors that this process may run on. */
  readonly cores: number;
  /** Whether the limits of connection tracking can be set from here. The kernel has one for all network namespaces. */
  readonly conntrackLimits: boolean;
}

/** The configuration, as far as planning depends on it. */
export function plannerOptions(configuration: Configuration, host: HostFacts): PlannerOptions {
  return {
    families: host.families,
    scheduler: configuration.scheduler,
    masqueradeAll: configuration.masqueradeAll,
    masqueradeBit: configuration.masqueradeBit,
    randomFully: host.randomFully,
    localTraffic: localTrafficOf(configuration, host.podCidrs),
    strictArp: configuration.strictArp,
    kernel: kernelReleaseOf(host.kernelRelease),
    conntrack: conntrackOf(configuration, host),
    ipvsTimeouts: { tcp: seconds(configuration.tcpTimeout), udp: seconds(configuration.udpTimeout) },
    ...(configuration.externalAddressRanges.length === 0
      ? {}
      : { externalAddressRanges: configuration.externalAddressRanges }),
    serviceRanges: configuration.serviceRanges,
    ...(configuration.featureGates[externalIPsGate] === false ? { serviceExternalIPs: false } : {}),
  };
}

function conntrackOf(configuration: Configuration, { cores, conntrackLimits }: HostFacts): ConntrackOptions {
  return {
    maxPerCore: conntrackLimits ? configuration.conntrackMaxPerCore : 0,
    min: configuration.conntrackMin,
    cores,
    tcpEstablishedTimeout: seconds(configuration.conntrackTcpEstablishedTimeout),
    tcpCloseWaitTimeout: seconds(configuration.conntrackTcpCloseWaitTimeout),
    tcpBeLiberal: configuration.conntrackTcpBeLiberal,
    udpTimeout: seconds(configuration.conntrackUdpTimeout),
    udpStreamTimeout: seconds(configuration.conntrackUdpStreamTimeout),
  };
}

/** The kernel counts in seconds. */
function seconds(milliseconds: number): number {
  return Math.ceil(milliseconds / 1000);
}

/** Reads the first two numbers of a kernel's release; those that are not there count as 0. */
export function kernelReleaseOf(release: string): KernelRelease {
  const [major = 0, minor = 0] = (/^(\d+)\.(\d+)/.exec(release)?.slice(1) ?? []).map(Number);
  return { major, minor };
}

function localTrafficOf(configuration: Configuration, podCidrs: readonly string[]): LocalTraffic {
  const { detectLocalMode, bridgeInterface, interfaceNamePrefix, clusterCidrs } = configuration;
  if (detectLocalMode === 'BridgeInterface' && bridgeInterface !== undefined) {
    return { by: 'interface', pattern: bridgeInterface };
  }
  if (detectLocalMode === 'InterfaceNamePrefix' && interfaceNamePrefix !== undefined) {
    return { by: 'interface', pattern: `${interfaceNamePrefix}+` };
  }
  const cidrs = detectLocalMode === 'NodeCIDR' ? podCidrs : clusterCidrs;
  return cidrs.length === 0 ? { by: 'nothing' } : { by: 'source', cidrs };
}
