import { expect } from 'chai';
import type { NodeFacts, ReservedAddress } from '../../../lib/model/node-facts.ts';
import type { PlannerOptions } from '../../../lib/model/planner-options.ts';
import { formatProblem } from '../../../lib/model/problem.ts';
import type { Service } from '../../../lib/model/service.ts';
import { refusedAddresses } from '../../../lib/planner/refused-addresses.ts';
import { planService } from '../../../lib/planner/service-plan.ts';
import { entriesOf, node, plannerOptions, service, servicePort, state } from '../fixtures.ts';

const gateway: ReservedAddress = { address: '192.0.2.1', port: 0, use: 'default gateway' };
const apiServer: ReservedAddress = { address: '192.0.2.10', port: 6443, use: 'API server' };
const apiServerHere: ReservedAddress = { ...apiServer, address: '100.101.102.103' };
const neighbour: ReservedAddress = { address: '100.101.102.104', port: 0, use: 'another node' };
const reserving: NodeFacts = { ...node, reservedAddresses: [gateway, apiServer, apiServerHere, neighbour] };
const pods: Partial<PlannerOptions> = { localTraffic: { by: 'source', cidrs: ['10.244.0.0/16'] } };

interface Case {
  readonly address: string;
  readonly service?: Partial<Service>;
  readonly options?: Partial<PlannerOptions>;
  /** A word of what was expected instead; without it the address is served. */
  readonly refused?: string;
  /** The word where a load balancer has the address, if another one. */
  readonly refusedInStatus?: string;
}

const cases: Record<string, Case> = {
  'serves an address that nobody else has': { address: '203.0.113.1' },
  'refuses the default gateway': { address: gateway.address, refused: 'default gateway' },
  'refuses the API server, on every port': {
    address: apiServer.address,
    refused: 'API server',
    refusedInStatus: 'belongs to no node',
  },
  'serves the node’s own address, on which the API server has another port': { address: node.addresses[0]! },
  'refuses the node’s own address with the port of the API server': {
    address: node.addresses[0]!,
    service: { ports: [servicePort(), servicePort({ name: 'api', port: 6443 })] },
    refused: 'API server',
  },
  'serves the node’s own address with that port over UDP': {
    address: node.addresses[0]!,
    service: { ports: [servicePort({ protocol: 'UDP', port: 6443 })] },
  },
  'leaves the address of another node to that node': {
    address: neighbour.address,
    refused: 'no other node',
    refusedInStatus: 'belongs to no node',
  },
  'refuses an address of the pods’ range': {
    address: '10.244.3.4',
    options: pods,
    refused: 'range of the pods',
  },
  'serves an address of the pods’ range that is allowed by name': {
    address: '10.244.3.4',
    options: { ...pods, externalAddressRanges: ['10.244.3.0/24'] },
  },
  'serves the node’s own address in the pods’ range': {
    address: node.addresses[0]!,
    options: { localTraffic: { by: 'source', cidrs: ['100.64.0.0/10'] } },
  },
  'refuses the service’s own cluster IP': { address: '172.16.55.4', refused: 'cluster IPs' },
  'refuses an address of the cluster IPs’ range, allowed or not': {
    address: '172.16.0.9',
    options: { serviceRanges: ['172.16.0.0/16'], externalAddressRanges: ['0.0.0.0/0'] },
    refused: 'cluster IPs',
  },
  'refuses what is not in an allowed range (CVE-2020-8554)': {
    address: '203.0.113.1',
    options: { externalAddressRanges: ['198.51.100.0/24', '2001:db8::/32'] },
    refused: '198.51.100.0/24, 2001:db8::/32',
  },
  'refuses everything where no range is allowed': {
    address: '203.0.113.1',
    options: { externalAddressRanges: [] },
    refused: '(none)',
  },
  'serves what is in an allowed range': {
    address: '203.0.113.1',
    options: { externalAddressRanges: ['203.0.113.0/24'] },
  },
};

