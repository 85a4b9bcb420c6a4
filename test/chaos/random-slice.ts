import type { JsonObject } from '../kube/object.ts';
import type { NewObject } from '../kube/store.ts';
import { cluster } from './cluster.ts';
import type { Dice } from './dice.ts';

/** The label by which a slice belongs to a service. */
export const serviceLabel = 'kubernetes.io/service-name';

/** A slice of a random family with random ports and endpoints. */
export function randomSlice(namespace: string, name: string, service: string, dice: Dice): NewObject {
  const addressType = dice.pick(['IPv4', 'IPv4', 'IPv6'] as const);
  const count = dice.pick([0, 1, 2, 3, 3, 5, 12]);
  return {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: { namespace, name, labels: { [serviceLabel]: service } },
    addressType,
    ports: randomSlicePorts(dice),
    endpoints: dice.some(cluster.pods[addressType], count).map((address) => randomEndpoint(address, dice)),
  };
}

/** Ports of names that differ; one without a number now and then. */
export function randomSlicePorts(dice: Dice): JsonObject[] {
  const names = dice.chance(0.3) ? [...cluster.portNames] : dice.some(cluster.portNames, dice.between(0, 3));
  return names.map((name) => ({
    name,
    protocol: dice.pick(cluster.protocols),
    ...(dice.chance(0.95) && { port: dice.pick([8080, 8443, 5353]) }),
  }));
}

/** An endpoint in any condition, with or without a node and hints. */
export function randomEndpoint(address: string, dice: Dice): JsonObject {
  return {
    addresses: [address],
    conditions: randomConditions(dice),
    ...(dice.chance(0.7) && { nodeName: dice.pick(cluster.nodes) }),
    ...(dice.chance(0.2) && { hints: { forZones: [{ name: dice.pick(cluster.zones) }] } }),
  };
}

/** Conditions as kubelets and controllers report them, nothing said included. */
export function randomConditions(dice: Dice): JsonObject {
  return dice.pick([
    {},
    { ready: true },
    { ready: true, serving: true, terminating: false },
    { ready: true, serving: true, terminating: false },
    { ready: false, serving: true, terminating: true },
    { ready: false, serving: false, terminating: true },
    { ready: false },
  ]);
}

/** Endpoints as the legacy API has them, of a service without selector: they are mirrored into slices. */
export function randomEndpoints(namespace: string, name: string, dice: Dice): NewObject {
  const subsets = Array.from({ length: dice.between(0, 2) }, () => ({
    addresses: dice.some(cluster.pods.IPv4, dice.below(4)).map((ip) => ({ ip })),
    notReadyAddresses: dice.some(cluster.pods.IPv6, dice.below(2)).map((ip) => ({ ip })),
    ports: randomSlicePorts(dice),
  }));
  return { apiVersion: 'v1', kind: 'Endpoints', metadata: { namespace, name }, subsets };
}
