import { expect } from 'chai';
import type { NodeFacts } from '../../../lib/model/node-facts.ts';
import type { ServicePlan } from '../../../lib/model/plan.ts';
import type { ServicePort } from '../../../lib/model/service.ts';
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

/** Kube-proxy's TestNodePortIPv4 and TestNodePortIPv6 differ in the addresses alone. */
const families = [
  {
    family: 'IPv4',
    clusterIp: '10.20.30.41',
    pods: ['10.180.0.1', '10.180.1.1'],
    nodes: ['100.101.102.103', '2001:db8::1:1'],
    manyNodes: ['100.101.102.103', '100.101.102.104', '100.101.102.105', '2001:db8::1:1'],
    prefix: 'KUBE-',
    at: (address: string, port: number) => `${address}:${port}`,
  },
  {
    family: 'IPv6',
    clusterIp: '2020::1',
    pods: ['1002:ab8::10', '1002:ab8::11'],
    nodes: ['100.101.102.103', '2001:db8::1:1'],
    manyNodes: ['2001:db8::1:1', '2001:db8::1:2', '2001:db8::1:3', '100.101.102.103'],
    prefix: 'KUBE-6-',
    at: (address: string, port: number) => `[${address}]:${port}`,
  },
] as const;

for (const { family, clusterIp, pods, nodes, manyNodes, prefix, at } of families) {
  const own = family === 'IPv4' ? '100.101.102.103' : '2001:db8::1:1';

  const plan = (port: Partial<ServicePort>, addresses: readonly string[], withPods = true): ServicePlan => {
    const ports = [servicePort({ nodePort: 3001, ...port })];
    const slices = withPods
      ? [
          slice(
            pods.map((pod) => endpoint(pod)),
            { ports: [slicePort({ protocol: ports[0]!.protocol })] },
          ),
        ]
      : [];
    const facts: NodeFacts = { ...node, addresses };
    const of = service({ type: 'NodePort', clusterIPs: [clusterIp], ports });
    return planService(state(of, ...slices), facts, plannerOptions());
  };

  describe(`node ports over ${family} (TestNodePort${family})`, () => {
    it('1 service with node port, has 2 endpoints', () => {
      const planned = plan({}, nodes);
      const behind = pods.map((pod) => `${pod} 80`);

      expect(forwardingOf(planned)).to.deep.equal({
        [`TCP ${at(clusterIp, 80)}`]: behind,
        [`TCP ${at(own, 3001)}`]: behind,
      });
      expect(elementsOf(planned, `${prefix}NODE-PORT-TCP`)).to.deep.equal(['3001']);
      expect(setsOf(planned)).to.deep.equal(
        ['CLUSTER-IP', 'IPVS-IPS', 'NODE-PORT-IPS', 'NODE-PORT-TCP'].map((set) => `${prefix}${set}`),
      );
    });

    it('does not bind the node’s own address', () => {
      expect(plan({}, nodes).addresses.map(({ address }) => address)).to.deep.equal([clusterIp]);
    });

    it('1 UDP service with node port, has endpoints', () => {
      const planned = plan({ protocol: 'UDP' }, nodes);

      expect(forwardingOf(planned))
        .to.have.property(`UDP ${at(own, 3001)}`)
        .with.lengthOf(2);
      expect(elementsOf(planned, `${prefix}NODE-PORT-UDP`)).to.deep.equal(['3001']);
      expect(elementsOf(planned, `${prefix}NODE-PORT-TCP`)).to.deep.equal([]);
    });

    it('service has node port but no endpoints', () => {
      const planned = plan({}, nodes, false);

      expect(forwardingOf(planned)).to.deep.equal({
        [`TCP ${at(clusterIp, 80)}`]: [],
        [`TCP ${at(own, 3001)}`]: [],
      });
      expect(elementsOf(planned, `${prefix}NODE-PORT-TCP`)).to.deep.equal(['3001']);
    });

    it('node port service with protocol sctp on a node with multiple nodeIPs', () => {
      const planned = plan({ protocol: 'SCTP' }, manyNodes);
      const three = manyNodes.slice(0, 3);

      expect(Object.keys(forwardingOf(planned))).to.deep.equal([
        `SCTP ${at(clusterIp, 80)}`,
        ...three.map((address) => `SCTP ${at(address, 3001)}`),
      ]);
      expect(elementsOf(planned, `${prefix}NODE-PORT-SCTP-HASH`)).to.deep.equal(
        three.map((address) => `${address},sctp:3001`),
      );
    });

    it('lists a TCP node port once however many addresses the node has', () => {
      expect(elementsOf(plan({}, manyNodes), `${prefix}NODE-PORT-TCP`)).to.deep.equal(['3001']);
    });

    it('plans no node port, and no entry for it, on a node without an address of the family', () => {
      const others = nodes.filter((address) => address !== own);
      const planned = plan({}, others);

      expect(Object.keys(forwardingOf(planned))).to.deep.equal([`TCP ${at(clusterIp, 80)}`]);
      expect(setsOf(planned)).to.deep.equal([`${prefix}CLUSTER-IP`, `${prefix}IPVS-IPS`]);
    });

    it('lets health checks of a service in on such a node too', () => {
      const of = service({
        type: 'LoadBalancer',
        clusterIPs: [clusterIp],
        ports: [servicePort({ nodePort: 3001 })],
        externalTrafficPolicy: 'Local',
        healthCheckNodePort: 3002,
      });
      const planned = planService(state(of), { ...node, addresses: [] }, plannerOptions());

      expect(elementsOf(planned, `${prefix}HEALTH-CHECK-NODE-PORT`)).to.deep.equal(['3002']);
    });

    it('plans no node port where none is allocated', () => {
      expect(Object.keys(forwardingOf(plan({ nodePort: 0 }, nodes)))).to.deep.equal([
        `TCP ${at(clusterIp, 80)}`,
      ]);
    });
  });
}
