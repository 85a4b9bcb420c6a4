import type { IpFamily } from '../model/family.ts';
import type { NodeFacts } from '../model/node-facts.ts';
import type { PlanDraft } from './plan-draft.ts';

/** The addresses that interfaces of the node bear. */
export function localAddressesOf(node: NodeFacts): readonly string[] {
  return node.localAddresses ?? node.addresses;
}

/**
 * Binds an address of a service to kube-ipvs0, so that packets for it reach IPVS, and lists it in KUBE-IPVS-IPS, so
 * that nothing else that listens on the node is reached through it.
 */
export function bindAddress(draft: PlanDraft, family: IpFamily, address: string): void {
  draft.addAddress(address);
  draft.addSetEntry('KUBE-IPVS-IPS', family, address);
}

/** The same for an address that the node may have of its own: then it is left where it is, with all that listens on it. */
export function bindForeignAddress(
  draft: PlanDraft,
  family: IpFamily,
  address: string,
  node: NodeFacts,
): void {
  if (!localAddressesOf(node).includes(address)) {
    bindAddress(draft, family, address);
  }
}
