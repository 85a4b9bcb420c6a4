import { ipFamilies } from '../../lib/model/family.ts';
import {
  type LeftNode,
  type LeftPort,
  type Release,
  kubeletRules,
  leftAddressLines,
  leftRules,
  leftServerLines,
  leftSetLines,
  leftSysctls,
} from '../fixtures/kube-proxy.ts';
import type { Node } from '../lab/node.ts';
import { bare, gatewayOf } from '../lab/topology.ts';
import { streamPort } from './support.ts';
import type { SiteService } from './support.ts';

/** The addresses of the site's pods, as kube-proxy knows them. */
export const podAddresses = {
  'web-1': { IPv4: '10.244.0.2', IPv6: 'fd00:10:244::2' },
  'web-2': { IPv4: '10.244.0.3', IPv6: 'fd00:10:244::3' },
  'web-3': { IPv4: '10.244.1.4', IPv6: 'fd00:10:244:1::4' },
  'web-4': { IPv4: '10.244.1.6', IPv6: 'fd00:10:244:1::6' },
} as const;

const { 'web-1': web1, 'web-2': web2, 'web-3': web3, 'web-4': web4 } = podAddresses;

/** An address of a service for each family. */
const cluster = (last: number) => ({ IPv4: `10.96.0.${last}`, IPv6: `fd00:10:96::${last}` });
const outer = (last: number) => ({ IPv4: `198.51.100.${last}`, IPv6: `fd00:198:51::${last}` });
const both = (addresses: { IPv4: string; IPv6: string }): string[] => [addresses.IPv4, addresses.IPv6];

/** One port of a service, as manifests ask for it and as kube-proxy has left it in the kernel. */
interface Taken {
  readonly service: SiteService;
  readonly left: readonly LeftPort[];
}

const shop: Taken = {
  service: {
    name: 'shop',
    clusterIPs: both(cluster(70)),
    ports: [
      { name: 'page', port: 80, targetPort: streamPort, nodePort: 30170 },
      { name: 'hold', port: 7000, nodePort: 30171 },
    ],
    pods: ['web-1', 'web-3'],
  },
  left: [
    { port: 80, targetPort: streamPort, nodePort: 30170 },
    { port: 7000, nodePort: 30171, draining: [web2] },
  ].map((port) => ({ ...port, clusterIPs: cluster(70), endpoints: [web1, web3], local: [web1] })),
};

const names: Taken = {
  service: {
    name: 'names',
    clusterIPs: both(cluster(71)),
    ports: [{ port: 53, nodePort: 30172, protocol: 'UDP' }],
    pods: ['web-1', 'web-4'],
  },
  left: [
    {
      ...{ clusterIPs: cluster(71), port: 53, nodePort: 30172, protocol: 'udp' },
      ...{ endpoints: [web1, web4], local: [web1] },
    },
  ],
};

const sticky: Taken = {
  service: {
    name: 'sticky',
    clusterIPs: both(cluster(72)),
    ports: [{ port: 80, nodePort: 30173 }],
    pods: ['web-1', 'web-3'],
    spec: { sessionAffinity: 'ClientIP', sessionAffinityConfig: { clientIP: { timeoutSeconds: 600 } } },
  },
  left: [
    {
      ...{ clusterIPs: cluster(72), port: 80, nodePort: 30173, affinity: 600 },
      ...{ endpoints: [web1, web3], local: [web1] },
    },
  ],
};

const front: Taken = {
  service: {
    name: 'front',
    clusterIPs: both(cluster(73)),
    ports: [{ port: 80, targetPort: streamPort, nodePort: 30174 }],
    pods: ['web-1', 'web-3'],
    spec: {
      type: 'LoadBalancer',
      externalIPs: both(outer(74)),
      loadBalancerSourceRanges: ['192.168.111.0/25', 'fd00:192::/122'],
    },
    ingress: both(outer(73)).map((ip) => ({ ip })),
  },
  left: [
    {
      ...{ clusterIPs: cluster(73), port: 80, targetPort: streamPort, nodePort: 30174 },
      ...{ endpoints: [web1, web3], local: [web1] },
      externalIPs: outer(74),
      loadBalancer: {
        ingress: outer(73),
        sourceRanges: { IPv4: '192.168.111.0/25', IPv6: 'fd00:192::/122' },
      },
    },
  ],
};

const near: Taken = {
  service: {
    name: 'near',
    clusterIPs: both(cluster(75)),
    ports: [{ port: 80, targetPort: streamPort, nodePort: 30175 }],
    pods: ['web-1', 'web-3'],
    spec: { type: 'LoadBalancer', externalTrafficPolicy: 'Local', healthCheckNodePort: 30176 },
    ingress: both(outer(75)).map((ip) => ({ ip })),
  },
  left: [
    {
      ...{ clusterIPs: cluster(75), port: 80, targetPort: streamPort, nodePort: 30175 },
      ...{ endpoints: [web1, web3], local: [web1] },
      loadBalancer: { ingress: outer(75), localOnly: 30176 },
    },
  ],
};

/** Deleted when nobody followed services any more. */
const gone: LeftPort = {
  ...{ clusterIPs: cluster(79), port: 80, nodePort: 30179, endpoints: [web1, web3], local: [web1] },
};

/** The services that there are, as manifests. */
export const takenServices = { shop, names, sticky, front, near };

/** What a kube-proxy of a release has left on a node. */
export function leftOn(node: Node, release: Release): LeftNode {
  return {
    release,
    addresses: {
      IPv4: [
        node.ipv4,
        ...node.podCIDRs.flatMap((cidr) => (cidr.includes(':') ? [] : [bare(gatewayOf(cidr))])),
      ],
      IPv6: [
        node.ipv6,
        ...node.podCIDRs.flatMap((cidr) => (cidr.includes(':') ? [bare(gatewayOf(cidr))] : [])),
      ],
    },
    clusterCIDRs: { IPv4: '10.244.0.0/16', IPv6: 'fd00:10:244::/48' },
    ports: [...Object.values(takenServices).flatMap(({ left }) => left), gone],
  };
}

/** iptables-restore of each family. */
export const restorePrograms = { IPv4: 'iptables-restore', IPv6: 'ip6tables-restore' } as const;

/** Brings a node to where kubelet and kube-proxy have it. */
export async function leave(node: Node, left: LeftNode): Promise<void> {
  await node.must(['sysctl', '-qw', ...leftSysctls]);
  await node.must(['ip', '-batch', '-'], leftAddressLines(left));
  await node.must(['ipset', 'restore'], `${leftSetLines(left)}\n`);
  await node.must(['ipvsadm', '-R'], `${leftServerLines(left)}\n`);
  for (const family of ipFamilies) {
    const restore = [restorePrograms[family], '--noflush', '-w'];
    await node.must(restore, kubeletRules(family));
    await node.must(restore, leftRules(left, family));
  }
}

/** Has a connection that is opened now go to the pod that drains, as if it had not drained before. */
export async function onDraining(node: Node, open: () => Promise<unknown>): Promise<void> {
  const setWeights = (draining: number, others: number): Promise<string> => {
    const weights = [
      [web2, draining],
      [web1, others],
      [web3, others],
    ] as const;
    const commands = weights.map(
      ([{ IPv4 }, weight]) => `ipvsadm -e -t ${cluster(70).IPv4}:7000 -r ${IPv4}:7000 -m -w ${weight}`,
    );
    return node.must(['sh', '-c', commands.join(' && ')]);
  };
  await setWeights(1, 0);
  await open();
  await setWeights(0, 1);
}
