import { expect } from 'chai';
import { family } from '../../rules/addresses.ts';
import { expectationOf } from '../../rules/expectation.ts';
import type {
  KubeEndpoint,
  KubeProtocol,
  KubeService,
  KubeServiceSpec,
  KubeSlice,
} from '../../rules/objects.ts';
import type { Packet, Sender, Settings, World, WorldNode } from '../../rules/world.ts';

/** One packet, what is different for it from the usual world, and what becomes of it. */
export interface Case {
  /** `TCP own pod > 10.96.0.1:80`, with ` (10.1.1.1)` behind the sender for another source than the sender's usual one. */
  readonly packet: string;
  /** Endpoints as `address:port source`, or what else becomes of the packet. */
  readonly becomes: string;
  readonly spec?: Partial<KubeServiceSpec>;
  readonly metadata?: Partial<KubeService['metadata']>;
  readonly ingress?: NonNullable<NonNullable<KubeService['status']>['loadBalancer']>['ingress'];
  /** Instead of the usual two endpoints. */
  readonly endpoints?: readonly KubeEndpoint[];
  readonly slices?: readonly KubeSlice[];
  readonly others?: readonly KubeService[];
  readonly node?: Partial<WorldNode>;
  readonly settings?: Settings;
}

/** An endpoint of this node, but for what is given. */
export function here(changes: Partial<KubeEndpoint> = {}): KubeEndpoint {
  return { addresses: ['10.1.1.1'], nodeName: 'this-node', ...changes };
}

/** An endpoint of another node, but for what is given. */
export function there(changes: Partial<KubeEndpoint> = {}): KubeEndpoint {
  return { addresses: ['10.1.2.1'], nodeName: 'node-2', ...changes };
}

/** The Service `default/web` with cluster addresses of both families and the port TCP 80, but for what is given. */
export function web(
  spec: Partial<KubeServiceSpec> = {},
  metadata: Partial<KubeService['metadata']> = {},
): KubeService {
  return {
    metadata: { namespace: 'default', name: 'web', creationTimestamp: '2026-01-01T00:00:00Z', ...metadata },
    spec: {
      clusterIP: '10.96.0.1',
      clusterIPs: ['10.96.0.1', 'fd00:96::1'],
      ports: [{ port: 80, targetPort: 8080, nodePort: 30_080 }],
      ...spec,
    },
  };
}

/** A slice of `default/web` with the port 8080, but for what is given. */
export function sliceOf(endpoints: readonly KubeEndpoint[], changes: Partial<KubeSlice> = {}): KubeSlice {
  return {
    metadata: {
      namespace: 'default',
      name: 'web-1',
      labels: { 'kubernetes.io/service-name': 'web' },
    },
    addressType: family(endpoints[0]?.addresses[0] ?? ''),
    ports: [{ port: 8080 }],
    endpoints,
    ...changes,
  };
}

const usualSources: Readonly<Record<Sender, Readonly<Record<'IPv4' | 'IPv6', string>>>> = {
  node: { IPv4: '192.168.0.1', IPv6: 'fd00:192::1' },
  'own pod': { IPv4: '10.1.1.9', IPv6: 'fd00:10:1:1::9' },
  'other pod': { IPv4: '10.1.2.9', IPv6: 'fd00:10:1:2::9' },
  outside: { IPv4: '198.51.100.1', IPv6: '2001:db8::1' },
};

/** The pods of this node are told by their network. */
export const byNetwork: Settings = {
  ownPods: { by: 'source', cidrs: ['10.1.1.0/24', 'fd00:10:1:1::/64'] },
};

function worldOf(one: Case): World {
  const { spec, metadata, ingress, endpoints = [here(), there()] } = one;
  const service = web(spec, metadata);
  return {
    services: [
      ingress === undefined ? service : { ...service, status: { loadBalancer: { ingress } } },
      ...(one.others ?? []),
    ],
    slices: one.slices ?? (endpoints.length === 0 ? [] : [sliceOf(endpoints)]),
    node: {
      name: 'this-node',
      zone: 'zone-a',
      addresses: ['192.168.0.1', '172.20.0.1', 'fd00:192::1'],
      ...one.node,
    },
    settings: one.settings ?? {},
  };
}

const form =
  /^(?<protocol>TCP|UDP|SCTP) (?<from>node|own pod|other pod|outside)(?: \((?<source>\S+)\))? > (?<address>\S+):(?<port>\d+)$/;

function packetOf(text: string): Packet {
  const { protocol, from, source, address, port } = form.exec(text)!.groups as Record<string, string>;
  const sender = from as Sender;
  const given = source ?? usualSources[sender][family(address!)];
  return {
    protocol: protocol as KubeProtocol,
    from: sender,
    ...(given === 'any' ? {} : { source: given }),
    destination: { address: address!, port: Number(port) },
  };
}

/** Makes a test of each case, titled by what it shows. */
export function show(cases: Readonly<Record<string, Case | readonly Case[]>>): void {
  for (const [title, given] of Object.entries(cases)) {
    it(title, () => {
      for (const one of [given].flat()) {
        const expectation = expectationOf(worldOf(one), packetOf(one.packet));
        expect(textOf(expectation), one.packet).to.equal(one.becomes);
      }
    });
  }
}

function textOf(expectation: ReturnType<typeof expectationOf>): string {
  if (expectation.kind !== 'served') return expectation.kind;
  const { candidates, affinity } = expectation;
  const text = candidates.map(({ address, port, source }) => `${address}:${port} ${source}`).join(', ');
  return affinity === 0 ? text : `${text}, for ${affinity} s`;
}
