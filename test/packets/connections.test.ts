import { expect } from 'chai';
import type { Asking } from '../lab/asking.ts';
import type { Place } from '../lab/place.ts';
import { Site, counted, until } from './support.ts';
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
      for (const pod of ['web-3', 'web-1', 'web-4'] as const) {
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
});
