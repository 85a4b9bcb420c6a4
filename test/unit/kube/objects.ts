import type { NewObject } from '../../kube/store.ts';

/** A service of one port in the namespace default. */
export function service(name: string, labels: Record<string, string> = {}, namespace = 'default'): NewObject {
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name, namespace, labels },
    spec: { clusterIP: '10.96.1.1', ports: [{ port: 80, protocol: 'TCP', targetPort: 8080 }] },
  };
}

/** A slice of a service with these addresses. */
export function slice(name: string, of: string, addresses: readonly string[]): NewObject {
  return {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: { name, namespace: 'default', labels: { 'kubernetes.io/service-name': of } },
    addressType: 'IPv4',
    ports: [{ name: '', port: 8080, protocol: 'TCP' }],
    endpoints: addresses.map((address) => ({ addresses: [address], conditions: { ready: true } })),
  };
}
