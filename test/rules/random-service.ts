import fc from 'fast-check';
import type {
  KubeFamily,
  KubeIngress,
  KubePolicy,
  KubeProtocol,
  KubeService,
  KubeServicePort,
} from './objects.ts';
import type { Pools } from './pools.ts';

/** The families of a Service, the primary first. */
export type Families = readonly [KubeFamily, ...KubeFamily[]];

/** What a Service is: its type, or headless. */
export type Kind = 'ClusterIP' | 'NodePort' | 'LoadBalancer' | 'ExternalName' | 'headless';

const portNumbers = [53, 80, 443];

/** Ports of a Service: names are unique, and there where there are several ports; numbers are unique within a protocol. */
export const portsArbitrary: fc.Arbitrary<readonly KubeServicePort[]> = fc
  .uniqueArray(
    fc.record(
      {
        protocol: fc.constantFrom<KubeProtocol>('TCP', 'UDP', 'SCTP'),
        port: fc.constantFrom(...portNumbers),
        targetPort: fc.constantFrom('main', 8080),
      },
      { requiredKeys: ['port'] },
    ),
    { minLength: 1, maxLength: 3, selector: ({ protocol = 'TCP', port }) => `${protocol} ${port}` },
  )
  .map((ports) =>
    ports.length === 1 ? ports : ports.map((port, index) => ({ ...port, name: `p${index}` })),
  );

const policy = fc.constantFrom<KubePolicy>('Cluster', 'Local');

/** A Service before the API server has allocated what is the cluster's to give. */
export function serviceArbitrary(
  pools: Pools,
  kind: Kind,
  ports: readonly KubeServicePort[],
  nodePorts: boolean,
): fc.Arbitrary<KubeService> {
  if (kind === 'ExternalName') {
    const spec = { type: kind, externalName: 'example.org', ports };
    return fc.record({ metadata: metadataArbitrary, spec: fc.constant(spec) });
  }
  const common = fc.record(
    {
      externalIPs: fc.uniqueArray(fc.constantFrom(...pools.outer), { maxLength: 2 }),
      externalTrafficPolicy: policy,
      internalTrafficPolicy: policy,
      affinity: fc.constantFrom(0, 60),
      loadBalancerSourceRanges: fc.subarray([...pools.sourceRanges]),
      ingress: fc.uniqueArray(ingressArbitrary(pools), { maxLength: 3, selector: ({ ip }) => ip }),
    },
    { requiredKeys: [] },
  );
  return fc
    .tuple(metadataArbitrary, common)
    .map(([metadata, drawn]) => ({ metadata, ...assemble(kind, ports, nodePorts, drawn) }));
}

interface DrawnSpec {
  readonly externalIPs?: string[];
  readonly externalTrafficPolicy?: KubePolicy;
  readonly internalTrafficPolicy?: KubePolicy;
  readonly affinity?: number;
  readonly loadBalancerSourceRanges?: string[];
  readonly ingress?: KubeIngress[];
}

/** Fields that a Service of a type may not have are left out. */
function assemble(
  type: Exclude<Kind, 'ExternalName'>,
  ports: readonly KubeServicePort[],
  nodePorts: boolean,
  { affinity, ingress, externalTrafficPolicy, loadBalancerSourceRanges, ...spec }: DrawnSpec,
): Pick<KubeService, 'spec' | 'status'> {
  const isOuter = type === 'NodePort' || type === 'LoadBalancer' || (spec.externalIPs?.length ?? 0) > 0;
  return {
    spec: {
      type: type === 'headless' ? 'ClusterIP' : type,
      ...(type === 'headless' ? { clusterIP: 'None', clusterIPs: ['None'] } : {}),
      ports,
      ...spec,
      ...(isOuter && externalTrafficPolicy !== undefined ? { externalTrafficPolicy } : {}),
      ...affinityOf(affinity),
      ...(type === 'LoadBalancer' ? { allocateLoadBalancerNodePorts: nodePorts } : {}),
      ...(type === 'LoadBalancer' && loadBalancerSourceRanges !== undefined
        ? { loadBalancerSourceRanges }
        : {}),
    },
    ...(type === 'LoadBalancer' && ingress !== undefined ? { status: { loadBalancer: { ingress } } } : {}),
  };
}

/** 0 is affinity without a time of its own. */
function affinityOf(
  seconds: number | undefined,
): Pick<KubeService['spec'], 'sessionAffinity' | 'sessionAffinityConfig'> {
  if (seconds === undefined) return {};
  if (seconds === 0) return { sessionAffinity: 'ClientIP' };
  return { sessionAffinity: 'ClientIP', sessionAffinityConfig: { clientIP: { timeoutSeconds: seconds } } };
}

function ingressArbitrary(pools: Pools): fc.Arbitrary<KubeIngress> {
  const ip = fc.constantFrom(...pools.outer);
  return fc.oneof(
    { weight: 4, arbitrary: fc.record({ ip }) },
    { weight: 2, arbitrary: fc.record({ ip, ipMode: fc.constantFrom<'VIP' | 'Proxy'>('VIP', 'Proxy') }) },
    { weight: 1, arbitrary: fc.record({ hostname: fc.constant('lb.example.org') }) },
  );
}

/** Names and namespaces are given when everything is drawn; those for another proxy are rare. */
const metadataArbitrary: fc.Arbitrary<KubeService['metadata']> = fc.record(
  {
    namespace: fc.constantFrom('default', 'other'),
    name: fc.constant(''),
    creationTimestamp: fc.constantFrom('2026-01-01T00:00:00Z', '2026-01-02T00:00:00Z'),
    labels: fc.oneof(
      { weight: 8, arbitrary: fc.constant<Record<string, string>>({ app: 'web' }) },
      {
        weight: 1,
        arbitrary: fc.constantFrom<Record<string, string>>(
          { 'service.kubernetes.io/service-proxy-name': 'mine' },
          { 'service.kubernetes.io/headless': '' },
        ),
      },
    ),
  },
  { requiredKeys: ['namespace', 'name'] },
);

/**
 * Gives a Service its name, cluster addresses, node ports and health check port, none of which another one has. Its own
 * ports of one number and different protocols have one node port number.
 */
export function allocated(
  { metadata, spec, status }: KubeService,
  index: number,
  families: Families,
  nodePorts: boolean,
  pools: Pools,
): KubeService {
  const isBalanced = spec.type !== 'ExternalName' && spec.clusterIP !== 'None';
  const clusterIPs = families.map((one) => `${pools.clusterIPs[one]}${index + 1}`);
  const wantsHealthCheck = spec.type === 'LoadBalancer' && spec.externalTrafficPolicy === 'Local';
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { ...metadata, name: serviceName(index) },
    spec: {
      ...spec,
      ...(isBalanced ? { clusterIP: clusterIPs[0]!, clusterIPs, ipFamilies: families } : {}),
      ports: (spec.ports ?? []).map((port) =>
        nodePorts ? { ...port, nodePort: 30_001 + index * 10 + portNumbers.indexOf(port.port) } : port,
      ),
      ...(wantsHealthCheck ? { healthCheckNodePort: 30_009 + index * 10 } : {}),
    },
    ...(status === undefined ? {} : { status }),
  };
}

/** The name of the Service of a number. */
export function serviceName(index: number): string {
  return `web-${index}`;
}
