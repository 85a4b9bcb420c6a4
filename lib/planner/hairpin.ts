import type { PlanDraft } from './plan-draft.ts';
import type { PlannedPort } from './planned-port.ts';
import { addressPortAddressElement } from './sets.ts';

/**
 * Lists the planned port's endpoints of this node in KUBE-LOOP-BACK: a pod that reaches itself through its service is
 * masqueraded, for it would drop a packet that bears its own address as the source. An endpoint that somebody wrote
 * without a node may be on this one.
 */
export function planHairpin(draft: PlanDraft, { family, port, endpoints }: PlannedPort): void {
  for (const {
    endpoint: { address, nodeName },
    port: number,
    local,
  } of endpoints) {
    if (local || nodeName === '') {
      draft.addSetEntry(
        'KUBE-LOOP-BACK',
        family,
        addressPortAddressElement(address, port.protocol, number, address),
      );
    }
  }
}
