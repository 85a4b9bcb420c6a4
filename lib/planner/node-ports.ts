import { familyOf } from '../model/family.ts';
import type { NodeFacts } from '../model/node-facts.ts';
import type { PlanDraft } from './plan-draft.ts';
import type { ExternalPort } from './planned-port.ts';
import { addressPortElement } from './sets.ts';
import { refusalsOf } from './refusals.ts';
import { planVirtualServer } from './virtual-servers.ts';

/**
 * Plans a service port on its node port, where it has one: a virtual server on each of the node's addresses of the
 * family, and the set entries that have such traffic masqueraded, or not. On a node without such an address there is
 * nothing.
 */
export function planNodePort(draft: PlanDraft, planned: ExternalPort, node: NodeFacts): void {
  const { family, port } = planned;
  if (port.nodePort === 0) {
    return;
  }
  for (const address of node.addresses) {
    if (familyOf(address) === family) {
      addEntries(draft, planned, address);
      planVirtualServer(draft, address, port.nodePort, planned, refusalsOf(address, port.nodePort, planned));
    }
  }
}

/**
 * TCP and UDP have sets of ports alone, beside which the address is recorded. Such a set cannot hold an SCTP port, so SCTP
 * has one of addresses and ports.
 */
function addEntries(draft: PlanDraft, { family, port, reach }: ExternalPort, address: string): void {
  const { protocol, nodePort } = port;
  const element = protocol === 'SCTP' ? addressPortElement(address, 'SCTP', nodePort) : `${nodePort}`;
  const suffix = protocol === 'SCTP' ? 'SCTP-HASH' : protocol;
  draft.addSetEntry(`KUBE-NODE-PORT-${suffix}`, family, element);
  if (reach === 'local') {
    draft.addSetEntry(`KUBE-NODE-PORT-LOCAL-${suffix}`, family, element);
  }
  if (protocol !== 'SCTP') draft.addSetEntry('KUBE-NODE-PORT-IPS', family, address);
}
