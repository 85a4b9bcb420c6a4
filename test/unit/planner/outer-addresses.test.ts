import { expect } from 'chai';
import type { NodeFacts } from '../../../lib/model/node-facts.ts';
import type { ServicePlan } from '../../../lib/model/plan.ts';
import type { PlannerOptions } from '../../../lib/model/planner-options.ts';
import type { Service } from '../../../lib/model/service.ts';
import { planService } from '../../../lib/planner/service-plan.ts';
import {
  elementsOf,
  endpoint,
  entriesOf,
  forwardingOf,
  node,
  plannerOptions,
  service,
  servicePort,
  setsOf,
  slice,
  slicePort,
  state,
} from '../fixtures.ts';

/** Kube-proxy's tests have IPv4 alone; here everything holds for both families. */
const worlds = [
  {
    family: 'IPv4',
    clusterIp: '172.30.0.41',
    outer: '50.60.70.81',
    second: '50.60.70.82',
    nodeIp: '100.101.102.103',
    here: '10.180.2.1',
    there: '10.180.0.1',
    podRange: '10.180.0.0/16',
    ranges: { node: '100.101.102.0/24', other: '203.0.113.0/25', one: '203.0.113.200/32', all: '0.0.0.0/0' },
    halves: ['0.0.0.0/1', '128.0.0.0/1'],
    sets: {
      prefix: 'KUBE-',
      sourceCidr: 'KUBE-LOAD-BALANCER-SOURCE-CIDR',
      localSctp: 'KUBE-NODE-PORT-LOCAL-SCTP-HASH',
    },
    at: (address: string, port: number) => `${address}:${port}`,
  },
  {
    family: 'IPv6',
    clusterIp: 'fd00:30::41',
    outer: '2001:db8:50::81',
    second: '2001:db8:50::82',
    nodeIp: '2001:db8::1',
    here: 'fd00:180:2::1',
    there: 'fd00:180::1',
    podRange: 'fd00:180::/32',
    ranges: { node: '2001:db8::/64', other: '2001:db8:113::/48', one: '2001:db8:113::200/128', all: '::/0' },
    halves: ['::/1', '8000::/1'],
    sets: {
      prefix: 'KUBE-6-',
      sourceCidr: 'KUBE-6-LOAD-BALANCER-SOURCE-CID',
      localSctp: 'KUBE-6-NODE-PORT-LOCAL-SCTP-HAS',
    },
    at: (address: string, port: number) => `[${address}]:${port}`,
  },
] as const;

