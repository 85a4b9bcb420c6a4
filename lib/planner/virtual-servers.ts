import type { RealServer } from '../model/real-server.ts';
import { realServerKey } from '../model/real-server.ts';
import type { VirtualServer } from '../model/virtual-server.ts';
import { virtualServerKey } from '../model/virtual-server.ts';
import type { PlanDraft } from './plan-draft.ts';
import type { PlannedPort } from './planned-port.ts';
import { addressPortElement } from './sets.ts';

/**
 * Plans the virtual server of a service port on one address and port, with the real servers behind it, unless the
 * draft has one there.
 *
 * @param address canonical text, of the planned port's family
 * @returns whether it was added
 */
export function planVirtualServer(
  draft: PlanDraft,
  address: string,
  port: number,
  planned: PlannedPort,
): boolean {
  const {
    family,
    port: { protocol },
    scheduling: { scheduler, flags, timeout },
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
  return draft.addVirtualServer({ server, realServers: realServersOf(server, planned) });
}

/**
 * The same on an address and port that the API server gives to one service alone. Without real servers it is listed in
 * KUBE-NO-ENDPOINTS too, so that what asks for it is refused in words that every client understands. An address that any
 * service may name is not: the entry would refuse those of another service, which has the virtual server.
 */
export function planOwnVirtualServer(
  draft: PlanDraft,
  address: string,
  port: number,
  planned: PlannedPort,
): void {
  const isNew = planVirtualServer(draft, address, port, planned);
  if (isNew && planned.endpoints.length === 0) {
    const element = addressPortElement(address, planned.port.protocol, port);
    draft.addSetEntry('KUBE-NO-ENDPOINTS', planned.family, element);
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
