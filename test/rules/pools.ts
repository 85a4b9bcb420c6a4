import fc from 'fast-check';
import type { KubeFamily, KubeProtocol } from './objects.ts';
import type { OwnPods, Sender, Settings, WorldNode } from './world.ts';

/** What worlds are drawn from. A laboratory has pods and addresses of its own. */
export interface Pools {
  readonly node: WorldNode;
  /** Addresses that endpoints may have, with the node and the zone that each is in. */
  readonly pods: readonly { readonly address: string; readonly nodeName: string; readonly zone: string }[];
  /** The beginnings of cluster addresses, to which a number is put. */
  readonly clusterIPs: Readonly<Record<KubeFamily, string>>;
  /** External and load balancer addresses. */
  readonly outer: readonly string[];
  /** Sources that packets may have. */
  readonly sources: Readonly<Record<Sender, readonly string[]>>;
  /** Networks for `loadBalancerSourceRanges`. */
  readonly sourceRanges: readonly string[];
  /** Numbers that endpoints listen on. */
  readonly targetPorts: Readonly<Record<KubeProtocol, readonly number[]>>;
  /** How many Services there are at least and at most. */
  readonly services: { readonly min: number; readonly max: number };
  readonly settings: fc.Arbitrary<Settings>;
}

const ownPods: readonly OwnPods[] = [
  { by: 'interface' },
  { by: 'source', cidrs: ['10.1.0.0/16', 'fd00:10:1::/48'] },
  { by: 'source', cidrs: ['10.1.1.0/24', 'fd00:10:1:1::/64'] },
  { by: 'source', cidrs: ['10.1.1.0/24'] },
];

const settings: fc.Arbitrary<Settings> = fc.record(
  {
    families: fc.constantFrom<KubeFamily[]>(['IPv4'], ['IPv6'], ['IPv4', 'IPv6']),
    masqueradeAll: fc.boolean(),
    serviceExternalIPs: fc.constantFrom(true, true, false),
    nodePortAddresses: fc.constantFrom(['192.168.0.1/32', 'fd00:c0:a8::/64'], ['192.168.0.0/16'], ['::/0']),
    ownPods: fc.constantFrom(...ownPods),
    externalAddressRanges: fc.constantFrom([], ['203.0.113.0/24', '2001:db8::/32', '10.1.2.0/24']),
    serviceRanges: fc.constant(['10.96.0.0/16', 'fd00:10:96::/112']),
  },
  { requiredKeys: [] },
);

/** Pools of a cluster that is nowhere. */
export const thinPools: Pools = {
  node: {
    name: 'this-node',
    zone: 'zone-a',
    addresses: ['192.168.0.1', '172.20.0.1', 'fd00:c0:a8::1'],
    statusAddresses: ['192.168.0.1', '203.0.113.3'],
    defaultGateways: ['192.168.0.254', 'fe80::fe'],
    apiServers: [
      { address: '192.168.0.1', port: 443 },
      { address: '192.168.0.9', port: 6443 },
    ],
    otherNodes: ['192.168.0.2', 'fd00:c0:a8::2'],
  },
  pods: [
    ...[1, 2, 3].flatMap((last) => pod('this-node', 1, last)),
    ...[1, 2].flatMap((last) => pod('node-2', 2, last)),
    ...[1, 2].flatMap((last) => pod('node-3', 3, last)),
    { address: '192.168.0.1', nodeName: 'this-node', zone: 'zone-a' },
    { address: 'fd00:c0:a8::2', nodeName: 'node-2', zone: 'zone-b' },
  ],
  clusterIPs: { IPv4: '10.96.0.', IPv6: 'fd00:10:96::' },
  outer: [
    ...['203.0.113.1', '203.0.113.2', '203.0.113.3', '2001:db8::1', '2001:db8::2'],
    ...['192.168.0.1', '172.20.0.1', 'fd00:c0:a8::1', '192.168.0.2', '192.168.0.9', '192.168.0.254'],
    ...['10.1.1.9', '10.1.2.9', 'fd00:10:1:1::9', '10.96.0.77', '10.96.0.1', 'fd00:10:96::2'],
  ],
  sources: {
    node: ['192.168.0.1', '172.20.0.1', 'fd00:c0:a8::1', '10.1.1.254'],
    'own pod': ['10.1.1.1', '10.1.1.2', '10.1.1.3', '10.1.1.8', 'fd00:10:1:1::1', 'fd00:10:1:1::8'],
    'other pod': ['10.1.2.1', '10.1.2.8', 'fd00:10:1:2::1', 'fd00:10:1:2::8'],
    outside: ['198.51.100.1', '192.168.0.77', '2001:db8:1::1', 'fd00:c0:a8::77'],
  },
  sourceRanges: [
    '0.0.0.0/0',
    '10.1.0.0/16',
    ' 192.168.0.0/24 ',
    '198.51.100.0/24',
    '::/0',
    '2001:db8:1::/64',
  ],
  targetPorts: { TCP: [53, 8080, 8081], UDP: [53, 8080], SCTP: [53, 8080] },
  services: { min: 1, max: 4 },
  settings,
};

function pod(nodeName: string, net: number, last: number): Pools['pods'] {
  const zone = nodeName === 'node-2' ? 'zone-b' : 'zone-a';
  return [
    { address: `10.1.${net}.${last}`, nodeName, zone },
    { address: `fd00:10:1:${net}::${last}`, nodeName, zone },
  ];
}
