import { familyOf } from '../model/family.ts';
import type { NodeFacts } from '../model/node-facts.ts';
import type { PlanDraft } from './plan-draft.ts';
import type { PlannedPort } from './planned-port.ts';
import { addressPortElement } from './sets.ts';
import { planVirtualServer } from './virtual-servers.ts';

/**
 * Plans a service port on its node port, where it has one: a virtual server on each of the node's addresses of the
 * family, and the set entries that have such traffic masqueraded. On a node without such an address there is nothing.
 */
export function planNodePort(draft: PlanDraft, planned: PlannedPort, node: NodeFacts): void {
  const { family, port } = planned;
  if (port.nodePort === 0) {
    return;
  }
  for (const address of node.addresses) {
    if (familyOf(address) === family) {
      draft.addVirtualServer(planVirtualServer(address, port.nodePort, planned));
      addMasqueradeEntry(draft, planned, address);
    }
  }
}

/** TCP and UDP have sets of ports alone. Such a set cannot hold an SCTP port, so SCTP has one of addresses and ports. */
function addMasqueradeEntry(draft: PlanDraft, { family, port }: PlannedPort, address: string): void {
  if (port.protocol === 'SCTP') {
    draft.addSetEntry('KUBE-NODE-PORT-SCTP-HASH', family, addressPortElement(address, 'SCTP', port.nodePort));
  } else {
    draft.addSetEntry(`KUBE-NODE-PORT-${port.protocol}`, family, `${port.nodePort}`);
  }
}
