import { expect } from 'chai';
import type { Endpoint } from '../../../lib/model/endpoint-slice.ts';
import type { Service } from '../../../lib/model/service.ts';
import { planService } from '../../../lib/planner/service-plan.ts';
import {
  endpoint,
  forwardingOf,
  node,
  plannerOptions,
  service,
  servicePort,
  slice,
  state,
} from '../fixtures.ts';

const [zoneA, zoneB, zoneC] = [['zone-a'], ['zone-b'], ['zone-c']];
const here = { nodeName: node.name };
const terminating = { ready: false, serving: true, terminating: true };
const unready = { ready: false, serving: false };

/** Endpoints by the last number of their address, `10.0.0.N`. */
function listed(given: Readonly<Record<number, Partial<Endpoint>>>): Endpoint[] {
  return Object.entries(given).map(([last, changes]) => endpoint(`10.0.0.${last}`, changes));
}

interface Case {
  /** Default `zone-a`. */
  readonly zone?: string;
  readonly service?: Partial<Service>;
  readonly endpoints: Readonly<Record<number, Partial<Endpoint>>>;
  /** What the cluster IP sends to, by the last numbers. */
  readonly inside: readonly number[];
  /** What the node port sends to; without it the service has none. */
  readonly outside?: readonly number[];
}

const both = { internalTrafficPolicy: 'Local', externalTrafficPolicy: 'Local' } as const;
const internal = { internalTrafficPolicy: 'Local' } as const;
const external = { externalTrafficPolicy: 'Local' } as const;
const inThreeZones = {
  3: { zoneHints: zoneA },
  4: { zoneHints: zoneB },
  5: { zoneHints: zoneC },
  6: { zoneHints: zoneA },
} as const;
const mixedZones = {
  3: { zoneHints: zoneA, ...here },
  4: { zoneHints: zoneB, ...here },
  5: { zoneHints: zoneB },
  6: { zoneHints: zoneA },
} as const;

/** An annotation that once decided whether hints count; now the hints alone do. */
function mode(value: string): Partial<Service> {
  return { annotations: { 'service.kubernetes.io/topology-mode': value } };
}

