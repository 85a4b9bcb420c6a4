import { expect } from 'chai';
import type { Asking } from '../lab/asking.ts';
import type { Guest } from '../lab/guest.ts';
import { Node } from '../lab/node.ts';
import type { Place } from '../lab/place.ts';
import { sharedEvenly } from './support-questions.ts';
import { Site, counted, until } from './support.ts';
import type { SiteService } from './support.ts';

const families = ['ipv4', 'ipv6'] as const;
type Family = (typeof families)[number];

/** What a packet may be of, and where the service of the tests and its pods have it. */
const protocols = [
  { protocol: 'tcp', port: 8080, nodePort: 30080, targetPort: 80 },
  { protocol: 'udp', port: 5353, nodePort: 30053, targetPort: 53 },
  { protocol: 'sctp', port: 9090, nodePort: 30090, targetPort: 9000 },
] as const;

const upper = { tcp: 'TCP', udp: 'UDP', sctp: 'SCTP' } as const;

const vip: Readonly<Record<Family, string>> = { ipv4: '10.96.0.10', ipv6: 'fd00:10:96::10' };

/** Every protocol, dual-stack, on a cluster address and on node ports, with a pod on either node. */
const trio: SiteService = {
  name: 'trio',
  clusterIPs: [vip.ipv4, vip.ipv6],
  ports: protocols.map(({ protocol, ...ports }) => ({ name: protocol, protocol: upper[protocol], ...ports })),
  pods: ['web-1', 'web-3'],
};

/** The same number for every protocol, both of the service and of the nodes. */
const sameNumber: SiteService = {
  name: 'same-number',
  clusterIPs: ['10.96.0.11', 'fd00:10:96::11'],
  ports: protocols.map(({ protocol, targetPort }) => ({
    name: protocol,
    protocol: upper[protocol],
    port: 7777,
    nodePort: 31000,
    targetPort,
  })),
  pods: ['web-2', 'web-4'],
};

const multiport: SiteService = {
  name: 'multiport',
  clusterIPs: ['10.96.0.12', 'fd00:10:96::12'],
  ports: [
    { name: 'page', port: 80 },
    { name: 'admin', port: 81, targetPort: 8081 },
  ],
  pods: ['web-1', 'web-4'],
};

const deserted: SiteService = {
  name: 'deserted',
  clusterIPs: ['10.96.0.13', 'fd00:10:96::13'],
  ports: [
    { name: 'tcp', port: 80, nodePort: 30180 },
    { name: 'udp', port: 53, nodePort: 30153, protocol: 'UDP' },
  ],
  pods: [],
};

const sticky: SiteService = {
  name: 'sticky',
  clusterIPs: ['10.96.0.14', 'fd00:10:96::14'],
  ports: [
    { name: 'tcp', port: 80, nodePort: 30280 },
    { name: 'udp', port: 53, nodePort: 30253, protocol: 'UDP' },
  ],
  pods: ['web-1', 'web-2', 'web-3', 'web-4'],
  spec: { sessionAffinity: 'ClientIP', sessionAffinityConfig: { clientIP: { timeoutSeconds: 600 } } },
};

/** Whose associations stay open. Not published from the start. */
const calls: SiteService = {
  name: 'calls',
  clusterIPs: ['10.96.0.15', 'fd00:10:96::15'],
  ports: [{ port: 7000, targetPort: 9001, nodePort: 30700, protocol: 'SCTP' }],
  pods: ['web-1'],
};

const services = [trio, sameNumber, multiport, deserted, sticky];

/** The node's address on the bridge of its pods, which it picks as source towards these. */
const bridgeOf = (node: Node, family: Family): string =>
  ({
    'ycwang-ubuntu': { ipv4: '10.244.0.1', ipv6: 'fd00:10:244::1' },
    'ycwang-ubuntu-worker': { ipv4: '10.244.1.1', ipv6: 'fd00:10:244:1::1' },
  })[node.name]![family];

