import type { KubeFamily, KubeProtocol, KubeService, KubeSlice } from './objects.ts';

/** All that decides what becomes of a packet that comes to a node: what the cluster says, the node, its settings. */
export interface World {
  readonly services: readonly KubeService[];
  readonly slices: readonly KubeSlice[];
  readonly node: WorldNode;
  readonly settings: Settings;
}

/** The node that the packet comes to. */
export interface WorldNode {
  /** As endpoints bear it in `nodeName`. */
  readonly name: string;
  /** Label `topology.kubernetes.io/zone`; left out where the node has none. */
  readonly zone?: string;
  /** Its unicast addresses without loopback and without those that it has for the sake of services. */
  readonly addresses: readonly string[];
  /** Addresses that the cluster knows it by (`status.addresses` of the Node), its own or not. */
  readonly statusAddresses?: readonly string[];
  readonly defaultGateways?: readonly string[];
  /** Where API servers are reached, on the node itself or elsewhere. */
  readonly apiServers?: readonly { readonly address: string; readonly port: number }[];
  /** Addresses of other nodes, where they are known. */
  readonly otherNodes?: readonly string[];
}

/** How the proxy is set up, in the words of kube-proxy's configuration. */
export interface Settings {
  /** Families that the host has. Both where it is left out. */
  readonly families?: readonly KubeFamily[];
  /** `iptables.masqueradeAll`. */
  readonly masqueradeAll?: boolean;
  /** `nodePortAddresses`: the networks whose addresses have node ports; all of the node's where it is left out. */
  readonly nodePortAddresses?: readonly string[];
  /** `detectLocalMode` and what belongs to it: how this node's pods are told. Left out where they are not. */
  readonly ownPods?: OwnPods;
  /** Whether external IPs are served (feature gate AllowServiceExternalIPs, KEP-5707). True where it is left out. */
  readonly serviceExternalIPs?: boolean;
  /** `--external-address-ranges`. */
  readonly externalAddressRanges?: readonly string[];
  /** `--service-ranges`. */
  readonly serviceRanges?: readonly string[];
}

/** How the pods of this node are told: by their networks, or by the interface that their packets come in on. */
export type OwnPods =
  { readonly by: 'source'; readonly cidrs: readonly string[] } | { readonly by: 'interface' };

/**
 * Where a packet starts: a process of this node (pods in the host's network among them), a pod of this node, a pod of
 * another node, or a machine that is neither node nor pod.
 */
export type Sender = 'node' | 'own pod' | 'other pod' | 'outside';

/** The first packet of a connection, as it comes to the node. */
export interface Packet {
  readonly protocol: KubeProtocol;
  readonly from: Sender;
  /**
   * Its source address. For a packet of the node it may be left out: the process leaves the choice to the kernel, which
   * takes the destination itself where that is an address of this node, one of a service included.
   */
  readonly source?: string;
  readonly destination: { readonly address: string; readonly port: number };
}
