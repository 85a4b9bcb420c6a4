import { expect } from 'chai';
import { ipFamilies, type IpFamily } from '../../../lib/model/family.ts';
import type { NodeFacts } from '../../../lib/model/node-facts.ts';
import type { LocalTraffic, PlannerOptions } from '../../../lib/model/planner-options.ts';
import type { Service } from '../../../lib/model/service.ts';
import type { ServiceState } from '../../../lib/model/service-state.ts';
import type { Origin, Packet } from '../../../lib/trace/packet.ts';
import { trace } from '../../../lib/trace/trace.ts';
import type { TracedTables } from '../../../lib/trace/traced-tables.ts';
import type { Trace } from '../../../lib/trace/verdict.ts';
import { toIpv6 } from '../arbitraries.ts';
import { endpoint, plannerOptions, service, servicePort, slice, slicePort, state } from '../fixtures.ts';
import { inWords, tablesOf } from './support.ts';

/** Every address that the cases speak of, in IPv4; in IPv6 each is another one that stands for it. */
const own = '192.168.0.1';
const clusterIp = '10.96.0.10';
const external = '203.0.113.1';
const balancer = '203.0.113.2';
const restricted = '203.0.113.3';
const here = '10.1.5.1';
const there = '10.1.6.2';
const neighbour = '10.1.5.9';
const guest = '192.168.7.7';
const stranger = '198.51.100.9';

/** The same for one family. */
interface Place {
  readonly at: (ipv4: string) => string;
  readonly family: IpFamily;
}

function inFamily(family: IpFamily): Place {
  return { family, at: family === 'IPv4' ? (address) => address : toIpv6 };
}

/** What a world differs in. */
interface Changes {
  readonly service?: Partial<Service>;
  /** Where endpoints are; by default one here and one on another node. */
  readonly endpoints?: readonly string[];
  readonly options?: Partial<PlannerOptions>;
}

function worldOf({ at }: Place, changes: Changes): { tables: TracedTables; node: NodeFacts } {
  const node: NodeFacts = { name: 'this-node', addresses: [at(own)], zone: '' };
  const { endpoints = [here, there] } = changes;
  const web = service({
    clusterIPs: [at(clusterIp)],
    externalIPs: [at(external)],
    loadBalancerIngress: [{ address: at(balancer), ipMode: 'VIP' }],
    ports: [servicePort({ nodePort: 30_080 })],
    ...changes.service,
  });
  const slices = endpoints.map((address, index) =>
    slice([endpoint(at(address), { nodeName: isHere(address) ? 'this-node' : 'other-node' })], {
      name: `svc1-${index}`,
      ports: [slicePort({ port: 8080 })],
    }),
  );
  return { node, tables: tablesOf(plannerOptions(changes.options ?? {}), node, state(web, ...slices)) };
}

function isHere(address: string): boolean {
  return address === here || address === own;
}

/** Where packets of the cases come from. */
type Sender = 'node' | 'pod' | 'endpoint' | 'guest' | 'stranger';

function originOf(sender: Sender, { at }: Place): Origin {
  switch (sender) {
    case 'node':
      return { by: 'node' };
    case 'pod':
      return { by: 'interface', interface: 'cali1', source: at(neighbour) };
    case 'endpoint':
      return { by: 'interface', interface: 'cali2', source: at(here) };
    case 'guest':
      return { by: 'interface', interface: 'eth0', source: at(guest) };
    case 'stranger':
      return { by: 'interface', interface: 'eth0', source: at(stranger) };
  }
}

function traced(place: Place, changes: Changes, sender: Sender, to: string, port = 80): Trace {
  const { tables, node } = worldOf(place, changes);
  const packet: Packet = {
    ...{ from: originOf(sender, place), protocol: 'TCP' },
    ...{ destination: place.at(to), port },
  };
  return trace(packet, tables, node);
}