describe('an external address', () => {
  for (const [name, { address, service: changes, options: given, refused, ...other }] of Object.entries(
    cases,
  )) {
    const ways: Record<string, Partial<Service>> = {
      'external IP': { externalIPs: [address] },
      'load balancer address': {
        type: 'LoadBalancer',
        loadBalancerIngress: [{ address, ipMode: 'VIP' }],
      },
    };
    for (const [way, outer] of Object.entries(ways)) {
      it(`${name} (${way})`, () => {
        const of = service({ ...outer, ...changes });
        const options = plannerOptions(given);
        const problems = refusedAddresses(of, reserving, options);
        const plan = planService(state(of), reserving, options);
        const outside = plan.virtualServers.filter(({ server }) => server.address === address);

        const word = way === 'external IP' ? refused : (other.refusedInStatus ?? refused);
        expect(problems.map(({ expected }) => expected).join()).to.contain(word ?? '');
        expect(problems).to.have.lengthOf(refused === undefined ? 0 : 1);
        if (!of.clusterIPs.includes(address)) {
          expect(outside).to.have.lengthOf(refused === undefined ? of.ports.length : 0);
          expect(plan.addresses.some((one) => one.address === address)).to.equal(
            refused === undefined && !node.addresses.includes(address),
          );
        }
        const sets = entriesOf(plan)
          .map(({ set }) => set)
          .join();
        expect(/EXTERNAL|BALANCER/.test(sets)).to.equal(refused === undefined);
      });
    }
  }

  it('that is refused is told with the service, the field, the reason and what to do', () => {
    const of = service({
      externalIPs: ['203.0.113.1', gateway.address],
      loadBalancerIngress: [
        { address: apiServer.address, ipMode: 'VIP' },
        { address: gateway.address, ipMode: 'Proxy' },
      ],
    });

    expect(refusedAddresses(of, reserving, plannerOptions()).map(formatProblem)).to.deep.equal([
      'Service ns1/svc1: spec.externalIPs[1]: expected an address that is not that of the default gateway, got 192.0.2.1; it is not served, for this node would lose what it needs there; take another address',
      'Service ns1/svc1: status.loadBalancer.ingress: expected an address that belongs to no node, got 192.0.2.10; it is left to the node that has it, as all such addresses are',
    ]);
  });

  it('is served as that of a load balancer alone where external IPs are not (AllowServiceExternalIPs)', () => {
    const [external, both] = ['203.0.113.1', '203.0.113.2'] as const;
    const of = service({
      type: 'LoadBalancer',
      externalIPs: [external, both],
      loadBalancerIngress: [{ address: both, ipMode: 'VIP' }],
    });
    const options = plannerOptions({ serviceExternalIPs: false });
    const plan = planService(state(of), node, options);

    expect(plan.addresses.map(({ address }) => address)).to.deep.equal([...of.clusterIPs, both]);
    expect(entriesOf(plan).filter(({ set }) => set.includes('EXTERNAL-IP'))).to.deep.equal([]);
    expect(refusedAddresses(of, node, options).map(formatProblem)).to.deep.equal(
      [external, both].map(
        (address, index) =>
          `Service ns1/svc1: spec.externalIPs[${index}]: expected no external IPs, which feature gate AllowServiceExternalIPs=false says, got ${address}; it is not served; take an address of a load balancer, or leave the gate out`,
      ),
    );
  });

  describe('in the status of a load balancer that is made of the nodes', () => {
    const own = node.addresses[0]!;
    const far = '192.0.2.77';
    const behindNat = '198.51.100.7';
    /** With a status that lists the addresses. */
    const listing = (addresses: readonly string[], changes: Partial<Service> = {}): Service =>
      service({
        type: 'LoadBalancer',
        loadBalancerIngress: addresses.map((address) => ({ address, ipMode: 'VIP' })),
        ...changes,
      });
    const known = { ...reserving, statusAddresses: [own, behindNat] };
    const servedOf = (of: Service, options = plannerOptions()): string[] => {
      const { virtualServers, addresses } = planService(state(of), known, options);
      const bound = addresses.map(({ address }) => `bound ${address}`);
      const outside = virtualServers.map(({ server }) => server.address);
      return [...outside, ...bound].filter((one) => !one.includes('172.16.55.4'));
    };
    const told = (of: Service, options = plannerOptions()): unknown[] =>
      refusedAddresses(of, known, options).map(({ got, severity, code }) => [got, severity, code]);

    it('is served where it is this node’s, and else left to the node that has it, which is no error', () => {
      const of = listing([apiServer.address, own, far]);
      expect(servedOf(of)).to.deep.equal([own]);
      expect(told(of)).to.deep.equal([
        [apiServer.address, 'warning', 'node-address'],
        [far, 'warning', 'node-address'],
      ]);
    });

    for (const [title, sign] of Object.entries({
      'an address of this node': own,
      'an address that the Node of this machine has': behindNat,
      'an address of an API server': apiServer.address,
      'an address of another node that is known': neighbour.address,
    })) {
      it(`is known by ${title} beside it`, () => {
        expect(servedOf(listing([sign, far]))).not.to.include(far);
        expect(told(listing([sign, far]))).to.deep.include([far, 'warning', 'node-address']);
      });
    }

    it('is not known by the default gateway, by mode Proxy or by the other family', () => {
      const proxied = { address: own, ipMode: 'Proxy' } as const;
      const vip = { address: far, ipMode: 'VIP' } as const;
      expect(servedOf(listing([gateway.address, far]))).to.include(`bound ${far}`);
      expect(servedOf(listing([], { loadBalancerIngress: [proxied, vip] }))).to.include(`bound ${far}`);
      expect(servedOf(listing(['2001:db8::1:1', far]))).to.include(`bound ${far}`);
    });

    it('is not served as an external IP either, while others are', () => {
      const of = listing([own, far], { externalIPs: [far, '203.0.113.1'] });
      expect(servedOf(of)).to.deep.equal(['203.0.113.1', own, 'bound 203.0.113.1']);
    });

    it('is not known by external IPs, which may be led to any node', () => {
      expect(servedOf(service({ externalIPs: [own, far] }))).to.include(`bound ${far}`);
    });

    it('is no error outside of the allowed ranges, which others are', () => {
      const options = plannerOptions({ externalAddressRanges: ['203.0.113.0/24'] });
      expect(servedOf(listing([own, far]), options)).to.be.empty;
      expect(told(listing([own]), options)).to.deep.equal([[own, 'warning', 'node-address']]);
      expect(told(listing(['198.51.100.99']), options)).to.deep.equal([
        ['198.51.100.99', 'error', undefined],
      ]);
    });

    it('is refused with the port of the API server that this node is, as an error', () => {
      const of = listing([own], { ports: [servicePort({ port: 6443 })] });
      expect(told(of)).to.deep.equal([[own, 'error', undefined]]);
    });
  });

  it('of another node is no error of whoever wrote it', () => {
    const of = service({ externalIPs: [neighbour.address] });

    expect(refusedAddresses(of, reserving, plannerOptions())[0]?.severity).to.equal('warning');
  });
});