describe('packets of every protocol and family', () => {
  let site: Site;
  let inside: readonly Place[];
  /** Machines outside that reach everything over a node. */
  let routed: ReadonlyMap<Node, Guest>;

  /** The pods behind `trio`. */
  const pods = (): readonly Place[] => [site.pod('web-1'), site.pod('web-3')];

  before(async () => {
    site = await Site.build();
    inside = [...site.nodes, ...site.pods];
    const guests = await Promise.all(
      site.nodes.map(async (node, index) => {
        const number = 20 + index;
        const guest = await site.cluster.addHost({
          name: `routed-${index + 1}`,
          addresses: [`192.168.111.${number}`, `fd00:192::${number}`],
          via: node.name,
        });
        return [node, guest] as const;
      }),
    );
    routed = new Map(guests);
    for (const service of services) await site.publish(service);
    await site.startAll('--cluster-cidr', '10.244.0.0/16,fd00:10:244::/48');
    for (const service of services) await site.untilServed(service);
  });

  after(() => site.destroy());

  for (const { protocol, port, nodePort } of protocols)
    for (const family of families) {
      describe(`${protocol} over ${family}`, () => {
        it('is balanced evenly from nodes and pods through the cluster address', async () => {
          for (const from of inside)
            await sharedEvenly({ from, to: vip[family], port, protocol }, 6, ...pods());
        });

        it('is balanced evenly from nodes, pods and outside through the node port of either node', async () => {
          for (const node of site.nodes)
            for (const from of [...inside, site.client])
              await sharedEvenly({ from, to: node[family], port: nodePort, protocol }, 4, ...pods());
        });

        it('keeps the source of a pod through the cluster address, on its own node and across', async () => {
          for (const name of ['web-2', 'web-4'] as const) {
            const pod = site.pod(name);
            const { peers } = counted(await pod.ask(vip[family], port, { protocol, count: 4 }));
            expect(peers, name).to.deep.equal({ [pod[family]]: 4 });
          }
        });

        it("bears a node's address as source when it comes from the node", async () => {
          for (const node of site.nodes) {
            const { peers } = counted(await node.ask(vip[family], port, { protocol, count: 4 }));
            expect(peers, node.name).to.deep.equal({ [bridgeOf(node, family)]: 2, [node[family]]: 2 });
          }
        });

        it('bears the address of the node that was asked when it comes from outside', async () => {
          for (const [node, guest] of routed) {
            const expected = { [bridgeOf(node, family)]: 2, [node[family]]: 2 };
            const cluster = await guest.ask(vip[family], port, { protocol, count: 4 });
            expect(counted(cluster).peers, `${node.name}, cluster address`).to.deep.equal(expected);
            const outside = await site.client.ask(node[family], nodePort, { protocol, count: 4 });
            expect(counted(outside).peers, `${node.name}, node port`).to.deep.equal(expected);
          }
        });

        it('comes back to the pod that it started from, from another address', async () => {
          for (const name of ['web-1', 'web-3'] as const) {
            const pod = site.pod(name);
            const answers = await pod.ask(vip[family], port, { protocol, count: 4 });
            const own = answers.filter((answer) => answer.ok && answer.name === name);
            expect(own, name).to.have.length(2);
            expect(Object.keys(counted(own).peers), name).not.to.include(pod[family]);
          }
        });
      });
    }

  for (const family of families) {
    describe(`over ${family}`, () => {
      const index = families.indexOf(family);
      const addressOf = (service: SiteService): string => service.clusterIPs[index]!;

      it('serves one number for TCP, UDP and SCTP, each with its own port of the pods', async () => {
        for (const { protocol, targetPort } of protocols)
          for (const [place, address, port] of [
            [site.pod('web-1'), addressOf(sameNumber), 7777],
            [site.first, addressOf(sameNumber), 7777],
            [site.client, site.first[family], 31000],
            [site.client, site.second[family], 31000],
          ] as const) {
            const answers = await place.ask(address, port, { protocol, count: 4 });
            expect(counted(answers).names, `${place.name}, ${protocol}`).to.deep.equal({
              'web-2': 2,
              'web-4': 2,
            });
            for (const answer of answers) expect(answer).to.have.property('localPort', targetPort);
          }
      });

      it('serves several ports of one address, each with its own port of the pods', async () => {
        for (const [port, targetPort] of [
          [80, 80],
          [81, 8081],
        ] as const) {
          const answers = await site.pod('web-2').ask(addressOf(multiport), port, { count: 4 });
          expect(counted(answers).names).to.deep.equal({ 'web-1': 2, 'web-4': 2 });
          for (const answer of answers) expect(answer).to.have.property('localPort', targetPort);
        }
      });

      // The time-out leaves room for a second SYN: over IPv6, Linux only notes an answer that comes while connect() is
      // still sending the first, as it does on one machine.
      it('refuses what asks for a service without endpoints, by TCP and by UDP', async () => {
        for (const [protocol, port, nodePort] of [
          ['tcp', 80, 30180],
          ['udp', 53, 30153],
        ] as const) {
          const asked = [
            ...inside.map((place) => [place, addressOf(deserted), port] as const),
            ...site.nodes.map((node) => [site.client, node[family], nodePort] as const),
          ];
          await Promise.all(
            asked.map(async ([place, address, number]) => {
              const answers = await place.ask(address, number, { protocol, timeout: 5000 });
              // What a node itself sends by UDP, its kernel does not even take from the program.
              const error = protocol === 'udp' && place instanceof Node ? 'EPERM' : 'refused';
              expect(counted(answers).errors, `${protocol}, ${place.name}`).to.deep.equal({ [error]: 1 });
            }),
          );
        }
      });

      it('keeps a client on one pod where the service asks for session affinity', async () => {
        for (const [protocol, port, nodePort] of [
          ['tcp', 80, 30280],
          ['udp', 53, 30253],
        ] as const) {
          for (const place of inside) {
            const { names } = counted(await place.ask(addressOf(sticky), port, { protocol, count: 8 }));
            expect(Object.values(names), `${protocol}, ${place.name}`).to.deep.equal([8]);
          }
          const { names } = counted(
            await site.client.ask(site.second[family], nodePort, { protocol, count: 8 }),
          );
          expect(Object.values(names), `${protocol}, outside`).to.deep.equal([8]);
        }
      });

      it('spreads clients over the pods where each is kept on one', async () => {
        const first = await Promise.all(
          site.pods.slice(0, 2).map((pod) => pod.ask(addressOf(sticky), 80, { count: 1 })),
        );
        expect(Object.keys(counted(first.flat()).names)).to.have.length(2);
      });
    });
  }

  describe('of an SCTP association', () => {
    const opened: Asking[] = [];

    /** Associations over the cluster address and a node port, from two ports on, with a word every so often. */
    async function open(sourcePort: number, hold = 50): Promise<readonly Asking[]> {
      const asking = families.flatMap((family, index) =>
        [
          [site.pod('web-2'), calls.clusterIPs[index]!, 7000] as const,
          [site.client, site.first[family], 30700] as const,
        ].map(([place, address, port]) =>
          place.asking(address, port, {
            ...{ protocol: 'sctp', sourcePort: sourcePort + index },
            ...{ hold, seconds: 100, timeout: 15_000 },
          }),
        ),
      );
      opened.push(...asking);
      for (const one of asking) await one.reach(hold < 1000 ? 3 : 1);
      return asking;
    }

    /** The pods that have answered on associations. */
    const answering = (asking: readonly Asking[]): readonly string[] =>
      Object.keys(counted(asking.flatMap(({ answers }) => answers)).names);

    /** The flows of the service, as conntrack(8) prints them, that a pod is expected to answer. */
    async function flowsTo(pod: Guest): Promise<readonly string[]> {
      const list = 'conntrack -f ipv4 -L -p sctp 2>/dev/null; conntrack -f ipv6 -L -p sctp 2>/dev/null';
      const lines = (await site.first.must(['sh', '-c', list])).split('\n');
      return lines.filter(
        (line) =>
          line.includes(' sport=9001 ') && pod.addresses.some((address) => line.includes(` src=${address} `)),
      );
    }

    /** Sees that each association ends as reset: the node, which knows nothing of it any more, aborts it. */
    async function areReset(asking: readonly Asking[]): Promise<void> {
      for (const one of asking) expect(counted(await one.done).errors).to.deep.equal({ reset: 1 });
    }

    beforeEach(() => site.serve(calls));

    afterEach(async () => {
      await Promise.all(opened.splice(0).map((asking) => asking.stop()));
    });

    after(() => site.withdraw(calls));

    it('end with a reset when its endpoint goes, and begin anew from the same port at another', async () => {
      const asking = await open(4100);
      expect(answering(asking)).to.deep.equal(['web-1']);
      await site.serve({ ...calls, pods: ['web-3'] });
      await areReset(asking);
      expect(await flowsTo(site.pod('web-1'))).to.deep.equal([]);
      expect(answering(await open(4100))).to.deep.equal(['web-3']);
    });

    it('are forgotten by connection tracking when its endpoint goes, though nobody sends any', async () => {
      await open(4110, 60_000);
      expect(await flowsTo(site.pod('web-1'))).to.have.length.at.least(4);
      await site.serve({ ...calls, pods: ['web-3'] });
      await until(
        () => flowsTo(site.pod('web-1')),
        (flows) => flows.length === 0,
      );
    });

    // Linux only notes the ICMP error that answers them, and goes on trying for as long as its user waits.
    it('end with a reset when the last endpoint goes, and later ones are answered as unreachable', async () => {
      const asking = await open(4120);
      await site.serve({ ...calls, pods: [] });
      await areReset(asking);
      expect(await flowsTo(site.pod('web-1'))).to.deep.equal([]);
      for (const [family, match] of [
        ['IPv4', ['-p', 'icmp', '--icmp-type', 'port-unreachable']],
        ['IPv6', ['-p', 'icmpv6', '--icmpv6-type', 'port-unreachable']],
      ] as const) {
        const counter = await site.client.count({ family, chain: 'INPUT', match });
        const address = site.first[family === 'IPv4' ? 'ipv4' : 'ipv6'];
        const answers = await site.client.ask(address, 30700, { protocol: 'sctp', timeout: 1000 });
        expect(counted(answers).errors).to.deep.equal({ timeout: 1 });
        expect((await counter.read()).packets).to.be.at.least(1);
        await counter.remove();
      }
    });
  });

  describe('with --masquerade-all', () => {
    before(async () => {
      await site.stopAll();
      await site.startAll('--masquerade-all');
    });

    for (const family of families) {
      it(`shows a node's address as the source of pods, over ${family}`, async () => {
        for (const { protocol, port } of protocols) {
          const answers = await site.pod('web-2').ask(vip[family], port, { protocol, count: 4 });
          expect(counted(answers).peers, protocol).to.deep.equal({
            [bridgeOf(site.first, family)]: 2,
            [site.first[family]]: 2,
          });
        }
      });
    }
  });

  describe('without a word on where pods are', () => {
    before(async () => {
      await site.stopAll();
      await site.startAll();
    });

    for (const family of families) {
      it(`keeps the source of pods and serves the nodes themselves, over ${family}`, async () => {
        for (const { protocol, port } of protocols) {
          const pod = site.pod('web-2');
          const { peers } = counted(await pod.ask(vip[family], port, { protocol, count: 4 }));
          expect(peers, protocol).to.deep.equal({ [pod[family]]: 4 });
          for (const node of site.nodes) {
            const { names } = counted(await node.ask(vip[family], port, { protocol, count: 4 }));
            expect(names, `${protocol}, ${node.name}`).to.deep.equal({ 'web-1': 2, 'web-3': 2 });
          }
        }
      });
    }
  });
});
