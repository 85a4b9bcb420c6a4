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
}
