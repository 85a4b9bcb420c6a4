import type { PlanDraft } from './plan-draft.ts';
import type { ExternalPort } from './planned-port.ts';
import { refusalsOf } from './refusals.ts';
import { planVirtualServer, serverEntry } from './virtual-servers.ts';

/** Plans a service port on one of the service's external IPs: its virtual server with its set entries. */
export function planExternalIp(draft: PlanDraft, planned: ExternalPort, address: string): void {
  const { port, reach } = planned;
  const set = reach === 'local' ? 'KUBE-EXTERNAL-IP-LOCAL' : 'KUBE-EXTERNAL-IP';
  planVirtualServer(draft, address, port.port, planned, [
    serverEntry(set, address, port.port, planned),
    ...(refusalsOf(address, port.port, planned) ?? []),
  ]);
}
