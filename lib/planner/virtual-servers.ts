import { setEntry, type KubeSet, type SetEntry } from '../model/ip-set.ts';
import type { RealServer } from '../model/real-server.ts';
import { realServerKey } from '../model/real-server.ts';
import type { VirtualServer } from '../model/virtual-server.ts';
import { virtualServerKey } from '../model/virtual-server.ts';
import type { PlanDraft } from './plan-draft.ts';
import type { PlannedPort } from './planned-port.ts';
import { realServerWeight } from './scheduling.ts';
import { addressPortElement, setNames } from './sets.ts';

/**
 * Plans the virtual server of a service port on one address and port, with the real servers behind it. Without any, it
 * is listed in KUBE-NO-ENDPOINTS, so that what asks for it is refused in words that every client understands.
 *
 * @param address canonical text, of the planned port's family
 * @param entries other set entries that are about this virtual server alone
 */
export function planVirtualServer(
  draft: PlanDraft,
  address: string,
  port: number,
  planned: PlannedPort,
  entries?: readonly SetEntry[],
): void {
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
  const realServers = realServersOf(server, planned);
  const refusal =
    realServers.length === 0 ? [serverEntry('KUBE-NO-ENDPOINTS', address, port, planned)] : undefined;
  draft.addVirtualServer({ server, realServers, setEntries: refusal?.concat(entries ?? []) ?? entries });
}

/** The entry of a virtual server in a set of addresses and ports. */
export function serverEntry(
  set: KubeSet,
  address: string,
  port: number,
  { family, port: { protocol } }: PlannedPort,
): SetEntry {
  return setEntry(setNames[family][set], addressPortElement(address, protocol, port));
}

function realServersOf(virtualServer: VirtualServer, { endpoints, scheduling }: PlannedPort): RealServer[] {
  const { upperThreshold, lowerThreshold } = scheduling;
  return endpoints.map((one) => {
    const { address } = one.endpoint;
    return {
      key: realServerKey(virtualServer.key, address, one.port),
      virtualServer,
      address,
      port: one.port,
      weight: realServerWeight(scheduling, one),
      forwarding: 'masquerade',
      upperThreshold,
      lowerThreshold,
    };
  });
}
