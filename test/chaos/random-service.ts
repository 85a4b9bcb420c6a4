import type { JsonObject } from '../kube/object.ts';
import type { NewObject } from '../kube/store.ts';
import { cluster } from './cluster.ts';
import type { Dice } from './dice.ts';

type Family = 'IPv4' | 'IPv6';

/** A service of a random shape: any type, one family or two, one port or several. It may be one that is not served. */
export function randomService(namespace: string, name: string, dice: Dice): NewObject {
  const families = dice.pick<readonly Family[]>([
    ['IPv4'],
    ['IPv4'],
    ['IPv6'],
    ['IPv4', 'IPv6'],
    ['IPv6', 'IPv4'],
  ]);
  const type = dice.pick([
    'ClusterIP',
    'ClusterIP',
    'ClusterIP',
    'NodePort',
    'NodePort',
    'LoadBalancer',
    'ExternalName',
  ]);
  const clusterIPs = dice.chance(0.05)
    ? ['None']
    : families.map((family) => dice.pick(cluster.clusterIPs[family]));
  const spec = {
    type,
    ...(type === 'ExternalName' ? { externalName: 'example.org' } : { clusterIP: clusterIPs[0], clusterIPs }),
    ports: randomPorts(type, dice),
    ...randomPolicies(type, dice),
    ...(dice.chance(0.15) && { externalIPs: dice.some(outerIPs(families), 2) }),
    ...(dice.chance(0.5) && { selector: { app: name } }),
  };
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { namespace, name, labels: randomLabels(dice), annotations: randomAnnotations(dice) },
    spec,
    ...(type === 'LoadBalancer' && { status: { loadBalancer: { ingress: randomIngress(families, dice) } } }),
  };
}

/** Names are those of the pool, so that slices have them too; port and protocol are there only once. */
export function randomPorts(type: string, dice: Dice): JsonObject[] {
  const count = dice.pick([1, 1, 1, 2, 3]);
  const names = count === 1 ? [dice.pick(cluster.portNames)] : dice.some(cluster.portNames.slice(1), count);
  const ports = dice.some(cluster.ports, count);
  const nodePorts = dice.some(cluster.nodePorts, count);
  return names.map((name, index) => ({
    name,
    port: ports[index],
    protocol: dice.pick(cluster.protocols),
    ...(type !== 'ClusterIP' &&
      type !== 'ExternalName' &&
      dice.chance(0.9) && { nodePort: nodePorts[index] }),
  }));
}

/** Labels that hand a service to another proxy, now and then. */
export function randomLabels(dice: Dice): Record<string, string> {
  return {
    ...(dice.chance(0.05) && { 'service.kubernetes.io/service-proxy-name': 'other' }),
    ...(dice.chance(0.03) && { 'service.kubernetes.io/headless': '' }),
    ...(dice.chance(0.2) && { tier: dice.pick(['front', 'back']) }),
  };
}

function randomPolicies(type: string, dice: Dice): JsonObject {
  const outside = type === 'NodePort' || type === 'LoadBalancer';
  const local = outside && dice.chance(0.3);
  return {
    ...(dice.chance(0.2) && {
      sessionAffinity: 'ClientIP',
      sessionAffinityConfig: { clientIP: { timeoutSeconds: dice.pick([10, 600, 10_800]) } },
    }),
    ...(dice.chance(0.15) && { internalTrafficPolicy: 'Local' }),
    ...(local && { externalTrafficPolicy: 'Local' }),
    ...(local && type === 'LoadBalancer' && { healthCheckNodePort: 31_000 + dice.below(5) }),
    ...(type === 'LoadBalancer' && dice.chance(0.3) && { loadBalancerSourceRanges: ['198.51.100.0/24'] }),
  };
}

function randomAnnotations(dice: Dice): Record<string, string> {
  return {
    ...(dice.chance(0.1) && { 'service.kubernetes.io/topology-mode': dice.pick(['Auto', 'Disabled']) }),
    ...(dice.chance(0.2) && { note: String(dice.below(1000)) }),
  };
}

function randomIngress(families: readonly Family[], dice: Dice): JsonObject[] {
  const addresses = dice.some(outerIPs(families), dice.below(3));
  return addresses.map((ip) => ({ ip, ...(dice.chance(0.2) && { ipMode: 'Proxy' }) }));
}

function outerIPs(families: readonly Family[]): string[] {
  return families.flatMap((family) => cluster.outerIPs[family]);
}
