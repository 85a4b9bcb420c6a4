/** What of a Node says whether it is to get new connections. */
export interface EligibleNode {
  /** The keys of `spec.taints`. */
  readonly taints: readonly string[];
  /** Whether it is being deleted. */
  readonly deleting: boolean;
}

/** The taint that cluster autoscaler gives to a node before it takes it away. */
const leavingTaint = 'ToBeDeletedByClusterAutoscaler';

/** Whether load balancers are to send new connections to a node: not where it goes, or is gone (KEP-3836). */
export function isEligible(node: EligibleNode | undefined): boolean {
  return node !== undefined && !node.deleting && !node.taints.includes(leavingTaint);
}
