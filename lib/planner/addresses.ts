import type { IpFamily } from '../model/family.ts';
import type { PlanDraft } from './plan-draft.ts';

/**
 * Binds an address of a service to kube-ipvs0, so that packets for it reach IPVS, and lists it in KUBE-IPVS-IPS, so
 * that nothing else that listens on the node is reached through it.
 */
export function bindAddress(draft: PlanDraft, family: IpFamily, address: string): void {
  draft.addAddress(address);
  draft.addSetEntry('KUBE-IPVS-IPS', family, address);
}
