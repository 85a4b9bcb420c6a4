/** The clusters that are measured: services with endpoints as the Kubernetes API would hand them out. */

/** How many services, and how many endpoints behind each. */
export interface Size {
  readonly services: number;
  readonly endpoints: number;
}

/** A Service and its EndpointSlice, as parsed JSON. */
export interface WorkloadObjects {
  readonly service: Readonly<Record<string, unknown>>;
  readonly slice: Readonly<Record<string, unknown>>;
}

/** The address with this number in the /8 that starts with `first`. */
const addressIn = (first: number, number: number): string =>
  `${first}.${(number >> 16) & 255}.${(number >> 8) & 255}.${number & 255}`;

/** Cluster address of the service with this number. */
export const clusterIpOf = (index: number): string => addressIn(10, 0x600000 + index + 1);

/** Address of one endpoint of it. */
export const endpointOf = (index: number, endpoint: number, { endpoints }: Size): string =>
  addressIn(11, index * endpoints + endpoint + 1);

/** The objects of the service with this number. One endpoint in ten is on the node that is measured. */
export function objectsOf(index: number, size: Size): WorkloadObjects {
  const metadata = { name: `service-${index}`, namespace: `team-${index % 50}` };
  const clusterIP = clusterIpOf(index);
  return {
    service: {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { ...metadata, uid: `uid-${index}`, creationTimestamp: '2026-01-01T00:00:00Z' },
      spec: {
        type: 'ClusterIP',
        clusterIP,
        clusterIPs: [clusterIP],
        ipFamilies: ['IPv4'],
        ipFamilyPolicy: 'SingleStack',
        internalTrafficPolicy: 'Cluster',
        sessionAffinity: 'None',
        selector: { app: metadata.name },
        ports: [{ name: 'http', port: 80, targetPort: 8080, protocol: 'TCP' }],
      },
      status: { loadBalancer: {} },
    },
    slice: {
      apiVersion: 'discovery.k8s.io/v1',
      kind: 'EndpointSlice',
      metadata: {
        name: `${metadata.name}-abcde`,
        namespace: metadata.namespace,
        labels: { 'kubernetes.io/service-name': metadata.name },
      },
      addressType: 'IPv4',
      ports: [{ name: 'http', port: 8080, protocol: 'TCP' }],
      endpoints: Array.from({ length: size.endpoints }, (_, endpoint) => ({
        addresses: [endpointOf(index, endpoint, size)],
        conditions: { ready: true, serving: true, terminating: false },
        nodeName: (index + endpoint) % 10 === 0 ? 'measured' : 'elsewhere',
      })),
    },
  };
}

/** The objects of a whole cluster. */
export function workload(size: Size): WorkloadObjects[] {
  return Array.from({ length: size.services }, (_, index) => objectsOf(index, size));
}
