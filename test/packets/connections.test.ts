import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import type { Asking } from '../lab/asking.ts';
import type { Node } from '../lab/node.ts';
import type { Place } from '../lab/place.ts';
import { askAndReset, shortAffinity, untilForgotten } from './support-affinity.ts';
import { Site, counted, held as heldBy, until } from './support.ts';
import type { SiteService } from './support.ts';

const families = ['ipv4', 'ipv6'] as const;

/** Whose flows another program has already sent to a pod that is none of its endpoints, by DNAT. */
const taken: SiteService = {
  name: 'taken',
  clusterIPs: ['10.96.0.60', 'fd00:10:96::60'],
  ports: [{ port: 53, protocol: 'UDP' }],
  pods: ['web-4'],
};

/** Which clients ask before it exists. Its pod is on the other node, so that answers come back only if masqueraded. */
const awaited: SiteService = {
  name: 'awaited',
  clusterIPs: ['10.96.0.61', 'fd00:10:96::61'],
  ports: [{ port: 53, protocol: 'UDP', nodePort: 30161 }],
  pods: ['web-3'],
};

const names: SiteService = {
  name: 'names',
  clusterIPs: ['10.96.0.62', 'fd00:10:96::62'],
  ports: [{ port: 53, protocol: 'UDP', nodePort: 30162 }],
  pods: ['web-1'],
};

const four = ['web-1', 'web-2', 'web-3', 'web-4'] as const;

/** Keeps a client on one pod, or not, by what its spec says. */
const sticky: SiteService = {
  name: 'sticky',
  clusterIPs: ['10.96.0.63', 'fd00:10:96::63'],
  ports: [
    { name: 'tcp', port: 80, nodePort: 30163 },
    { name: 'udp', port: 53, nodePort: 30163, protocol: 'UDP' },
  ],
  pods: four,
};

/** The same with session affinity, for so many seconds. */
function affine(service: SiteService, timeoutSeconds: number): SiteService {
  return {
    ...service,
    spec: { sessionAffinity: 'ClientIP', sessionAffinityConfig: { clientIP: { timeoutSeconds } } },
  };
}

/** Keeps a client on one pod for a short time. */
const brief: SiteService = affine(
  {
    name: 'brief',
    clusterIPs: ['10.96.0.65', 'fd00:10:96::65'],
    ports: [
      { name: 'tcp', port: 80, nodePort: 30165 },
      { name: 'udp', port: 53, nodePort: 30165, protocol: 'UDP' },
    ],
    pods: four,
  },
  shortAffinity,
);

/** Keeps connections open. */
const held: SiteService = affine(
  {
    name: 'held',
    clusterIPs: ['10.96.0.64', 'fd00:10:96::64'],
    ports: [
      { name: 'hold', port: 7000, nodePort: 30164 },
      { name: 'udp', port: 53, nodePort: 30164, protocol: 'UDP' },
    ],
    pods: ['web-1', 'web-3'],
  },
  600,
);

/** Has connections that stay, without affinity. */
const slow: SiteService = {
  name: 'slow',
  clusterIPs: ['10.96.0.66', 'fd00:10:96::66'],
  ports: [{ port: 7000 }],
  pods: ['web-1'],
};

/** The virtual servers and real servers of a kernel, without those of one service. */
async function linesBut(other: SiteService, node: Node): Promise<readonly string[]> {
  const { servers } = await heldBy(node);
  return servers.filter((line) => !other.clusterIPs.some((vip) => line.includes(vip)));
}

/** Sends datagrams from one port, one after the other, as a client does that keeps its socket. */
function flow(place: Place, address: string, port: number, sourcePort: number): Asking {
  return place.asking(address, port, { protocol: 'udp', sourcePort, seconds: 100, rate: 20, timeout: 300 });
}

/** Who gave the last answer, or why there was none. */
function last({ answers }: Asking): string | undefined {
  const answer = answers.at(-1);
  return answer?.ok === true ? answer.name : answer?.error;
}

/** Waits until a flow is answered by a pod. */
function reaches(asking: Asking, pod: string): Promise<unknown> {
  return until(
    () => last(asking),
    (name) => name === pod,
  );
}