const cases: Record<string, Case> = {
  'hints enabled, hints annotation == auto': {
    service: mode('auto'),
    endpoints: inThreeZones,
    inside: [3, 6],
  },
  'hints, hints annotation == disabled: hints alone decide': {
    service: mode('disabled'),
    endpoints: inThreeZones,
    inside: [3, 6],
  },
  'hints, hints annotation == aUto: hints alone decide': {
    service: mode('aUto'),
    endpoints: inThreeZones,
    inside: [3, 6],
  },
  'hints, hints annotation empty: hints alone decide': { endpoints: inThreeZones, inside: [3, 6] },
  'externalTrafficPolicy: Local, topology ignored for Local endpoints': {
    service: external,
    endpoints: mixedZones,
    inside: [3, 6],
    outside: [3, 4],
  },
  'internalTrafficPolicy: Local, topology ignored for Local endpoints': {
    service: internal,
    endpoints: mixedZones,
    inside: [3, 4],
    outside: [3, 6],
  },
  'empty node labels': { zone: '', endpoints: { 3: { zoneHints: zoneA } }, inside: [3] },
  'empty zone label': {
    zone: '',
    endpoints: { 3: { zoneHints: [''] }, 4: { zoneHints: zoneA } },
    inside: [3, 4],
  },
  'node in different zone, no endpoint filtering': {
    zone: 'zone-b',
    endpoints: { 3: { zoneHints: zoneA } },
    inside: [3],
  },
  'normal endpoint filtering': { endpoints: inThreeZones, inside: [3, 6] },
  'unready endpoint': {
    endpoints: { ...inThreeZones, 6: { zoneHints: zoneA, ...unready } },
    inside: [3],
  },
  'only unready endpoints in same zone (should not filter)': {
    endpoints: { ...inThreeZones, 3: { zoneHints: zoneA, ...unready }, 6: { zoneHints: zoneA, ...unready } },
    inside: [4, 5],
  },
  'missing hints, no filtering applied': {
    endpoints: { ...inThreeZones, 5: {} },
    inside: [3, 4, 5, 6],
  },
  'missing hints of an unready endpoint, filtering applied': {
    endpoints: { ...inThreeZones, 7: unready },
    inside: [3, 6],
  },
  'multiple hints per endpoint, filtering includes any endpoint with zone included': {
    zone: 'zone-c',
    endpoints: {
      3: { zoneHints: ['zone-a', 'zone-b', 'zone-c'] },
      4: { zoneHints: ['zone-b', 'zone-c'] },
      5: { zoneHints: ['zone-b', 'zone-d'] },
      6: { zoneHints: zoneC },
    },
    inside: [3, 4, 6],
  },
  'conflicting topology and localness require merging allEndpoints': {
    service: external,
    endpoints: {
      0: { zoneHints: zoneA, ...here },
      1: { zoneHints: zoneB, ...here },
      2: { zoneHints: zoneA },
      3: { zoneHints: zoneB },
    },
    inside: [0, 2],
    outside: [0, 1],
  },
  'internalTrafficPolicy: Local, with empty endpoints': { service: internal, endpoints: {}, inside: [] },
  'internalTrafficPolicy: Local, but all endpoints are remote': {
    service: internal,
    endpoints: { 0: {}, 1: {} },
    inside: [],
  },
  'internalTrafficPolicy: Local, all endpoints are local': {
    service: internal,
    endpoints: { 0: here, 1: here },
    inside: [0, 1],
  },
  'internalTrafficPolicy: Local, some endpoints are local': {
    service: internal,
    endpoints: { 0: here, 1: {} },
    inside: [0],
  },
  'Cluster traffic policy, endpoints not Ready': { endpoints: { 0: unready, 1: unready }, inside: [] },
  'Cluster traffic policy, some endpoints are Ready': { endpoints: { 0: unready, 1: {} }, inside: [1] },
  'Cluster traffic policy, all endpoints are terminating': {
    endpoints: { 0: { ...terminating, ...here }, 1: terminating, 2: { ...terminating, serving: false } },
    inside: [0, 1],
  },
  'Cluster traffic policy, terminating endpoints are chosen without regard to hints': {
    endpoints: { 0: { ...terminating, zoneHints: zoneA }, 1: { ...terminating, zoneHints: zoneB } },
    inside: [0, 1],
  },
  'iTP: Local, eTP: Cluster, some endpoints local': {
    service: internal,
    endpoints: { 0: here, 1: {} },
    inside: [0],
    outside: [0, 1],
  },
  'iTP: Cluster, eTP: Local, some endpoints local': {
    service: external,
    endpoints: { 0: here, 1: {} },
    inside: [0, 1],
    outside: [0],
  },
  'iTP: Local, eTP: Local, some endpoints local': {
    service: both,
    endpoints: { 0: here, 1: {} },
    inside: [0],
    outside: [0],
  },
  'iTP: Local, eTP: Local, all endpoints remote': {
    service: both,
    endpoints: { 0: {}, 1: {} },
    inside: [],
    outside: [0, 1],
  },
  'iTP: Local, eTP: Local, all endpoints remote and terminating': {
    service: both,
    endpoints: { 0: terminating, 1: terminating },
    inside: [],
    outside: [0, 1],
  },
  'iTP: Cluster, eTP: Local, with terminating endpoints': {
    service: external,
    endpoints: { 0: {}, 1: { ...unready }, 2: { ...terminating, ...here }, 3: terminating },
    inside: [0],
    outside: [2],
  },
  'externalTrafficPolicy ignored if not externally accessible': {
    service: external,
    endpoints: { 0: {}, 1: here },
    inside: [0, 1],
  },
  'no cluster endpoints for iTP:Local internal-only service': {
    service: internal,
    endpoints: { 0: {}, 1: here },
    inside: [1],
  },
  'PreferSameNode: endpoints hinted for this node': {
    endpoints: {
      0: { nodeHints: [node.name], zoneHints: zoneB },
      1: { nodeHints: ['node-2'], zoneHints: zoneA },
    },
    inside: [0],
  },
  'PreferSameNode: falls back to the zone where no endpoint is hinted for this node': {
    endpoints: {
      0: { nodeHints: ['node-3'], zoneHints: zoneB },
      1: { nodeHints: ['node-2'], zoneHints: zoneA },
    },
    inside: [1],
  },
  'PreferSameNode: falls back to the zone where an endpoint has no node hint': {
    endpoints: {
      0: { nodeHints: [node.name], zoneHints: zoneA },
      1: { zoneHints: zoneA },
      2: { zoneHints: zoneB },
    },
    inside: [0, 1],
  },
  'PreferSameNode: the endpoint hinted for this node is not ready': {
    endpoints: {
      0: { nodeHints: [node.name], zoneHints: zoneA, ...unready },
      1: { nodeHints: ['node-2'], zoneHints: zoneA },
      2: { nodeHints: ['node-3'], zoneHints: zoneB },
    },
    inside: [1],
  },
  'publishNotReadyAddresses: a terminating endpoint that is published as ready is used as one': {
    endpoints: { 0: { ...terminating, ready: true }, 1: {} },
    inside: [0, 1],
  },
};

