import type { PlanDraft } from './plan-draft.ts';
import type { PlannedPort } from './planned-port.ts';
import { addressPortElement } from './sets.ts';
import { planVirtualServer } from './virtual-servers.ts';

/** Plans a service port on the service's cluster IP: its virtual server and its entry in KUBE-CLUSTER-IP. */
export function planClusterIp(draft: PlanDraft, planned: PlannedPort, clusterIp: string): void {
  const { family, port } = planned;
  draft.addSetEntry('KUBE-CLUSTER-IP', family, addressPortElement(clusterIp, port.protocol, port.port));
  planVirtualServer(draft, clusterIp, port.port, planned);
}