/** Where a packet ends up, in words in which every address is the IPv4 one. */
type Case = readonly [
  title: string,
  changes: Changes,
  sender: Sender,
  to: string,
  port: number,
  outcome: string,
];

const bySource: Record<IpFamily, LocalTraffic> = {
  IPv4: { by: 'source', cidrs: ['10.1.0.0/16'] },
  IPv6: { by: 'source', cidrs: ['fd00:a:1::/48'] },
};
const byInterface: Changes = { options: { localTraffic: { by: 'interface', pattern: 'cali+' } } };
const localPolicy: Changes = { ...byInterface, service: { externalTrafficPolicy: 'Local' } };
const onlyThere: Changes = { ...localPolicy, endpoints: [there] };
const nobody: Changes = { endpoints: [] };
const all = (how: string): string => `to ${here}:8080 ${how} or ${there}:8080 ${how}`;
const rejected = (number: number): string => `refused by KUBE-IPVS-FILTER ${number} with tcp-reset`;

function rangesOf(place: Place): Partial<Service> {
  const cidr = place.family === 'IPv4' ? '192.168.7.0/24' : `${toIpv6(guest)}/128`;
  return {
    loadBalancerIngress: [{ address: place.at(restricted), ipMode: 'VIP' }],
    loadBalancerSourceRanges: [cidr],
  };
}

const cases: readonly Case[] = [
  ['a pod to a cluster IP where pods are not told', {}, 'pod', clusterIp, 80, all(`from ${neighbour}`)],
  ['a pod to a cluster IP', byInterface, 'pod', clusterIp, 80, all(`from ${neighbour}`)],
  ['a machine outside to a cluster IP', byInterface, 'guest', clusterIp, 80, all('masqueraded')],
  ['the node to a cluster IP', byInterface, 'node', clusterIp, 80, all('masqueraded')],
  ['the node to a cluster IP where pods are not told', {}, 'node', clusterIp, 80, all('masqueraded')],
  [
    'a pod to a cluster IP where everything is masqueraded',
    { options: { masqueradeAll: true } },
    'pod',
    clusterIp,
    80,
    all('masqueraded'),
  ],
  [
    'a pod that may reach itself',
    byInterface,
    'endpoint',
    clusterIp,
    80,
    `to ${here}:8080 masqueraded or ${there}:8080 from ${here}`,
  ],
  ['a machine outside to an external IP', {}, 'guest', external, 80, all('masqueraded')],
  ['a machine outside to a load balancer', {}, 'guest', balancer, 80, all('masqueraded')],
  ['a machine outside to a node port', {}, 'guest', own, 30_080, all('masqueraded')],
  ['the node to its node port', {}, 'node', own, 30_080, all('masqueraded')],
  ['outside to an external IP, Local', localPolicy, 'guest', external, 80, `to ${here}:8080 from ${guest}`],
  ['outside to a load balancer, Local', localPolicy, 'guest', balancer, 80, `to ${here}:8080 from ${guest}`],
  ['outside to a node port, Local', localPolicy, 'guest', own, 30_080, `to ${here}:8080 from ${guest}`],
  ['outside to a load balancer, Local, none here', onlyThere, 'guest', balancer, 80, rejected(3)],
  ['outside to an external IP, Local, none here', onlyThere, 'guest', external, 80, rejected(3)],
  ['outside to a node port, Local, none here', onlyThere, 'guest', own, 30_080, rejected(3)],
  [
    'a pod to a load balancer, Local, none here',
    onlyThere,
    'pod',
    balancer,
    80,
    `to ${there}:8080 masqueraded`,
  ],
  [
    'the node to a load balancer, Local, none here',
    onlyThere,
    'node',
    balancer,
    80,
    `to ${there}:8080 masqueraded`,
  ],
  ['a pod to a service without endpoints', nobody, 'pod', clusterIp, 80, rejected(1)],
  [
    'the node to a service without endpoints',
    nobody,
    'node',
    clusterIp,
    80,
    `refused by TCP ${clusterIp}:80`,
  ],
  [
    'a pod to another port of a cluster IP',
    {},
    'pod',
    clusterIp,
    81,
    'refused by KUBE-IPVS-FILTER 8 with port-unreachable',
  ],
  [
    'the node to another port of a cluster IP',
    {},
    'node',
    clusterIp,
    81,
    'refused by KUBE-IPVS-FILTER 8 with port-unreachable',
  ],
  [
    'a machine outside to a health check port of a service address',
    { service: { healthCheckNodePort: 32_000 } },
    'guest',
    balancer,
    32_000,
    `to the node, from ${guest}`,
  ],
  ['a machine outside to a port of the node', {}, 'guest', own, 22, `to the node, from ${guest}`],
  ['the node to a port of its own', {}, 'node', own, 22, `to the node, from ${own}`],
  ['a pod to somebody else', {}, 'pod', stranger, 443, `forwarded, from ${neighbour}`],
  ['the node to somebody else', {}, 'node', stranger, 443, `forwarded, from ${own}`],
  [
    'a machine outside to an endpoint in the network of the node',
    { endpoints: [own] },
    'guest',
    external,
    80,
    `to ${own}:8080 from ${guest}`,
  ],
  [
    'the node to an endpoint in its own network',
    { endpoints: [own] },
    'node',
    clusterIp,
    80,
    `to ${own}:8080 masqueraded`,
  ],
];