describe('the choice of endpoints (TestCategorizeEndpoints)', () => {
  for (const [name, { zone = 'zone-a', service: changes, endpoints, inside, outside }] of Object.entries(
    cases,
  )) {
    it(name, () => {
      const ports = [servicePort({ nodePort: outside === undefined ? 0 : 30_080 })];
      const of = service({ ports, ...changes });
      const plan = planService(
        state(of, slice(listed(endpoints), { family: 'IPv4' })),
        { ...node, zone },
        plannerOptions(),
      );
      const places = (numbers: readonly number[]): string[] => numbers.map((last) => `10.0.0.${last} 80`);

      expect(forwardingOf(plan)).to.deep.equal({
        'TCP 172.16.55.4:80': places(inside),
        ...(outside === undefined ? {} : { 'TCP 100.101.102.103:30080': places(outside) }),
      });
    });
  }
});

describe('endpoints of a policy that terminate', () => {
  const outer = { externalIPs: ['1.2.3.4'] };
  const tables: Record<
    string,
    {
      policies: Partial<Service>;
      endpoints: Readonly<Record<number, Partial<Endpoint>>>;
      inside: number[];
      outside: number[];
    }
  > = {
    Test_EndpointSliceReadyAndTerminatingCluster: {
      policies: {},
      endpoints: { 1: here, 2: {}, 3: { ...terminating, ...here }, 4: terminating, 5: unready },
      inside: [1, 2],
      outside: [1, 2],
    },
    Test_EndpointSliceReadyAndTerminatingLocal: {
      policies: external,
      endpoints: {
        1: here,
        2: here,
        3: { ...terminating, ...here },
        4: { ...terminating, serving: false },
        5: {},
      },
      inside: [1, 2, 5],
      outside: [1, 2],
    },
    Test_EndpointSliceOnlyReadyAndTerminatingCluster: {
      policies: {},
      endpoints: {
        1: { ...terminating, ...here },
        2: terminating,
        3: { ...terminating, serving: false },
        4: unready,
      },
      inside: [1, 2],
      outside: [1, 2],
    },
    Test_EndpointSliceOnlyReadyAndTerminatingLocal: {
      policies: external,
      endpoints: {
        1: { ...terminating, ...here },
        2: { ...terminating, ...here },
        3: { ...terminating, serving: false, ...here },
        4: {},
        5: {},
      },
      inside: [4, 5],
      outside: [1, 2],
    },
  };
  for (const [name, { policies, endpoints, inside, outside }] of Object.entries(tables)) {
    it(name, () => {
      const plan = planService(
        state(service({ ...outer, ...policies }), slice(listed(endpoints))),
        node,
        plannerOptions(),
      );
      const places = (numbers: readonly number[]): string[] => numbers.map((last) => `10.0.0.${last} 80`);

      expect(forwardingOf(plan)).to.deep.equal({
        'TCP 172.16.55.4:80': places(inside),
        'TCP 1.2.3.4:80': places(outside),
      });
    });
  }
});

