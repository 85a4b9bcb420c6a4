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
}

const cases: Record<string, Case> = {
  'serves an address that nobody else has': { address: '203.0.113.1' },
  'refuses the default gateway': { address: gateway.address, refused: 'default gateway' },
  'refuses the API server, on every port': { address: apiServer.address, refused: 'API server' },
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
  'leaves the address of another node to that node': { address: neighbour.address, refused: 'no other node' },
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
  for (const [name, { address, service: changes, options: given, refused }] of Object.entries(cases)) {
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

        expect(problems.map(({ expected }) => expected).join()).to.contain(refused ?? '');
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
      'Service ns1/svc1: status.loadBalancer.ingress: expected an address that is not that of the API server, got 192.0.2.10; it is not served, for this node would lose what it needs there; take another address',
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

  it('of another node is no error of whoever wrote it', () => {
    const of = service({ externalIPs: [neighbour.address] });

    expect(refusedAddresses(of, reserving, plannerOptions())[0]?.severity).to.equal('warning');
  });
});
