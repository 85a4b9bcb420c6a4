import type { NewObject } from '../kube/store.ts';

/** The names and numbers that the cluster of a chaos run is made of: few, so that they collide. */
export const cluster = {
  namespaces: ['default', 'kube-system', 'shop'],
  services: [
    'shopfront',
    'web',
    'db',
    'cache',
    'dns',
    'queue',
    'mail',
    'auth',
    'api',
    'search',
    'log',
    'job',
  ],
  slices: ['a', 'b', 'c', 'd'],
  clusterIPs: {
    IPv4: Array.from({ length: 30 }, (_, index) => `10.96.1.${index + 1}`),
    IPv6: Array.from({ length: 30 }, (_, index) => `fd00:96::${(index + 1).toString(16)}`),
  },
  outerIPs: {
    IPv4: Array.from({ length: 8 }, (_, index) => `203.0.113.${index + 1}`),
    IPv6: Array.from({ length: 8 }, (_, index) => `2001:db8:53::${(index + 1).toString(16)}`),
  },
  pods: {
    IPv4: Array.from({ length: 60 }, (_, index) => `10.244.${index % 3}.${index + 1}`),
    IPv6: Array.from(
      { length: 60 },
      (_, index) => `fd00:244::${(index % 3) + 1}:${(index + 1).toString(16)}`,
    ),
  },
  ports: [53, 80, 443, 8080],
  portNames: ['', 'http', 'https', 'dns', 'metrics'],
  nodePorts: Array.from({ length: 12 }, (_, index) => 30_000 + index),
  protocols: ['TCP', 'TCP', 'TCP', 'UDP', 'SCTP'],
  nodes: ['node-1', 'node-2', 'node-3'],
  zones: ['east', 'west'],
  nodeAddresses: ['192.168.7.1', '192.168.7.2', '192.168.8.1', 'fd00:7::1', 'fd00:7::2'],
} as const;

/** The node that the controller runs on. */
export const ownNode = 'node-1';

/** The service that no operation touches, the oldest one, as in any cluster. */
export const steady = { namespace: 'default', name: 'kubernetes', clusterIP: '10.96.9.9', port: 80 } as const;

/** What is there before the first operation and never goes. */
export function firstObjects(): NewObject[] {
  const { namespace, name, clusterIP, port } = steady;
  return [
    { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'shop' } },
    nodeObject(['192.168.7.1']),
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { namespace, name },
      spec: { type: 'ClusterIP', clusterIP, clusterIPs: [clusterIP], ports: [{ port, protocol: 'TCP' }] },
    },
    {
      apiVersion: 'discovery.k8s.io/v1',
      kind: 'EndpointSlice',
      metadata: { namespace, name: `${name}-a`, labels: { 'kubernetes.io/service-name': name } },
      addressType: 'IPv4',
      ports: [{ name: '', port: 8080, protocol: 'TCP' }],
      endpoints: [{ addresses: ['10.244.9.1'] }, { addresses: ['10.244.9.2'], nodeName: ownNode }],
    },
  ];
}

/** The own node with these addresses and labels. */
export function nodeObject(
  addresses: readonly string[],
  labels: Readonly<Record<string, string>> = {},
): NewObject {
  return {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { name: ownNode, labels },
    status: { addresses: addresses.map((address) => ({ type: 'InternalIP', address })) },
  };
}
