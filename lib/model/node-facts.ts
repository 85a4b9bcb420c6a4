/** What planning needs to know of the node that it is done for. */
export interface NodeFacts {
  /** The node's name, as endpoints bear it in `nodeName`. */
  readonly name: string;
  /**
   * The node's own addresses that node ports are served on, canonical and without duplicates: already chosen by
   * `nodePortAddresses`, without loopback and without those of kube-ipvs0.
   */
  readonly addresses: readonly string[];
  /** The zone that the node is in (label `topology.kubernetes.io/zone`), as endpoints are hinted; `""` where none is known. */
  readonly zone: string;
  /**
   * Every unicast address that another interface than kube-ipvs0 bears, canonical. An address of a service that is among
   * them is served without being bound. Where it is left out, `addresses` stands for it.
   */
  readonly localAddresses?: readonly string[];
  /**
   * The addresses that the cluster knows the node by (`status.addresses` of the Node), canonical, on interfaces of the node
   * or not. Left out where none are known.
   */
  readonly statusAddresses?: readonly string[];
  /** Addresses that the node cannot work without and that no service may take from it. */
  readonly reservedAddresses?: readonly ReservedAddress[];
}

/** An address that other nodes or the cluster itself are reached at. */
export interface ReservedAddress {
  /** Canonical text. */
  readonly address: string;
  /** The TCP port that is used there, 0 where the whole address is. */
  readonly port: number;
  /** What is there. */
  readonly use: 'default gateway' | 'API server' | 'another node';
}
