import type { RealServer } from '../model/real-server.ts';
import { realServerKey } from '../model/real-server.ts';
import type { VirtualServer } from '../model/virtual-server.ts';
import { virtualServerKey } from '../model/virtual-server.ts';
import type { PlanDraft } from './plan-draft.ts';
import type { PlannedPort } from './planned-port.ts';
import { addressPortElement } from './sets.ts';

/**
 * Plans the virtual server of a service port on one address and port, with the real servers behind it. Without any, it
 * is listed in KUBE-NO-ENDPOINTS, so that what asks for it is refused in words that every client understands.
 *
 * @param address canonical text, of the planned port's family
 */
export function planVirtualServer(
  draft: PlanDraft,
  address: string,
  port: number,
  planned: PlannedPort,
): void {
  const {
    family,
    port: { protocol },
    scheduling: { scheduler, flags, timeout },
    endpoints,
  } = planned;
  const server: VirtualServer = {
    key: virtualServerKey({ protocol, address, port }),
    protocol,
    address,
    port,
    scheduler,
    flags,
    timeout,
    persistencePrefix: family === 'IPv4' ? 32 : 128,
  };
  draft.addVirtualServer({ server, realServers: realServersOf(server, planned) });
  if (endpoints.length === 0) {
    draft.addSetEntry('KUBE-NO-ENDPOINTS', family, addressPortElement(address, protocol, port));
  }
}

function realServersOf(virtualServer: VirtualServer, { endpoints, scheduling }: PlannedPort): RealServer[] {
  const { upperThreshold, lowerThreshold } = scheduling;
  return endpoints.map(({ endpoint: { address }, port }) => ({
    key: realServerKey(virtualServer.key, address, port),
    virtualServer,
    address,
    port,
    weight: 1,
    forwarding: 'masquerade',
    upperThreshold,
    lowerThreshold,
  }));
}
