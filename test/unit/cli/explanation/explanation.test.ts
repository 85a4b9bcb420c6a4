import { expect } from 'chai';
import type { Explanation } from '../../../../lib/cli/explanation/explanation.ts';
import type { HeldService } from '../../../../lib/cli/explanation/way-view.ts';
import type { Service } from '../../../../lib/model/service.ts';
import { endpoint, service, servicePort, slice, slicePort, state } from '../../fixtures.ts';
import { explained, type ExplainedCase } from './support.ts';

const here = { nodeName: 'this-node' };
const web = service();
const key = 'TCP 172.16.55.4:80';
const pods = { by: 'source', cidrs: ['10.0.0.0/8'] } as const;

/** A change of the only virtual server that the kernel holds. */
function changed(
  change: (server: NonNullable<ReturnType<HeldService['servers']['get']>>) => unknown,
): NonNullable<ExplainedCase['held']> {
  return (wanted) => {
    const server = wanted.servers.get(key)!;
    return { ...wanted, servers: new Map([[key, { ...server, ...(change(server) as object) }]]) };
  };
}

/** The only virtual server that the kernel holds, with other weights. */
function serverWith(
  { servers }: HeldService,
  weight: number,
): NonNullable<ReturnType<HeldService['servers']['get']>> {
  const server = servers.get(key)!;
  return { ...server, destinations: server.destinations.map((one) => ({ ...one, weight })) };
}