describe('trace', () => {
  for (const family of ipFamilies) {
    const place = inFamily(family);
    const words = (text: string): string =>
      family === 'IPv4'
        ? text
        : text
            .replace(/(\d+\.\d+\.\d+\.\d+):(\d+)/g, (_, address: string, port: string) => {
              return `[${toIpv6(address)}]:${port}`;
            })
            .replace(/\d+\.\d+\.\d+\.\d+/g, toIpv6);

    describe(`over ${family}`, () => {
      for (const [title, changes, sender, to, port, outcome] of cases) {
        it(`tells what becomes of a packet of ${title}`, () => {
          expect(inWords(traced(place, changes, sender, to, port))).to.equal(words(outcome));
        });
      }

      const restrictions: readonly [Sender, string][] = [
        ['guest', all('masqueraded')],
        ['stranger', 'dropped by KUBE-SOURCE-RANGES-FIREWALL 3'],
        ['pod', 'dropped by KUBE-SOURCE-RANGES-FIREWALL 3'],
        ['node', 'dropped by KUBE-IPVS-OUT-FILTER 1'],
      ];
      for (const [sender, outcome] of restrictions) {
        it(`tells what becomes of a packet of the ${sender} where source ranges admit the guest`, () => {
          const found = traced(place, { service: rangesOf(place) }, sender, restricted);
          expect(inWords(found)).to.equal(words(outcome));
        });
      }

      it('lets the node pass where source ranges admit an address of its own', () => {
        const ranges = { ...rangesOf(place), loadBalancerSourceRanges: [`${place.at(own)}/128`] };
        const cidrs = family === 'IPv4' ? [`${own}/32`] : ranges.loadBalancerSourceRanges;
        const found = traced(
          place,
          { service: { ...ranges, loadBalancerSourceRanges: cidrs } },
          'node',
          restricted,
        );
        expect(inWords(found)).to.equal(words(all('masqueraded')));
      });

      it('tells pods by their network where that is how they are told', () => {
        const options = { localTraffic: bySource[family] };
        expect(inWords(traced(place, { options }, 'pod', clusterIp))).to.equal(
          words(all(`from ${neighbour}`)),
        );
        expect(inWords(traced(place, { options }, 'guest', clusterIp))).to.equal(words(all('masqueraded')));
      });
    });
  }

  const place = inFamily('IPv4');

  describe('what the verdict has', () => {
    it('is how long clients stay with a real server, and the servers with their weights', () => {
      const { verdict } = traced(place, { service: { affinityTimeout: 60 } }, 'pod', clusterIp);
      expect(verdict).to.deep.include({ kind: 'balanced', persistence: { seconds: 60, prefix: 32 } });
      const found = verdict.kind === 'balanced' ? verdict.candidates.map(({ server }) => server.weight) : [];
      expect(found).to.deep.equal([1, 1]);
    });

    it('is nothing of persistence where every connection is scheduled by itself', () => {
      expect(traced(place, {}, 'pod', clusterIp).verdict).not.to.have.property('persistence');
    });

    it('leaves out real servers that drain, and is a refusal where all do', () => {
      const { tables, node } = worldOf(place, {});
      const drained = (addresses: readonly string[]): TracedTables => ({
        ...tables,
        realServers: new Map(
          [...tables.realServers].map(([key, one]) => [
            key,
            addresses.includes(one.address) ? { ...one, weight: 0 } : one,
          ]),
        ),
      });
      const packet: Packet = {
        ...{ from: originOf('guest', place), protocol: 'TCP' },
        ...{ destination: clusterIp, port: 80 },
      };
      expect(inWords(trace(packet, drained([here]), node))).to.equal(`to ${there}:8080 from ${guest}`);
      expect(inWords(trace(packet, drained([here, there]), node))).to.equal(`refused by TCP ${clusterIp}:80`);
    });
  });

  describe('a virtual server of every port, which others may have made', () => {
    it('gives the packet to a real server on the port that was asked', () => {
      const { tables, node } = worldOf(place, {});
      const server = tables.virtualServers.get(`TCP ${clusterIp}:80`)!;
      const [real] = [...tables.realServers.values()].filter(
        ({ virtualServer }) => virtualServer.key === server.key,
      );
      const every = { ...server, key: `TCP ${clusterIp}:0`, port: 0 };
      const found = trace(
        {
          ...{ from: originOf('node', place), protocol: 'TCP' },
          ...{ destination: clusterIp, port: 4000 },
        },
        {
          ...tables,
          virtualServers: new Map([[every.key, every]]),
          realServers: new Map([['one', { ...real!, virtualServer: every, port: 0 }]]),
        },
        node,
      );
      expect(found.verdict).to.have.nested.property('candidates[0].port', 4000);
    });
  });

  describe('kernel settings', () => {
    it('keep the source where IPVS connections are not tracked, for then nobody masquerades', () => {
      const { tables, node } = worldOf(place, {});
      const packet: Packet = {
        ...{ from: originOf('guest', place), protocol: 'TCP' },
        ...{ destination: external, port: 80 },
      };
      for (const sysctls of [
        new Map(),
        new Map([['net/ipv4/vs/conntrack', { key: 'net/ipv4/vs/conntrack', value: '0' }]]),
      ])
        expect(inWords(trace(packet, { ...tables, sysctls }, node))).to.equal(all(`from ${guest}`));
    });
  });

  describe('protocols', () => {
    const sctp: ServiceState = state(
      service({ clusterIPs: [clusterIp], ports: [servicePort({ protocol: 'SCTP', nodePort: 30_080 })] }),
      slice([endpoint(there)], { ports: [slicePort({ protocol: 'SCTP', port: 9000 })] }),
    );
    const node: NodeFacts = { name: 'this-node', addresses: [own], zone: '' };
    const tables = tablesOf(plannerOptions(), node, sctp);
    const from = originOf('guest', place);

    it('are told apart', () => {
      const packet = { from, destination: own, port: 30_080 };
      expect(inWords(trace({ ...packet, protocol: 'SCTP' }, tables, node))).to.equal(
        `to ${there}:9000 masqueraded`,
      );
      expect(inWords(trace({ ...packet, protocol: 'TCP' }, tables, node))).to.equal(
        `to the node, from ${guest}`,
      );
    });
  });
});
