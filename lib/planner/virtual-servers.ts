import type { PlannedVirtualServer } from '../model/plan.ts';
import type { RealServer } from '../model/real-server.ts';
import { realServerKey } from '../model/real-server.ts';
import type { VirtualServer } from '../model/virtual-server.ts';
import { virtualServerKey } from '../model/virtual-server.ts';
import type { PortEndpoint } from './endpoints.ts';
import type { PlannedPort } from './planned-port.ts';

/**
 * The virtual server of a service port on one address and port, with the real servers behind it.
 *
 * @param address canonical text, of the planned port's family
 */
export function planVirtualServer(
  address: string,
  port: number,
  { family, port: { protocol }, scheduling, endpoints }: PlannedPort,
): PlannedVirtualServer {
  const server: VirtualServer = {
    key: virtualServerKey({ protocol, address, port }),
    protocol,
    address,
    port,
    scheduler: scheduling.scheduler,
    flags: scheduling.flags,
    timeout: scheduling.timeout,
    persistencePrefix: family === 'IPv4' ? 32 : 128,
  };
  return { server, realServers: realServersOf(server, endpoints) };
}

function realServersOf(virtualServer: VirtualServer, endpoints: readonly PortEndpoint[]): RealServer[] {
  return endpoints.map(({ endpoint: { address }, port }) => ({
    key: realServerKey(virtualServer.key, address, port),
    virtualServer,
    address,
    port,
    weight: 1,
    forwarding: 'masquerade',
    upperThreshold: 0,
    lowerThreshold: 0,
  }));
}
