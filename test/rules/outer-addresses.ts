import { among, family, inAny, isLinkLocal, isUsable, same } from './addresses.ts';
import type { KubeService } from './objects.ts';
import { isClusterIP } from './services.ts';
import type { World } from './world.ts';

/** The addresses of load balancers that nodes answer on: not host names, not those of mode Proxy (KEP-1860). */
export function loadBalancerAddresses({ spec, status }: KubeService): readonly string[] {
  if (spec.type !== 'LoadBalancer') return [];
  return (status?.loadBalancer?.ingress ?? []).flatMap(({ ip, ipMode }) =>
    ip === undefined || ip === '' || ipMode === 'Proxy' ? [] : [ip],
  );
}

/** The external IPs of a Service, where such are served. The API server takes no link-local ones. */
export function externalIPs({ settings }: World, { spec }: KubeService): readonly string[] {
  if (settings.serviceExternalIPs === false) return [];
  return (spec.externalIPs ?? []).filter((address) => !isLinkLocal(address));
}

/** Whether an external IP or a load balancer's address is served: docs/decisions/refused-addresses.md, row by row. */
export function isAllowed(world: World, service: KubeService, address: string): boolean {
  if (!isUsable(address)) return false;
  if (isReserved(world, service, address) || isOfListedNode(world, service, address)) return false;
  const { externalAddressRanges, serviceRanges = [], ownPods } = world.settings;
  if (externalAddressRanges !== undefined && !inAny(externalAddressRanges, address)) return false;
  if (isClusterIP(service, address) || inAny(serviceRanges, address)) return false;
  if (isOfNode(world, address) || externalAddressRanges !== undefined) return true;
  return ownPods?.by !== 'source' || !inAny(ownPods.cidrs, address);
}

/** Whether an address is the node's own, which is served without being bound. */
export function isOfNode({ node }: World, address: string): boolean {
  return among(node.addresses, address);
}

/**
 * Whether an address that the node does not have stands in a load balancer's status with one of a machine of the cluster
 * that is known, of the same family: such a status lists nodes, and the address is left to the one that has it.
 */
function isOfListedNode(world: World, service: KubeService, address: string): boolean {
  const { apiServers = [], otherNodes = [], addresses } = world.node;
  const known = [...addresses, ...otherNodes, ...apiServers.map((one) => one.address)];
  const listed = loadBalancerAddresses(service).filter((one) => family(one) === family(address));
  return !isOfNode(world, address) && among(listed, address) && listed.some((one) => among(known, one));
}

/** Whether the node needs what is at an address: on its own ones that is but the TCP port of an API server. */
function isReserved(world: World, service: KubeService, address: string): boolean {
  const { apiServers = [], defaultGateways = [], otherNodes = [] } = world.node;
  const servers = apiServers.filter((server) => same(server.address, address));
  if (!isOfNode(world, address)) {
    if (isListedWithNodes(world, service, address)) return true;
    return servers.length > 0 || among([...defaultGateways, ...otherNodes], address);
  }
  const ports = (service.spec.ports ?? []).filter(({ protocol = 'TCP' }) => protocol === 'TCP');
  return servers.some((server) => ports.some(({ port }) => port === server.port));
}

/**
 * Whether an address is one of a list of nodes that a load balancer's controller writes into every status, as k3s's does:
 * known by an address of this node in it, of an API server or of another known node, of the same family.
 */
function isListedWithNodes({ node }: World, service: KubeService, address: string): boolean {
  const listed = loadBalancerAddresses(service);
  const nodes = [
    ...node.addresses,
    ...(node.statusAddresses ?? []),
    ...(node.apiServers ?? []).map((server) => server.address),
    ...(node.otherNodes ?? []),
  ];
  const isNode = (one: string) => family(one) === family(address) && among(nodes, one);
  return among(listed, address) && listed.some(isNode);
}
