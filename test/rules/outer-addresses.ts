import { among, inAny, isUsable, same } from './addresses.ts';
import type { KubeProtocol, KubeService } from './objects.ts';
import { isClusterIP } from './services.ts';
import type { World } from './world.ts';

/** The addresses of load balancers that nodes answer on: not host names, not those of mode Proxy (KEP-1860). */
export function loadBalancerAddresses({ spec, status }: KubeService): readonly string[] {
  if (spec.type !== 'LoadBalancer') return [];
  return (status?.loadBalancer?.ingress ?? []).flatMap(({ ip, ipMode }) =>
    ip === undefined || ip === '' || ipMode === 'Proxy' ? [] : [ip],
  );
}

/**
 * Whether an external IP or a load balancer's address is served with a port: docs/decisions/refused-addresses.md, row
 * by row.
 */
export function isAllowed(
  world: World,
  service: KubeService,
  address: string,
  protocol: KubeProtocol,
  port: number,
): boolean {
  if (!isUsable(address)) return false;
  const apiServers = (world.node.apiServers ?? []).filter((server) => same(server.address, address));
  if (isOfNode(world, address)) {
    return protocol !== 'TCP' || !apiServers.some((server) => server.port === port);
  }
  if (apiServers.length > 0 || isOfOthers(world, address)) return false;
  return isInRange(world, service, address);
}

/** Whether an address is the node's own, which is served without being bound. */
export function isOfNode({ node }: World, address: string): boolean {
  return among(node.addresses, address);
}

function isOfOthers({ node }: World, address: string): boolean {
  return among([...(node.defaultGateways ?? []), ...(node.otherNodes ?? [])], address);
}

function isInRange({ settings }: World, service: KubeService, address: string): boolean {
  const { externalAddressRanges, serviceRanges = [], ownPods } = settings;
  if (externalAddressRanges !== undefined && !inAny(externalAddressRanges, address)) return false;
  if (isClusterIP(service, address) || inAny(serviceRanges, address)) return false;
  const podRanges = ownPods?.by === 'source' ? ownPods.cidrs : [];
  return externalAddressRanges !== undefined || !inAny(podRanges, address);
}