for (const {
  family,
  clusterIp,
  outer,
  second,
  nodeIp,
  here,
  there,
  podRange,
  ranges,
  halves,
  sets,
  at,
} of worlds) {
  const name = (set: string): string => `${sets.prefix}${set}`;
  const onNode = endpoint(here, { nodeName: node.name });
  const elsewhere = endpoint(there);
  const told: Partial<PlannerOptions> = { localTraffic: { by: 'source', cidrs: [podRange] } };

  const plan = (
    changes: Partial<Service>,
    endpoints = [elsewhere, onNode],
    options: Partial<PlannerOptions> = {},
    facts: NodeFacts = node,
  ): ServicePlan => {
    const of = service({ clusterIPs: [clusterIp], ...changes });
    const protocols = slicePort({ protocol: of.ports[0]!.protocol });
    const slices = endpoints.length === 0 ? [] : [slice(endpoints, { ports: [protocols] })];
    return planService(state(of, ...slices), facts, plannerOptions(options));
  };
  const ingress = (...addresses: string[]): Partial<Service> => ({
    type: 'LoadBalancer',
    loadBalancerIngress: addresses.map((address) => ({ address, ipMode: 'VIP' })),
  });
  const external = { externalTrafficPolicy: 'Local' } as const;
  const element = `${outer},tcp:80`;

  describe(`external IPs over ${family}`, () => {
    it('TestExternalIPsNoEndpoint', () => {
      const planned = plan({ externalIPs: [outer] }, []);

      expect(forwardingOf(planned)).to.deep.equal({
        [`TCP ${at(clusterIp, 80)}`]: [],
        [`TCP ${at(outer, 80)}`]: [],
      });
      expect(elementsOf(planned, name('NO-ENDPOINTS'))).to.deep.equal([`${clusterIp},tcp:80`, element]);
    });

    it('TestExternalIPs', () => {
      const planned = plan({ externalIPs: [outer, second] });

      expect(Object.keys(forwardingOf(planned))).to.have.members(
        [clusterIp, outer, second].map((address) => `TCP ${at(address, 80)}`),
      );
      expect(elementsOf(planned, name('EXTERNAL-IP'))).to.deep.equal([element, `${second},tcp:80`]);
      expect(planned.addresses.map(({ address }) => address)).to.deep.equal([clusterIp, outer, second]);
      expect(elementsOf(planned, name('IPVS-IPS'))).to.deep.equal([clusterIp, outer, second]);
      expect(setsOf(planned)).not.to.include(name('EXTERNAL-IP-LOCAL'));
    });

    it('TestOnlyLocalExternalIPs', () => {
      const planned = plan({ externalIPs: [outer], ...external });

      expect(forwardingOf(planned)).to.deep.equal({
        [`TCP ${at(clusterIp, 80)}`]: [`${here} 80`, `${there} 80`].sort(),
        [`TCP ${at(outer, 80)}`]: [`${here} 80`],
      });
      expect(elementsOf(planned, name('EXTERNAL-IP-LOCAL'))).to.deep.equal([element]);
      expect(setsOf(planned)).not.to.include(name('EXTERNAL-IP'));
    });

    it('are not bound where another interface of the node has them (#114815)', () => {
      const ofNode = plan({ externalIPs: [nodeIp] });
      const ofOther = plan({ externalIPs: [outer] }, [], {}, { ...node, localAddresses: [outer] });

      for (const planned of [ofNode, ofOther]) {
        expect(planned.addresses.map(({ address }) => address)).to.deep.equal([clusterIp]);
        expect(elementsOf(planned, name('IPVS-IPS'))).to.deep.equal([clusterIp]);
      }
      expect(forwardingOf(ofNode)).to.have.property(`TCP ${at(nodeIp, 80)}`);
      expect(forwardingOf(ofOther)).to.have.property(`TCP ${at(outer, 80)}`);
    });

    it('belong to their family', () => {
      const other = family === 'IPv4' ? '2001:db8:50::81' : '50.60.70.81';

      expect(Object.keys(forwardingOf(plan({ externalIPs: [other] })))).to.deep.equal([
        `TCP ${at(clusterIp, 80)}`,
      ]);
    });
  });

  describe(`load balancers over ${family}`, () => {
    it('TestLoadBalancer', () => {
      const ports = [servicePort({ nodePort: 3001 })];
      const planned = plan({ ...ingress(outer), ports });

      expect(Object.keys(forwardingOf(planned))).to.have.members([
        `TCP ${at(clusterIp, 80)}`,
        `TCP ${at(outer, 80)}`,
        `TCP ${at(nodeIp, 3001)}`,
      ]);
      expect(elementsOf(planned, name('LOAD-BALANCER'))).to.deep.equal([element]);
      expect(setsOf(planned)).not.to.include.members([name('LOAD-BALANCER-LOCAL'), name('LOAD-BALANCER-FW')]);
      expect(planned.addresses.map(({ address }) => address)).to.deep.equal([clusterIp, outer]);
    });

    it('TestOnlyLocalLoadBalancing', () => {
      const planned = plan({ ...ingress(outer), ...external, ports: [servicePort({ nodePort: 3001 })] });

      expect(forwardingOf(planned)).to.include.keys([`TCP ${at(outer, 80)}`, `TCP ${at(nodeIp, 3001)}`]);
      expect(forwardingOf(planned)[`TCP ${at(outer, 80)}`]).to.deep.equal([`${here} 80`]);
      expect(elementsOf(planned, name('LOAD-BALANCER'))).to.deep.equal([element]);
      expect(elementsOf(planned, name('LOAD-BALANCER-LOCAL'))).to.deep.equal([element]);
      expect(elementsOf(planned, name('NODE-PORT-LOCAL-TCP'))).to.deep.equal(['3001']);
    });

    it('serve without node ports (allocateLoadBalancerNodePorts: false)', () => {
      expect(Object.keys(forwardingOf(plan(ingress(outer))))).to.deep.equal([
        `TCP ${at(clusterIp, 80)}`,
        `TCP ${at(outer, 80)}`,
      ]);
    });

    it('serve one port number over several protocols', () => {
      const ports = (['TCP', 'UDP', 'SCTP'] as const).map((protocol) =>
        servicePort({ name: protocol, protocol }),
      );

      expect(elementsOf(plan({ ...ingress(outer), ports }), name('LOAD-BALANCER'))).to.deep.equal(
        ['tcp', 'udp', 'sctp'].map((protocol) => `${outer},${protocol}:80`),
      );
    });

    it('take an address that is an external IP too', () => {
      const planned = plan({ ...ingress(outer), externalIPs: [outer] });

      expect(planned.virtualServers).to.have.lengthOf(2);
      expect(setsOf(planned)).to.include.members([name('EXTERNAL-IP'), name('LOAD-BALANCER')]);
    });

    const modes: [title: string, modes: ('VIP' | 'Proxy')[], served: boolean[]][] = [
      ['ipMode VIP', ['VIP'], [true]],
      ['ipMode Proxy', ['Proxy'], [false]],
      ['several addresses, both VIP', ['VIP', 'VIP'], [true, true]],
      ['several addresses, both Proxy', ['Proxy', 'Proxy'], [false, false]],
      ['several addresses, VIP and Proxy', ['VIP', 'Proxy'], [true, false]],
      ['several addresses, Proxy and VIP', ['Proxy', 'VIP'], [false, true]],
    ];
    for (const [title, given, served] of modes) {
      it(`TestLoadBalancerIngressRouteTypeProxy: ${title}`, () => {
        const points = given.map((ipMode, index) => ({ address: [outer, second][index]!, ipMode }));
        const planned = plan({ type: 'LoadBalancer', loadBalancerIngress: points });

        points.forEach(({ address }, index) => {
          const bound = planned.addresses.some((one) => one.address === address);
          expect([bound, `TCP ${at(address, 80)}` in forwardingOf(planned)]).to.deep.equal([
            served[index],
            served[index],
          ]);
        });
      });
    }
  });

  describe(`source ranges over ${family} (TestLoadBalancerSourceRanges)`, () => {
    const planned = (...given: string[]): ServicePlan =>
      plan({ ...ingress(outer), externalIPs: [second], loadBalancerSourceRanges: given });

    it('are listed with the address that they restrict', () => {
      const one = planned(ranges.other, ranges.one);

      expect(elementsOf(one, name('LOAD-BALANCER-FW'))).to.deep.equal([element]);
      expect(elementsOf(one, sets.sourceCidr)).to.deep.equal([
        `${element},${ranges.other}`,
        `${element},${ranges.one.split('/')[0]!}`,
      ]);
      expect(setsOf(one)).not.to.include(name('LOAD-BALANCER-SOURCE-IP'));
    });

    it('admit the node where its address is in one', () => {
      expect(elementsOf(planned(ranges.other, ranges.node), name('LOAD-BALANCER-SOURCE-IP'))).to.deep.equal([
        `${element},${outer}`,
      ]);
    });

    it('are planned as two halves where they are everything, which is no element of such a set', () => {
      const all = planned(ranges.all);

      expect(elementsOf(all, sets.sourceCidr)).to.deep.equal(halves.map((half) => `${element},${half}`));
      expect(elementsOf(all, name('LOAD-BALANCER-SOURCE-IP'))).to.deep.equal([`${element},${outer}`]);
    });

    it('do not restrict the other family', () => {
      const other = family === 'IPv4' ? '2001:db8::/64' : '100.101.102.0/24';

      expect(setsOf(planned(other))).not.to.include(name('LOAD-BALANCER-FW'));
    });

    it('are there before the address is restricted', () => {
      const order = entriesOf(planned(ranges.other)).map(({ set }) => set);

      expect(order.indexOf(sets.sourceCidr)).to.be.lessThan(order.indexOf(name('LOAD-BALANCER-FW')));
    });
  });

  describe(`node ports of policy Local over ${family} (TestOnlyLocalNodePorts)`, () => {
    const protocols = [
      ['TCP', name('NODE-PORT-TCP'), name('NODE-PORT-LOCAL-TCP'), '3001'],
      ['UDP', name('NODE-PORT-UDP'), name('NODE-PORT-LOCAL-UDP'), '3001'],
      ['SCTP', name('NODE-PORT-SCTP-HASH'), sets.localSctp, `${nodeIp},sctp:3001`],
    ] as const;
    for (const [protocol, set, localSet, entry] of protocols) {
      const of = {
        type: 'NodePort',
        ports: [servicePort({ protocol, nodePort: 3001 })],
        ...external,
      } as const;

      it(`send ${protocol} to endpoints of this node alone and keep its source`, () => {
        const planned = plan(of);

        expect(forwardingOf(planned)[`${protocol} ${at(nodeIp, 3001)}`]).to.deep.equal([`${here} 80`]);
        expect(elementsOf(planned, set)).to.deep.equal([entry]);
        expect(elementsOf(planned, localSet)).to.deep.equal([entry]);
        expect(setsOf(planned)).not.to.include(name('NO-LOCAL-ENDPOINTS'));
      });

      it(`refuse ${protocol} from outside where there is none, and masquerade that of the cluster`, () => {
        const planned = plan(of, [elsewhere], told);

        expect(forwardingOf(planned)[`${protocol} ${at(nodeIp, 3001)}`]).to.deep.equal([`${there} 80`]);
        expect(elementsOf(planned, set)).to.deep.equal([entry]);
        expect(elementsOf(planned, localSet)).to.deep.equal([]);
        expect(elementsOf(planned, name('NO-LOCAL-ENDPOINTS'))).to.deep.equal([
          `${nodeIp},${protocol.toLowerCase()}:3001`,
        ]);
      });
    }
  });

  describe(`policy Local without an endpoint of this node over ${family}`, () => {
    const of = { ...ingress(outer), externalIPs: [second], ...external };

    it('refuses outside clients on every address, and serves the cluster by other nodes', () => {
      const planned = plan(of, [elsewhere], told);

      expect(forwardingOf(planned)[`TCP ${at(outer, 80)}`]).to.deep.equal([`${there} 80`]);
      expect(elementsOf(planned, name('NO-LOCAL-ENDPOINTS'))).to.have.members([element, `${second},tcp:80`]);
      expect(elementsOf(planned, name('LOAD-BALANCER-LOCAL'))).to.deep.equal([]);
      expect(elementsOf(planned, name('EXTERNAL-IP'))).to.deep.equal([`${second},tcp:80`]);
    });

    it('does as kube-proxy does where clients of the cluster cannot be told', () => {
      const planned = plan(of, [elsewhere]);

      expect(forwardingOf(planned)[`TCP ${at(outer, 80)}`]).to.deep.equal([`${there} 80`]);
      expect(elementsOf(planned, name('LOAD-BALANCER-LOCAL'))).to.deep.equal([element]);
      expect(elementsOf(planned, name('EXTERNAL-IP-LOCAL'))).to.deep.equal([`${second},tcp:80`]);
      expect(setsOf(planned)).not.to.include(name('NO-LOCAL-ENDPOINTS'));
    });

    it('refuses everyone where there is no endpoint anywhere', () => {
      const planned = plan(of, [], told);

      expect(setsOf(planned)).not.to.include(name('NO-LOCAL-ENDPOINTS'));
      expect(elementsOf(planned, name('NO-ENDPOINTS'))).to.include(element);
    });
  });

  describe(`session affinity over ${family}`, () => {
    it('is that of every address, node ports included', () => {
      const ports = [servicePort({ nodePort: 3001 })];
      const planned = plan({ ...ingress(outer), externalIPs: [second], ports, affinityTimeout: 60 });

      expect(planned.virtualServers).to.have.lengthOf(4);
      expect(
        planned.virtualServers.every(({ server }) => server.flags === 1 && server.timeout === 60),
      ).to.equal(true);
    });
  });

  describe(`hairpin over ${family}`, () => {
    it('lists the endpoints of this node that any policy sends to', () => {
      const leaving = endpoint(here, { nodeName: node.name, ready: false, terminating: true });
      const planned = plan({ ...ingress(outer), ...external }, [leaving, elsewhere]);

      expect(elementsOf(planned, name('LOOP-BACK'))).to.deep.equal([`${here},tcp:80,${here}`]);
    });

    it('lists nothing where internalTrafficPolicy Local finds no endpoint (TestTestInternalTrafficPolicyE2E)', () => {
      const planned = plan({ internalTrafficPolicy: 'Local' }, [elsewhere]);

      expect(forwardingOf(planned)).to.deep.equal({ [`TCP ${at(clusterIp, 80)}`]: [] });
      expect(setsOf(planned)).not.to.include(name('LOOP-BACK'));
    });
  });
}
