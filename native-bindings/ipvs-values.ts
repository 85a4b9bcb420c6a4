/** What the kernel matches a packet on: an address, a port and a protocol, or a firewall mark. */
export interface IpvsServiceId {
  /** `IPPROTO_TCP` 6, `IPPROTO_UDP` 17, `IPPROTO_SCTP` 132; not looked at where there is a mark. */
  readonly protocol: number;
  /** Canonical text; `""` where there is a mark. */
  readonly address: string;
  readonly port: number;
  /** Firewall mark, instead of the three above. */
  readonly fwmark?: number;
  /** Needed with a mark; told by the address otherwise. */
  readonly family?: 'IPv4' | 'IPv6';
}

/** Counters since the entry was made, and rates per second. */
export type IpvsStats = Readonly<
  Record<
    | 'connections'
    | 'inPackets'
    | 'outPackets'
    | 'inBytes'
    | 'outBytes'
    | 'connectionRate'
    | 'inPacketRate'
    | 'outPacketRate'
    | 'inByteRate'
    | 'outByteRate',
    number
  >
>;

/** A virtual service. */
export interface IpvsService extends IpvsServiceId {
  /** The kernel's name: `rr`. */
  readonly scheduler: string;
  /** `IP_VS_SVC_F_*`. HASHED (0x2) is the kernel's own and neither sent nor shown. */
  readonly flags: number;
  /** Seconds that a persistence template lives. */
  readonly timeout: number;
  /** Prefix length that persistence groups clients by: 0–32 for IPv4, 1–128 for IPv6. */
  readonly netmask: number;
  /** `sip`, where there is one. */
  readonly persistenceEngine?: string;
  /** Told by the kernel (from 4.1 on) to who asks for it, never sent. */
  readonly stats?: IpvsStats;
}

/** A real server behind a service. */
export interface IpvsDestination {
  /** Canonical text; of another family than the service only with the tunnel method. */
  readonly address: string;
  readonly port: number;
  /** 0 takes no new connections. */
  readonly weight: number;
  /** `IP_VS_CONN_F_*`: 0 masquerade, 1 local, 2 tunnel, 3 route, 4 bypass. */
  readonly forwarding: number;
  /** Connections above which it takes no new ones, 0 for no limit. */
  readonly upperThreshold: number;
  readonly lowerThreshold: number;
  /** 0 IPIP, which is all that there is before 5.3, 1 GUE, 2 GRE. */
  readonly tunnelType?: number;
  readonly tunnelPort?: number;
  /** `IP_VS_TUNNEL_ENCAP_FLAG_*`. */
  readonly tunnelFlags?: number;
  /** Told by the kernel, never sent. */
  readonly activeConnections?: number;
  readonly inactiveConnections?: number;
  readonly persistentConnections?: number;
  /** Told to who asks for it, never sent. */
  readonly stats?: IpvsStats;
}
