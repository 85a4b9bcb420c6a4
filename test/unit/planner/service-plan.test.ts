import { expect } from 'chai';
import { virtualServerFlags } from '../../../lib/model/virtual-server.ts';
import type { Service } from '../../../lib/model/service.ts';
import { planService } from '../../../lib/planner/service-plan.ts';
import {
  elementsOf,
  endpoint,
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

const options = plannerOptions();

describe('planService', () => {
  it('plans nothing but the virtual server, its real servers, its address and its entries', () => {
    const plan = planService(state(service(), slice([endpoint('10.180.0.1')])), node, options);

    const id = { key: 'TCP 172.16.55.4:80', protocol: 'TCP', address: '172.16.55.4', port: 80 } as const;
    const server = { ...id, scheduler: 'rr', flags: 0, timeout: 0, persistencePrefix: 32 };
    const realServer = {
      key: 'TCP 172.16.55.4:80 -> 10.180.0.1:80',
      virtualServer: server,
      address: '10.180.0.1',
      port: 80,
      weight: 1,
      forwarding: 'masquerade',
      upperThreshold: 0,
      lowerThreshold: 0,
    };
    expect(plan).to.deep.equal({
      service: 'ns1/svc1',
      created: 1_700_000_000_000,
      virtualServers: [{ server, realServers: [realServer], setEntries: undefined }],
      setEntries: [
        { key: 'KUBE-IPVS-IPS 172.16.55.4', set: 'KUBE-IPVS-IPS', element: '172.16.55.4' },
        {
          key: 'KUBE-CLUSTER-IP 172.16.55.4,tcp:80',
          set: 'KUBE-CLUSTER-IP',
          element: '172.16.55.4,tcp:80',
        },
      ],
      addresses: [{ key: '172.16.55.4', address: '172.16.55.4' }],
      missingLocal: undefined,
      health: undefined,
      drainTimeout: undefined,
      slowStart: undefined,
    });
  });

  describe('cluster IPs (TestIPv4Proxier, TestIPv6Proxier)', () => {
    const slices = [
      slice([endpoint('10.180.0.1')], { name: 'v4' }),
      slice([endpoint('1009:ab8:2040::10')], { name: 'v6' }),
    ];

    it('forwards each family to its own endpoints alone', () => {
      const plan = planService(
        state(service({ clusterIPs: ['172.16.55.4', '1002:ab8:2020::10'] }), ...slices),
        node,
        options,
      );

      expect(forwardingOf(plan)).to.deep.equal({
        'TCP 172.16.55.4:80': ['10.180.0.1 80'],
        'TCP [1002:ab8:2020::10]:80': ['1009:ab8:2040::10 80'],
      });
      expect(plan.virtualServers.map(({ server }) => server.persistencePrefix)).to.deep.equal([32, 128]);
      expect(elementsOf(plan, 'KUBE-6-CLUSTER-IP')).to.deep.equal(['1002:ab8:2020::10,tcp:80']);
      expect(elementsOf(plan, 'KUBE-6-IPVS-IPS')).to.deep.equal(['1002:ab8:2020::10']);
      expect(plan.addresses.map(({ address }) => address)).to.deep.equal([
        '172.16.55.4',
        '1002:ab8:2020::10',
      ]);
    });

    it('leaves out the family in which the service has no cluster IP, node ports included', () => {
      const plan = planService(
        state(service({ type: 'NodePort', ports: [servicePort({ nodePort: 3001 })] }), ...slices),
        node,
        options,
      );

      expect(Object.keys(forwardingOf(plan))).to.deep.equal([
        'TCP 172.16.55.4:80',
        'TCP 100.101.102.103:3001',
      ]);
      expect(setsOf(plan)).to.deep.equal([
        'KUBE-CLUSTER-IP',
        'KUBE-IPVS-IPS',
        'KUBE-NODE-PORT-IPS',
        'KUBE-NODE-PORT-TCP',
      ]);
    });

    it('leaves out a family that the host does not have', () => {
      const dual = service({ clusterIPs: ['1002:ab8:2020::10', '172.16.55.4'] });
      const plan = planService(state(dual, ...slices), node, plannerOptions({ families: ['IPv4'] }));

      expect(Object.keys(forwardingOf(plan))).to.deep.equal(['TCP 172.16.55.4:80']);
      expect(plan.addresses).to.have.lengthOf(1);
    });

    it('plans a cluster IP service with no endpoints without real servers, its address bound', () => {
      const plan = planService(state(service()), node, options);

      expect(forwardingOf(plan)).to.deep.equal({ 'TCP 172.16.55.4:80': [] });
      expect(elementsOf(plan, 'KUBE-CLUSTER-IP')).to.deep.equal(['172.16.55.4,tcp:80']);
      expect(plan.addresses).to.have.lengthOf(1);
    });

    it('binds the address of a service with several ports once (TestMultiPortServiceBindAddr)', () => {
      const ports = [servicePort(), servicePort({ name: 'p8080', port: 8080 })];
      const plan = planService(state(service({ ports })), node, options);

      expect(plan.addresses.map(({ address }) => address)).to.deep.equal(['172.16.55.4']);
      expect(elementsOf(plan, 'KUBE-IPVS-IPS')).to.deep.equal(['172.16.55.4']);
      expect(elementsOf(plan, 'KUBE-CLUSTER-IP')).to.deep.equal([
        '172.16.55.4,tcp:80',
        '172.16.55.4,tcp:8080',
      ]);
    });

    it('serves one port number over several protocols', () => {
      const ports = (['TCP', 'UDP', 'SCTP'] as const).map((protocol) =>
        servicePort({ name: protocol, protocol, port: 53 }),
      );
      const targets = ports.map(({ name, protocol }) => slicePort({ name, protocol, port: 5353 }));
      const plan = planService(
        state(
          service({ ports }),
          slice([endpoint('10.180.0.1', { nodeName: node.name })], { ports: targets }),
        ),
        node,
        options,
      );

      expect(forwardingOf(plan)).to.deep.equal({
        'TCP 172.16.55.4:53': ['10.180.0.1 5353'],
        'UDP 172.16.55.4:53': ['10.180.0.1 5353'],
        'SCTP 172.16.55.4:53': ['10.180.0.1 5353'],
      });
      expect(elementsOf(plan, 'KUBE-LOOP-BACK')).to.deep.equal([
        '10.180.0.1,tcp:5353,10.180.0.1',
        '10.180.0.1,udp:5353,10.180.0.1',
        '10.180.0.1,sctp:5353,10.180.0.1',
      ]);
    });

    it('keeps the first of two ports with one number and protocol', () => {
      const ports = [servicePort(), servicePort({ name: 'other' })];
      const targets = [slicePort(), slicePort({ name: 'other', port: 8081 })];
      const plan = planService(
        state(service({ ports }), slice([endpoint('10.180.0.1')], { ports: targets })),
        node,
        options,
      );

      expect(plan.virtualServers).to.have.lengthOf(1);
      expect(forwardingOf(plan)).to.deep.equal({ 'TCP 172.16.55.4:80': ['10.180.0.1 80'] });
    });

    it('does not refuse the first of two such ports where the second has no endpoints', () => {
      const ports = [servicePort(), servicePort({ name: 'other' })];
      const plan = planService(state(service({ ports }), slice([endpoint('10.180.0.1')])), node, options);

      expect(setsOf(plan)).to.deep.equal(['KUBE-CLUSTER-IP', 'KUBE-IPVS-IPS']);
    });
  });

  describe('the order of real servers', () => {
    const pods = Array.from({ length: 20 }, (_, index) => `10.180.0.${index + 1}`);
    const everywhere = service({
      type: 'LoadBalancer',
      externalIPs: ['203.0.113.1'],
      loadBalancerIngress: [{ address: '203.0.113.2', ipMode: 'VIP' }],
      ports: [servicePort({ nodePort: 3001 })],
    });
    const orderOn = (name: string, changes: Partial<Service>, scheduler: string): string[][] => {
      const endpoints = pods.map((pod) => endpoint(pod, { nodeName: name }));
      const of = state({ ...everywhere, ...changes }, slice(endpoints));
      const plan = planService(of, { ...node, name }, plannerOptions({ scheduler }));
      return plan.virtualServers.map(({ realServers }) => realServers.map(({ address }) => address));
    };
    const nodes = Array.from({ length: 20 }, (_, index) => `worker-${index}`);
    const policies = (['Cluster', 'Local'] as const).flatMap((internalTrafficPolicy) =>
      (['Cluster', 'Local'] as const).map((externalTrafficPolicy) => ({
        internalTrafficPolicy,
        externalTrafficPolicy,
      })),
    );
    for (const changes of policies) {
      const { internalTrafficPolicy: internal, externalTrafficPolicy: external } = changes;
      it(`begins elsewhere on each node, on every address, with policies ${internal} and ${external} (#121591)`, () => {
        const orders = nodes.map((name) => orderOn(name, changes, 'rr'));

        for (const way of [0, 1, 2, 3]) {
          const firsts = new Set(orders.map((order) => order[way]?.[0]));
          expect(firsts.size, `virtual server ${way}`).to.be.greaterThan(8);
        }
        expect([...orders[0]![0]!].sort()).to.deep.equal([...pods].sort());
      });
    }

    it('is that of every node where the scheduler makes a table of it', () => {
      const orders = nodes.map((name) => orderOn(name, {}, 'mh'));

      expect(new Set(orders.map((order) => order.join()))).to.have.lengthOf(1);
    });
  });

  describe('hairpin', () => {
    it('lists endpoints of this node only', () => {
      const endpoints = [endpoint('10.180.0.1', { nodeName: node.name }), endpoint('10.180.0.2')];
      const plan = planService(state(service(), slice(endpoints)), node, options);

      expect(elementsOf(plan, 'KUBE-LOOP-BACK')).to.deep.equal(['10.180.0.1,tcp:80,10.180.0.1']);
    });

    it('lists an endpoint that serves two ports with one number once', () => {
      const ports = [servicePort(), servicePort({ name: 'p8080', port: 8080 })];
      const targets = [slicePort({ port: 9000 }), slicePort({ name: 'p8080', port: 9000 })];
      const pods = slice([endpoint('fd00::2', { nodeName: node.name })], { ports: targets });
      const plan = planService(state(service({ ports, clusterIPs: ['fd00::a'] }), pods), node, options);

      expect(plan.virtualServers).to.have.lengthOf(2);
      expect(elementsOf(plan, 'KUBE-6-LOOP-BACK')).to.deep.equal(['fd00::2,tcp:9000,fd00::2']);
    });

    it('does not list an endpoint that is not ready', () => {
      const endpoints = [endpoint('10.180.0.1', { nodeName: node.name, ready: false })];
      const plan = planService(state(service(), slice(endpoints)), node, options);

      expect(elementsOf(plan, 'KUBE-LOOP-BACK')).to.deep.equal([]);
    });
  });

  describe('session affinity (TestSessionAffinity)', () => {
    it('makes every virtual server of the service persistent for the time asked for', () => {
      const ports = [servicePort({ nodePort: 3001 })];
      const sticky = service({ type: 'NodePort', ports, affinityTimeout: 10_800 });
      const plan = planService(state(sticky), node, options);

      expect(
        plan.virtualServers.map(({ server: { key, flags, timeout } }) => ({ key, flags, timeout })),
      ).to.deep.equal([
        { key: 'TCP 172.16.55.4:80', flags: virtualServerFlags.persistent, timeout: 10_800 },
        { key: 'TCP 100.101.102.103:3001', flags: virtualServerFlags.persistent, timeout: 10_800 },
      ]);
    });

    it('is joined with the flags of mh', () => {
      const flagsOf = (affinityTimeout: number): number | undefined =>
        planService(state(service({ affinityTimeout })), node, plannerOptions({ scheduler: 'mh' }))
          .virtualServers[0]?.server.flags;

      expect([flagsOf(0), flagsOf(60)]).to.deep.equal([0x18, 0x19]);
    });
  });
});
