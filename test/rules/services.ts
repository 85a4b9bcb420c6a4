import { among, family } from './addresses.ts';
import type { KubeFamily, KubeMetadata, KubePolicy, KubeService } from './objects.ts';
import type { World } from './world.ts';

/** `namespace/name`. */
export function nameOf({ metadata }: KubeService): string {
  return `${metadata.namespace}/${metadata.name}`;
}

/**
 * Whether an object is meant for the cluster's usual proxy: those labelled for another one, or as headless, are not
 * (KEP-2447, and the label selector of kube-proxy's watches). The labels' values do not matter.
 */
export function isForThisProxy({ labels = {} }: KubeMetadata): boolean {
  return (
    labels['service.kubernetes.io/service-proxy-name'] === undefined &&
    labels['service.kubernetes.io/headless'] === undefined
  );
}

/** Whether a proxy serves a Service at all: not those for another proxy, headless ones and mere names (ExternalName). */
export function isServed(service: KubeService): boolean {
  const { type, clusterIP } = service.spec;
  return (
    isForThisProxy(service.metadata) &&
    type !== 'ExternalName' &&
    clusterIP !== 'None' &&
    clusterIPs(service).length > 0
  );
}

/** The cluster addresses of a Service, one for each of its families. */
export function clusterIPs({ spec }: KubeService): readonly string[] {
  return spec.clusterIPs ?? (spec.clusterIP === undefined || spec.clusterIP === '' ? [] : [spec.clusterIP]);
}

/**
 * Whether a Service is served in a family: the host has the family, and the Service has a cluster address of it. Any
 * other address of a family that it does not have is not its own (event KubeProxyIncorrectIPVersion).
 */
export function hasFamily(world: World, service: KubeService, wanted: KubeFamily): boolean {
  return (
    (world.settings.families ?? ['IPv4', 'IPv6']).includes(wanted) &&
    clusterIPs(service).some((address) => family(address) === wanted)
  );
}

/** Whether an address is one of a Service's own cluster addresses. */
export function isClusterIP(service: KubeService, address: string): boolean {
  return among(clusterIPs(service), address);
}

/** The policy for cluster addresses. */
export function internalPolicy({ spec }: KubeService): KubePolicy {
  return spec.internalTrafficPolicy ?? 'Cluster';
}

/** The policy for node ports, external IPs and load balancer addresses. */
export function externalPolicy({ spec }: KubeService): KubePolicy {
  return spec.externalTrafficPolicy ?? 'Cluster';
}

/** Seconds that a client stays on its endpoint, 0 where it need not; three hours where the Service does not say. */
export function affinityTimeout({ spec }: KubeService): number {
  if (spec.sessionAffinity !== 'ClientIP') return 0;
  return spec.sessionAffinityConfig?.clientIP?.timeoutSeconds ?? 10_800;
}

/** The source ranges of a family that a load balancer's address is open to; everything where there is none. */
export function sourceRanges({ spec }: KubeService, wanted: KubeFamily): readonly string[] {
  return (spec.loadBalancerSourceRanges ?? [])
    .map((range) => range.trim())
    .filter((range) => family(range) === wanted);
}

/** Older first, then by name: of two Services that want one address and port, the first one has it. */
export function byAge(one: KubeService, other: KubeService): number {
  return ageOf(one) - ageOf(other) || (nameOf(one) < nameOf(other) ? -1 : 1);
}

function ageOf({ metadata }: KubeService): number {
  return metadata.creationTimestamp === undefined ? 0 : Date.parse(metadata.creationTimestamp);
}
