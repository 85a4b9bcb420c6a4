import type { IpFamily } from './family.ts';

/** How traffic that starts on this node's pods is told from other traffic (kube-proxy's `detectLocalMode`). */
export type LocalTraffic =
  /** It is not told. */
  | { readonly by: 'nothing' }
  /** By source address (`ClusterCIDR`, `NodeCIDR`): canonical CIDRs, at most one a family. */
  | { readonly by: 'source'; readonly cidrs: readonly string[] }
  /** By the interface it comes in on (`BridgeInterface`: its name, `InterfaceNamePrefix`: the prefix and a `+`). */
  | { readonly by: 'interface'; readonly pattern: string };

/** The release of the running kernel, as far as planning depends on it. */
export interface KernelRelease {
  readonly major: number;
  readonly minor: number;
}

/**
 * How the kernel tracks connections (`conntrack` of KubeProxyConfiguration). What is 0 or false is left to the kernel.
 * Time-outs are seconds.
 */
export interface ConntrackOptions {
  /** Connections that can be tracked at least for each of `cores`; with 0 the limit is left as it is. */
  readonly maxPerCore: number;
  /** Connections that can be tracked at least, however few cores there are. */
  readonly min: number;
  /** Processors of the machine. */
  readonly cores: number;
  readonly tcpEstablishedTimeout: number;
  readonly tcpCloseWaitTimeout: number;
  /** Whether packets outside of the TCP window are tracked as part of their connection. */
  readonly tcpBeLiberal: boolean;
  readonly udpTimeout: number;
  readonly udpStreamTimeout: number;
}

/** How long IPVS remembers an idle connection, in seconds; 0 where that is left to the kernel. */
export interface IpvsTimeouts {
  readonly tcp: number;
  readonly udp: number;
}

/** The configuration, as far as planning depends on it, with every default filled in. */
export interface PlannerOptions {
  /** The families that the host has and that are to be served. Nothing is planned for another one. */
  readonly families: readonly IpFamily[];
  /** The kernel's name of the scheduler of every virtual server: `rr`. */
  readonly scheduler: string;
  /** Whether all traffic to cluster IPs is masqueraded (`iptables.masqueradeAll`). */
  readonly masqueradeAll: boolean;
  /** Number of the bit, 0–31, of the firewall mark that asks for masquerading (`iptables.masqueradeBit`, 14). */
  readonly masqueradeBit: number;
  /** Whether iptables knows `--random-fully` (1.6.2 and later), so that source ports are picked at random. */
  readonly randomFully: boolean;
  readonly localTraffic: LocalTraffic;
  /** Whether the node answers ARP only for addresses of the asked interface (`ipvs.strictARP`). */
  readonly strictArp: boolean;
  readonly kernel: KernelRelease;
  /** Left out, connection tracking is left to the kernel, but for what `ipvsTimeouts` need. */
  readonly conntrack?: ConntrackOptions;
  readonly ipvsTimeouts?: IpvsTimeouts;
  /**
   * The ranges that external IPs and load balancer addresses may be in, canonical CIDRs. Left out, they may be anywhere
   * but in `serviceRanges` and in the pods' range; given, an address in one of them may be there too.
   */
  readonly externalAddressRanges?: readonly string[];
  /** Whether external IPs are served at all; left out, they are. Those of load balancers are, in any case. */
  readonly serviceExternalIPs?: boolean;
  /** The ranges that cluster IPs are allocated from, canonical CIDRs, where they are known. */
  readonly serviceRanges?: readonly string[];
  /** The schedulers that the kernel has, where that is known; an annotation that asks for another one is not followed. */
  readonly schedulers?: readonly string[];
}