describe('TestNoEndpointsMetric', () => {
  const away = { 1: {}, 2: {} };
  const near = { 1: here, 2: {} };
  type Policies = ('internal' | 'external')[];
  const tables: [
    name: string,
    policies: Partial<Service>,
    endpoints: Readonly<Record<number, Partial<Endpoint>>>,
    missing: Policies,
  ][] = [
    ['internalTrafficPolicy is set and there are local endpoints', internal, near, []],
    ['externalTrafficPolicy is set and there are local endpoints', external, near, []],
    ['both policies are set and there are local endpoints', both, near, []],
    ['internalTrafficPolicy is set and there are no local endpoints', internal, away, ['internal']],
    ['externalTrafficPolicy is set and there are no local endpoints', external, away, ['external']],
    ['both policies are set and there are no local endpoints', both, away, ['internal', 'external']],
    ['both policies are set and there are no endpoints at all', both, {}, []],
    ['both policies are set and no endpoint is fit for use', both, { 1: unready }, []],
    [
      'both policies are set and there are no local endpoints but terminating ones',
      both,
      { 1: terminating },
      ['internal', 'external'],
    ],
  ];
  for (const [name, policies, endpoints, missing] of tables) {
    it(name, () => {
      const ports = [
        servicePort({ nodePort: 3001 }),
        servicePort({ name: 'other', port: 81, nodePort: 3002 }),
      ];
      const of = service({ type: 'NodePort', ports, ...policies });
      const plan = planService(
        state(of, slice(listed(endpoints), { family: 'IPv4' })),
        node,
        plannerOptions(),
      );

      expect(plan.missingLocal?.map(({ policy }) => policy) ?? []).to.deep.equal(missing);
    });
  }

  it('tells of each family by itself', () => {
    const slices = [slice([endpoint('10.0.0.1', here)]), slice([endpoint('fd00::1')], { name: 'svc1-2' })];
    const of = service({ clusterIPs: ['172.16.55.4', 'fd00::a'], ...internal });

    expect(planService(state(of, ...slices), node, plannerOptions()).missingLocal).to.deep.equal([
      { family: 'IPv6', policy: 'internal' },
    ]);
  });
});

describe('the health of a service with a health check port', () => {
  const healthOf = (endpoints: Readonly<Record<number, Partial<Endpoint>>>): unknown => {
    const of = service({ type: 'LoadBalancer', healthCheckNodePort: 32_000, ...external });
    const plan = planService(state(of, slice(listed(endpoints), { family: 'IPv4' })), node, plannerOptions());
    expect(plan.setEntries.map(({ key }) => key)).to.include('KUBE-HEALTH-CHECK-NODE-PORT 32000');
    return plan.health;
  };

  it('is the number of ready endpoints on this node (TestHealthCheckNodePort)', () => {
    expect(healthOf({ 1: here, 2: here, 3: {}, 4: { ...here, ...unready } })).to.deep.equal({
      port: 32_000,
      localEndpoints: 2,
    });
  });

  it('is none where those on this node terminate (Test_HealthCheckNodePortWhenTerminating)', () => {
    expect(healthOf({ 1: { ...here, ...terminating } })).to.deep.equal({ port: 32_000, localEndpoints: 0 });
  });

  it('counts a pod with an address in each family, and with several ports, once', () => {
    const slices = [
      slice([endpoint('10.0.0.1', here)]),
      slice([endpoint('10.0.0.1', here)], { name: 'other-port' }),
      slice([endpoint('fd00::1', here)], { name: 'v6' }),
    ];
    const of = service({ clusterIPs: ['172.16.55.4', 'fd00::a'], healthCheckNodePort: 32_000 });

    expect(planService(state(of, ...slices), node, plannerOptions()).health?.localEndpoints).to.equal(1);
  });

  it('is not told where none is asked for', () => {
    expect(planService(state(service()), node, plannerOptions()).health).to.equal(undefined);
  });
});
