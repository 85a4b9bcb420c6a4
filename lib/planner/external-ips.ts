import type { PlanDraft } from './plan-draft.ts';
import type { ExternalPort } from './planned-port.ts';
import { addressPortElement } from './sets.ts';
import { planVirtualServer } from './virtual-servers.ts';

/** Plans a service port on one of the service's external IPs: its virtual server and its set entries. */
export function planExternalIp(draft: PlanDraft, planned: ExternalPort, address: string): void {
  const { family, port, reach } = planned;
  const element = addressPortElement(address, port.protocol, port.port);
  draft.addSetEntry(reach === 'local' ? 'KUBE-EXTERNAL-IP-LOCAL' : 'KUBE-EXTERNAL-IP', family, element);
  if (reach === 'refused') {
    draft.addSetEntry('KUBE-NO-LOCAL-ENDPOINTS', family, element);
  }
  planVirtualServer(draft, address, port.port, planned);
}