describe('the explanation of a Service', () => {
  describe('of one way', () => {
    const two = state(web, slice([endpoint('10.0.0.1', here), endpoint('10.0.0.2')]));
    const cases: readonly (readonly [
      title: string,
      held: ExplainedCase['held'],
      wayState: string,
      differences: readonly string[],
      outcome: string,
    ])[] = [
      ['is held as wanted', undefined, 'as-wanted', [], 'served'],
      [
        'has no virtual server',
        (wanted) => ({ ...wanted, servers: new Map() }),
        'missing',
        ['there is no virtual server'],
        'not-served',
      ],
      [
        'has another scheduler and affinity',
        changed(({ service: own }) => ({ service: { ...own, scheduler: 'lc', flags: 1, timeout: 60 } })),
        'differs',
        ['scheduler is lc, wanted rr', 'affinity is 60 s, wanted none'],
        'served',
      ],
      [
        'lacks a real server',
        changed(({ destinations }) => ({ destinations: destinations.slice(1) })),
        'differs',
        ['the real server 10.0.0.1:80 is missing'],
        'served',
      ],
      [
        'has none that takes connections',
        changed(({ destinations }) => ({ destinations: destinations.map((one) => ({ ...one, weight: 0 })) })),
        'differs',
        [
          'of the real server 10.0.0.1:80 weight is 0, wanted 1',
          'of the real server 10.0.0.2:80 weight is 0, wanted 1',
        ],
        'not-served',
      ],
      [
        'has a real server that nobody wants',
        changed(({ destinations: [one] }) => ({
          destinations: [one, { ...one, address: '10.0.0.2' }, { ...one, address: '10.9.9.9' }],
        })),
        'differs',
        ['the real server 10.9.9.9:80 is not wanted'],
        'served',
      ],
      [
        'has one that drains',
        changed(({ destinations }) => ({
          destinations: [...destinations, { ...destinations[0], address: '10.9.9.9', weight: 0 }],
        })),
        'as-wanted',
        [],
        'served',
      ],
      [
        'is not bound',
        (wanted) => ({ ...wanted, addresses: new Set() }),
        'differs',
        ['172.16.55.4 is not bound to kube-ipvs0'],
        'not-served',
      ],
      [
        'is missing in a set',
        (wanted) => ({
          ...wanted,
          setEntries: new Set([...wanted.setEntries].filter((one) => !one.startsWith('KUBE-CLUSTER-IP '))),
        }),
        'differs',
        ['172.16.55.4,tcp:80 is not in KUBE-CLUSTER-IP'],
        'served',
      ],
    ];
    for (const [title, held, wayState, differences, outcome] of cases) {
      it(`says that it ${title}`, () => {
        const { ways, conclusion } = explained(two, held === undefined ? {} : { held });
        expect(ways).to.have.length(1);
        expect(ways[0]).to.deep.include({ state: wayState, differences });
        expect(conclusion).to.deep.include({ outcome, asWanted: differences.length === 0 });
        if (differences.length > 0) expect(conclusion.text).to.contain(differences[0]);
      });
    }

    it('gives the connections and weights that it has now', () => {
      expect(explained(two).ways[0]?.realServers).to.deep.include({
        ...{ address: '10.0.0.1', port: 80, state: 'as-wanted', weight: 1, differences: [] },
        ...{ activeConnections: 2, inactiveConnections: 1 },
      });
    });

    it('takes a weight that still grows for one that is wanted', () => {
      const slow = service({
        annotations: { 'kube-ipvs.io/slow-start': '30s', 'kube-ipvs.io/scheduler': 'wlc' },
      });
      const { ways, conclusion } = explained(state(slow, slice([endpoint('10.0.0.1')])), {
        held: changed(({ destinations }) => ({
          destinations: destinations.map((one) => ({ ...one, weight: 3 })),
        })),
      });
      expect(ways[0]?.realServers.map((one) => one.state)).to.deep.equal(['growing']);
      expect(conclusion).to.deep.include({ outcome: 'served', asWanted: true });
    });

    it('names a virtual server at its address that no Service asks for, unless that only drains', () => {
      const texts = (weight: number, winner?: string): unknown =>
        explained(two, {
          held: (wanted) => ({
            ...wanted,
            others: new Map([['TCP 172.16.55.4:81', serverWith(wanted, weight)]]),
          }),
          facts: { winnerOf: (asked) => (asked === key ? 'ns1/svc1' : winner) },
        }).findings.map(({ text }) => text);
      expect(texts(1)).to.deep.equal([
        'the kernel has a virtual server TCP 172.16.55.4:81 at an address of it that no Service asks for',
      ]);
      expect(texts(0)).to.deep.equal([]);
      expect(texts(1, 'ns1/other')).to.deep.equal([]);
    });

    it('names the older Service that has it', () => {
      const { ways, conclusion } = explained(two, { facts: { winnerOf: () => 'ns0/older' } });
      expect(ways[0]).to.deep.include({ state: 'taken', takenBy: 'ns0/older', realServers: [] });
      expect(conclusion).to.deep.include({
        ...{ outcome: 'not-served', asWanted: false, next: 'kube-ipvs explain ns0/older' },
      });
    });
  });

  describe('of ways from outside', () => {
    const outer: Partial<Service> = {
      type: 'LoadBalancer',
      loadBalancerIngress: [{ address: '198.51.100.1', ipMode: 'VIP' }],
      loadBalancerSourceRanges: ['203.0.113.0/24'],
      ports: [servicePort({ nodePort: 30080 })],
    };
    const cases: readonly (readonly [
      title: string,
      changes: Partial<Service>,
      pod: Readonly<Record<string, string>>,
      localTraffic: ExplainedCase['options'],
      reach: string,
      words: string,
      masked: string,
    ])[] = [
      ['any endpoint', {}, {}, {}, 'anywhere', 'endpoints of any node; for clients of 203', 'everybody'],
      [
        'endpoints of this node',
        { externalTrafficPolicy: 'Local' },
        here,
        {},
        'local',
        'endpoints of this node alone',
        'nobody but an endpoint',
      ],
      [
        'nobody outside, without an endpoint here',
        { externalTrafficPolicy: 'Local' },
        {},
        { localTraffic: pods },
        'refused',
        'clients of the cluster alone',
        'everybody',
      ],
      [
        'endpoints elsewhere, where clients cannot be told',
        { externalTrafficPolicy: 'Local' },
        {},
        {},
        'local',
        'their answers find no way back',
        'nobody but an endpoint',
      ],
    ];
    for (const [title, changes, pod, options, reach, words, masked] of cases) {
      it(`tells that they lead to ${title}`, () => {
        const asked = service({ ...outer, ...changes });
        const { ways } = explained(state(asked, slice([endpoint('10.0.0.1', pod)])), { options: options! });
        expect(ways.map((way) => [way.kind, way.reach])).to.deep.equal([
          ['cluster IP', 'inside'],
          ['node port', reach],
          ['load balancer', reach],
        ]);
        expect(ways[2]?.reachText).to.contain(words);
        expect(ways[2]?.masqueraded).to.contain(masked);
      });
    }

    it('names the sets that they are in, those of their own family alone', () => {
      const dual = service({ ...outer, clusterIPs: ['172.16.55.4', 'fd00::4'] });
      const { ways } = explained(state(dual, slice([endpoint('10.0.0.1')]), slice([endpoint('fd01::1')])));
      const setsAt = (address: string): unknown =>
        ways.find((way) => way.kind === 'node port' && way.address === address)?.sets.map(({ set }) => set);
      expect(setsAt('100.101.102.103')).to.deep.equal(['KUBE-NODE-PORT-TCP', 'KUBE-NODE-PORT-IPS']);
      expect(setsAt('2001:db8::1')).to.deep.equal(['KUBE-6-NODE-PORT-TCP', 'KUBE-6-NODE-PORT-IPS']);
    });
  });

  describe('without service', () => {
    const cases: readonly (readonly [title: string, made: () => Explanation, text: string, next: string])[] =
      [
        [
          'without slices',
          () => explained(state(web)),
          'no slice of it has an endpoint',
          'kubectl -n ns1 get',
        ],
        [
          'without a ready endpoint',
          () => explained(state(web, slice([endpoint('10.0.0.1', { ready: false })]))),
          'no endpoint can be used: not ready (one endpoint)',
          'kubectl -n ns1 get',
        ],
        [
          'without an endpoint of this node',
          () => explained(state(service({ internalTrafficPolicy: 'Local' }), slice([endpoint('10.0.0.1')]))),
          'the policy Local asks for this node',
          'kubectl -n ns1 get',
        ],
        [
          'without a family that is served',
          () => explained(state(web), { options: { families: ['IPv6'] } }),
          'no address in a family that this node serves',
          'kube-ipvs doctor',
        ],
      ];
    for (const [title, made, text, next] of cases) {
      it(`says why and where to look ${title}`, () => {
        const { conclusion } = made();
        expect(conclusion).to.deep.include({ outcome: 'not-served', asWanted: true });
        expect(conclusion.text).to.contain(text);
        expect(conclusion.next).to.contain(next);
      });
    }

    it('is partial where an address is refused', () => {
      const asked = service({ externalIPs: ['10.7.7.7'] });
      const { conclusion, findings } = explained(state(asked, slice([endpoint('10.0.0.1')])), {
        options: { localTraffic: pods },
      });
      expect(conclusion.outcome).to.equal('partly-served');
      expect(conclusion.text).to.contain('10.7.7.7 is not served');
      expect(findings.map(({ severity }) => severity)).to.deep.equal(['error']);
    });
  });

  describe('of endpoints', () => {
    it('tells inside and outside apart, and gives each its reason', () => {
      const asked = service({ externalTrafficPolicy: 'Local', externalIPs: ['198.51.100.1'] });
      const { endpoints } = explained(
        state(
          asked,
          slice([
            endpoint('10.0.0.1', here),
            endpoint('10.0.0.2'),
            endpoint('10.0.0.3', { ready: false, terminating: true }),
          ]),
        ),
      );
      expect(
        endpoints.map(({ address, inside, outside }) => [address, inside.used, outside?.used, inside.why]),
      ).to.deep.equal([
        ['10.0.0.1', true, true, 'ready'],
        ['10.0.0.2', true, false, 'ready'],
        ['10.0.0.3', false, false, 'terminates, and others are ready'],
      ]);
    });

    it('names slices of another family and of another port', () => {
      const { unused } = explained(
        state(
          web,
          slice([endpoint('10.0.0.1')], { ports: [slicePort({ name: 'http' })], name: 'other-port' }),
          slice([endpoint('fd01::1')], { name: 'other-family' }),
        ),
      );
      expect(unused.map(({ slice: name, reason }) => `${name}: ${reason}`)).to.deep.equal([
        'other-port: it has the port http/TCP, the Service the port p80/TCP: they must have one name and protocol',
        'other-family: IPv6, and the Service has no cluster IP of that family',
      ]);
    });
  });

  describe('of the scheduler', () => {
    const cases: readonly (readonly [
      title: string,
      annotations: Readonly<Record<string, string>>,
      schedulers: readonly string[] | undefined,
      told: string,
    ])[] = [
      ['the configuration', {}, undefined, 'rr: as the configuration says'],
      [
        'an annotation',
        { 'kube-ipvs.io/scheduler': 'mh' },
        ['mh'],
        'mh: as annotation kube-ipvs.io/scheduler asks',
      ],
      [
        'weights',
        { 'kube-ipvs.io/weights': 'same-node=2' },
        undefined,
        'wrr: in the place of rr, which looks at no weights, for kube-ipvs.io/weights',
      ],
      [
        'a kernel without the one that is asked for',
        { 'kube-ipvs.io/scheduler': 'mh' },
        [],
        'rr: as the configuration says, for what annotation kube-ipvs.io/scheduler asks is not followed',
      ],
    ];
    for (const [title, annotations, schedulers, told] of cases) {
      it(`says that it is due to ${title}`, () => {
        const { scheduling } = explained(state(service({ annotations })), {
          options: schedulers === undefined ? {} : { schedulers },
        });
        expect(`${scheduling.scheduler}: ${scheduling.why}`).to.equal(told);
      });
    }
  });

  it('tells what its health check port answers', () => {
    const asked = service({
      type: 'LoadBalancer',
      externalTrafficPolicy: 'Local',
      healthCheckNodePort: 31000,
    });
    const health = (pod: Readonly<Record<string, string>>, healthAnswered: number | null): unknown =>
      explained(state(asked, slice([endpoint('10.0.0.1', pod)])), { facts: { healthAnswered } }).health;
    expect(health(here, 200)).to.deep.equal({ port: 31000, localEndpoints: 1, status: 200, answered: 200 });
    expect(health({}, null)).to.deep.equal({ port: 31000, localEndpoints: 0, status: 503, answered: null });
  });
});