describe('connections', () => {
  let site: Site;
  const flows: Asking[] = [];
  let before60: readonly Asking[];

  const follow = (...asked: Parameters<typeof flow>): Asking => {
    const asking = flow(...asked);
    flows.push(asking);
    return asking;
  };

  /** Has datagrams for the service `taken` go to a pod that is none of its own, as iptables rules of another program do. */
  async function takeFlows(): Promise<readonly Asking[]> {
    const rules = (verb: string): string =>
      [
        `iptables -t nat ${verb} PREROUTING -d 10.96.0.60 -p udp -j DNAT --to-destination 10.244.1.4:53`,
        `ip6tables -t nat ${verb} PREROUTING -d fd00:10:96::60 -p udp -j DNAT --to-destination [fd00:10:244:1::4]:53`,
      ].join(' && ');
    await site.first.must(['sh', '-c', rules('-I')]);
    const asking = taken.clusterIPs.map((address) => follow(site.pod('web-2'), address, 53, 4060));
    for (const one of asking) await reaches(one, 'web-3');
    await site.first.must(['sh', '-c', rules('-D')]);
    return asking;
  }

  before(async () => {
    site = await Site.build();
    before60 = await takeFlows();
    await site.publish(taken);
    await site.publish(names);
    await site.startAll('--cluster-cidr', '10.244.0.0/16,fd00:10:244::/48');
    await site.untilServed(taken);
    await site.untilServed(names);
  });

  afterEach(async () => {
    await Promise.all(flows.splice(0).map((asking) => asking.stop()));
  });

  after(() => site.destroy());

  describe('by UDP, from a port that the client keeps', () => {
    it('move at the start from a pod to which others had sent them to one of the service', async () => {
      for (const asking of before60) await reaches(asking, 'web-4');
    });

    it('are balanced and masqueraded from the moment that their service exists', async () => {
      const early = families.flatMap((family) => [
        follow(site.client, site.first[family], 30161, 4061),
        follow(site.first, awaited.clusterIPs[families.indexOf(family)]!, 53, 4061),
      ]);
      await Promise.all(early.map((asking) => asking.reach(2)));
      await site.serve(awaited);
      for (const asking of early) await reaches(asking, 'web-3');
    });

    it('follow the pod of their service that cycles, on its cluster address and on node ports', async () => {
      const asking = families.flatMap((family) => [
        follow(site.pod('web-2'), names.clusterIPs[families.indexOf(family)]!, 53, 4062),
        follow(site.first, names.clusterIPs[families.indexOf(family)]!, 53, 4062),
        follow(site.client, site.first[family], 30162, 4062),
        follow(site.client, site.second[family], 30162, 4063),
      ]);
      for (const one of asking) await reaches(one, 'web-1');
      for (const pod of ['web-3', 'web-4'] as const) {
        await site.serve({ ...names, pods: [pod] });
        for (const one of asking) await reaches(one, pod);
        const seen = asking.map((one) => one.answers.length);
        await Promise.all(asking.map((one, index) => one.reach(seen[index]! + 5)));
        for (const [index, one] of asking.entries()) {
          const answers = one.answers.slice(seen[index]);
          expect(Object.keys(counted(answers).names)).to.deep.equal([pod]);
          expect(counted(answers).errors).to.deep.equal({});
        }
      }
    });

    it('are answered once endpoints that were not ready get ready', async () => {
      const ready = (is: boolean): SiteService => ({ ...names, pods: [{ pod: 'web-3', ready: is }] });
      await site.serve(ready(false));
      const asking = families.flatMap((family) => [
        follow(site.pod('web-2'), names.clusterIPs[families.indexOf(family)]!, 53, 4064),
        follow(site.first, names.clusterIPs[families.indexOf(family)]!, 53, 4064),
        follow(site.client, site.first[family], 30162, 4064),
      ]);
      await Promise.all(asking.map((one) => one.reach(3)));
      await site.serve(ready(true));
      for (const one of asking) await reaches(one, 'web-3');
    });
  });

  describe('with session affinity', () => {
    /** On which pods the clients end up that ask the service again and again, each in a way of its own. */
    async function found(service: SiteService): Promise<string[][]> {
      const asked = (['tcp', 'udp'] as const).flatMap((protocol) =>
        families.flatMap((family, index) => [
          [site.pod('web-2'), service.clusterIPs[index]!, protocol === 'tcp' ? 80 : 53, protocol] as const,
          [site.client, site.second[family], 30163, protocol] as const,
        ]),
      );
      return Promise.all(
        asked.map(async ([place, address, port, protocol]) => {
          const { names: byName, errors } = counted(await place.ask(address, port, { protocol, count: 8 }));
          expect(errors).to.deep.equal({});
          return Object.keys(byName);
        }),
      );
    }

    /** On how many each ends up. */
    async function spread(service: SiteService): Promise<number[]> {
      return (await found(service)).map((pods) => pods.length);
    }

    const all = (number: number) => (counts: readonly number[]) => counts.every((count) => count === number);

    it('stay on one pod as long as their service wants it, on its cluster address and on node ports', async () => {
      await site.serve(affine(sticky, 600));
      expect(await spread(sticky)).to.satisfy(all(1));
      await site.publish(sticky);
      await until(() => spread(sticky), all(4));
      await site.publish(affine(sticky, 600));
      await until(() => spread(sticky), all(1));
    });

    it('stay on their pod while controllers are killed and started again, and other endpoints come and go', async () => {
      const sparse = affine({ ...sticky, pods: ['web-1', 'web-3'] }, 600);
      const ample = affine(sticky, 600);
      await site.serve(sparse);
      const before = await found(sparse);
      for (const pods of before) expect(pods).to.have.length(1);
      await Promise.all(site.controllers.map((controller) => controller.kill()));
      expect(await found(sparse), 'without controllers').to.deep.equal(before);
      await site.publish(ample);
      await Promise.all(site.nodes.map((node) => site.start(node)));
      await site.untilServed(ample);
      expect(await found(ample), 'with more endpoints').to.deep.equal(before);
      await site.serve({ ...names, pods: ['web-4'] });
      await site.serve(sparse);
      expect(await found(sparse), 'with fewer again').to.deep.equal(before);
    });
  });

  describe('that are kept open', () => {
    /** Opens a connection of each family to a pod of the service, over the cluster address and over a node port. */
    async function open(): Promise<readonly Asking[]> {
      const asking = families.flatMap((family, index) => [
        site.pod('web-2').asking(held.clusterIPs[index]!, 7000, { hold: 50, seconds: 100 }),
        site.client.asking(site.first[family], 30164, { hold: 50, seconds: 100 }),
      ]);
      flows.push(...asking);
      await Promise.all(asking.map((one) => one.reach(2)));
      return asking;
    }

    /** Sees that each connection lives: it is answered again and again, by the pod that it began with. */
    async function live(asking: readonly Asking[]): Promise<void> {
      await Promise.all(asking.map((one) => one.reach(one.answers.length + 3)));
      for (const { answers } of asking) {
        const { names: found, errors } = counted(answers);
        expect(errors).to.deep.equal({});
        expect(Object.keys(found)).to.have.length(1);
      }
    }

    const answering = ({ answers }: Asking): string | undefined =>
      answers[0]?.ok === true ? answers[0].name : undefined;

    /** Waits until the kernel of the first node has every real server of a pod at a weight. */
    const weight = (address: string, wanted: number): Promise<unknown> =>
      until(
        () => linesBut(slow, site.first),
        (servers) => {
          const lines = servers.filter((line) => line.includes(`${address}:7000 `));
          return lines.length > 0 && lines.every((line) => line.endsWith(` -w ${wanted}`));
        },
      );

    it('live on while their pod drains, over a restart too, and are not cut when it comes back', async () => {
      await site.serve({ ...held, pods: ['web-1'] });
      const asking = await open();
      await site.serve({ ...held, pods: ['web-3'] });
      await weight('10.244.0.2', 0);
      await live(asking);
      await site.controller(site.first).kill();
      await site.start(site.first);
      await weight('10.244.0.2', 0);
      await live(asking);
      await site.serve(held);
      await weight('10.244.0.2', 1);
      await live(asking);
      expect(asking.map(answering)).to.deep.equal(['web-1', 'web-1', 'web-1', 'web-1']);
    });

    it('let their pod go when the last of them has ended, long before its time is over', async () => {
      const [vip] = slow.clusterIPs as [string];
      const ofPod = async (): Promise<readonly string[]> => {
        // Looking is work for a processor that others need.
        await sleep(500);
        const { servers } = await heldBy(site.first);
        return servers.filter((line) => line.startsWith(`-a -t ${vip}:7000 -r 10.244.0.2:7000 `));
      };
      await site.serve(slow);
      // It ends with a reset, as part of what the pod said is left unread: IPVS remembers that for 10 s alone.
      const script = `exec 3<>/dev/tcp/${vip}/7000; read -rn 1 <&3; echo open; read -r`;
      const client = await site.pod('web-2').start(['bash', '-c', script]);
      await client.log(/^open$/);
      await site.serve({ ...slow, pods: ['web-3'] });
      expect(await ofPod()).to.deep.equal([`-a -t ${vip}:7000 -r 10.244.0.2:7000 -m -w 0`]);
      await client.kill();
      await until(ofPod, (lines) => lines.length === 0, 60_000);
    });

    it('lose their pod when it has drained for as long as their service asks for, sooner than others', async () => {
      await site.serve({ ...held, pods: ['web-1'] });
      const asking = await open();
      const annotations = { 'kube-ipvs.io/drain-timeout': '2s' };
      await site.serve({ ...held, annotations, pods: ['web-3'] });
      await until(
        () => linesBut(slow, site.first),
        (servers) => !servers.some((line) => line.includes('10.244.0.2:7000 ')),
      );
      for (const one of asking) expect(Object.values(counted(await one.done).errors)).to.deep.equal([1]);
    });

    it('are divided by the weights that their service asks for, as they are seen from each node', async () => {
      const annotations = { 'kube-ipvs.io/weights': 'same-node=3' };
      const weighed: SiteService = { ...slow, ports: [{ port: 80 }], annotations, pods: ['web-1', 'web-3'] };
      await site.serve(weighed);
      for (const [name, near, far] of [
        ['web-2', 'web-1', 'web-3'],
        ['web-4', 'web-3', 'web-1'],
      ] as const) {
        const answers = await site.pod(name).ask(weighed.clusterIPs[0]!, 80, { count: 12 });
        expect(counted(answers).names, name).to.deep.equal({ [near]: 9, [far]: 3 });
      }
      await site.serve(slow);
    });

    it('come little by little to a pod that has just come, where their service asks for that', async () => {
      // lc looks at no weights: wlc takes its place.
      const annotations = { 'kube-ipvs.io/scheduler': 'lc', 'kube-ipvs.io/slow-start': '10m' };
      const spread = async (count: number): Promise<Readonly<Record<string, number>>> => {
        const asking: Asking[] = [];
        // One after the other: a connection that is not established yet hardly counts.
        for (let opened = 0; opened < count; opened += 1) {
          const one = site.pod('web-2').asking(slow.clusterIPs[0]!, 7000, { hold: 50, seconds: 100 });
          flows.push(one);
          asking.push(one);
          await one.reach(2);
        }
        return counted(asking.map(({ answers }) => answers[0]!)).names;
      };
      await site.serve({ ...slow, annotations, pods: ['web-1'] });
      expect(await spread(6)).to.deep.equal({ 'web-1': 6 });
      await site.serve({ ...slow, annotations, pods: ['web-1', 'web-3'] });
      // Of as much weight as the other it would have all of these.
      expect(await spread(5)).to.deep.equal({ 'web-1': 4, 'web-3': 1 });
    });

    it('stay where they are while new ones of a client with affinity go to another pod', async () => {
      await site.serve({ ...held, pods: ['web-1'] });
      const asking = await open();
      await site.serve({ ...held, pods: ['web-1', 'web-4'] });
      const again = (): Promise<readonly (string | undefined)[]> =>
        Promise.all(
          families
            .flatMap((family, index) => [
              site.pod('web-2').asking(held.clusterIPs[index]!, 7000, { hold: 1, count: 1 }),
              site.client.asking(site.first[family], 30164, { hold: 1, count: 1 }),
            ])
            .map(async (one) => {
              await one.done;
              return answering(one);
            }),
        );
      expect(await again()).to.deep.equal(['web-1', 'web-1', 'web-1', 'web-1']);
      await site.serve({ ...held, pods: ['web-4'] });
      await weight('10.244.0.2', 0);
      expect(await again()).to.deep.equal(['web-4', 'web-4', 'web-4', 'web-4']);
      await live(asking);
    });
  });

  describe('that carry more than fits into a packet', () => {
    const size = 9000;

    /** Everyone who asks: a pod, a node and a client outside, with the ports of datagrams and of connections. */
    const asking = () =>
      families.flatMap((family, index) => {
        const vip = held.clusterIPs[index]!;
        return [
          { family, place: site.pod('web-2'), address: vip, udp: 53, tcp: 7000 },
          { family, place: site.first, address: vip, udp: 53, tcp: 7000 },
          { family, place: site.client, address: site.first[family], udp: 30164, tcp: 30164 },
        ];
      });

    before(() => site.serve({ ...held, pods: ['web-3'] }));

    it('are answered in full', async () => {
      for (const { family, place, address, udp, tcp } of asking()) {
        // By IPv6, IPVS does not split what comes to it whole: from the node itself, or over a bridge that netfilter sees.
        if (family === 'ipv4' || place === site.client)
          // The first one may only learn how much fits.
          await until(
            () => place.ask(address, udp, { protocol: 'udp', count: 4, size }),
            (datagrams) => counted(datagrams).names['web-3'] === 4,
          );
        const lines = await place.ask(address, tcp, { hold: 1, count: 4, size, timeout: 5000 });
        expect(counted(lines).names, `${place.name}, ${family}`).to.deep.equal({ 'web-3': 4 });
      }
    });

    // As a tunnel between nodes does. A node itself is not told: its packets are split behind IPVS, under another address.
    it('learn by TCP how much fits where that is less between the nodes', async () => {
      for (const route of ['10.244.1.0/24 via 192.168.111.129', 'fd00:10:244:1::/64 via fd00:192::81'])
        await site.first.must(['sh', '-c', `ip route replace ${route} mtu lock 1300`]);
      const told = asking().filter(({ place }) => place !== site.first);
      for (const { family, place, address, tcp } of told) {
        const lines = await place.ask(address, tcp, { hold: 1, count: 4, size, timeout: 5000 });
        expect(counted(lines).names, `${place.name}, ${family}`).to.deep.equal({ 'web-3': 4 });
      }
    });
  });

  describe('after their time', () => {
    before(async () => {
      await site.stopAll();
      await site.startAll(
        ...['--cluster-cidr', '10.244.0.0/16,fd00:10:244::/48'],
        ...['--drain-timeout', '2s', '--ipvs-udp-timeout', '1s'],
      );
    });

    it('lose their pod when it has drained for as long as is allowed', async () => {
      await site.serve({ ...held, pods: ['web-1'] });
      const asking = site.pod('web-2').asking(held.clusterIPs[0]!, 7000, { hold: 50, seconds: 100 });
      flows.push(asking);
      await asking.reach(2);
      await site.serve({ ...held, pods: ['web-3'] });
      await until(
        () => linesBut(slow, site.first),
        (servers) => !servers.some((line) => line.includes('10.244.0.2:7000 ')),
      );
      const { errors } = counted(await asking.done);
      expect(Object.values(errors)).to.deep.equal([1]);
    });

    it('with affinity may go to another pod', async function () {
      this.timeout(300_000);
      await site.serve(brief);
      const clients = families.flatMap((family, index) => [
        {
          place: site.pod('web-2'),
          node: site.first,
          family,
          address: brief.clusterIPs[index]!,
          by: [80, 53],
        },
        { place: site.client, node: site.second, family, address: site.second[family], by: [30165, 30165] },
      ]);
      const ask = {
        tcp: askAndReset,
        udp: async (place: Place, address: string, port: number): Promise<string> => {
          const [answer] = await place.ask(address, port, { protocol: 'udp' });
          return answer?.ok === true ? answer.name : '';
        },
      };
      const again: (() => Promise<void>)[] = [];
      for (const { place, node, family, address, by } of clients)
        for (const [index, protocol] of (['tcp', 'udp'] as const).entries()) {
          const port = by[index]!;
          const first = await ask[protocol](place, address, port);
          again.push(async () => {
            await untilForgotten(node, place[family], address, port, protocol);
            const next = await ask[protocol](place, address, port);
            expect(four, `${place.name} to ${address} by ${protocol}`).to.include(next);
            expect(next, `${place.name} to ${address} by ${protocol}`).not.to.equal(first);
          });
        }
      // Asking again before the time is over would begin it anew.
      for (const one of again) await one();
    });
  });
});
