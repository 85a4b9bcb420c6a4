import { expect } from 'chai';
import fc from 'fast-check';
import type { Guest } from '../lab/guest.ts';
import type { Node } from '../lab/node.ts';
import type { Place } from '../lab/place.ts';
import { type Pools, thinPools } from '../rules/pools.ts';
import { worldArbitrary } from '../rules/random-world.ts';
import type { World } from '../rules/world.ts';
import { plansOf } from '../unit/rules/planned.ts';
import { manifestOf } from './support-objects.ts';
import {
  addressesOf,
  difference,
  type Forecast,
  foretell,
  isHeard,
  type Question,
  send,
  TableReader,
  type TracedPlace,
} from './support-trace.ts';
import { Site } from './support.ts';

/** Clusters that are drawn. */
const clusters = 3;

/** Packets of each outcome that are sent in each cluster, at most. Those that are dropped are waited for in vain. */
const most = { balanced: 30, refused: 14, dropped: 4 };

/** Packets that are sent at the same time. */
const batch = 16;

const podNetworks = ['10.244.0.0/16', 'fd00:10:244::/48'];

/** What pods and nodes listen on by every protocol. */
const targetPorts = [8090, 8091];

/** `node test/lab/run.ts --env TRACE_SEED=… -- …` has a run again. */
const seed = Number(process.env['TRACE_SEED'] ?? Math.floor(Math.random() * 2 ** 31));

describe('packets of random clusters', () => {
  let site: Site;
  let guest: Guest;
  let readers: readonly (readonly [Node, TableReader])[];

  before(async () => {
    console.log(`    TRACE_SEED=${seed}`);
    site = await Site.build();
    const { first, second, pods } = site;
    guest = await site.cluster.addHost({
      ...{ name: 'guest', addresses: ['192.168.111.21', 'fd00:192::15'], via: first.name },
    });
    const serving = { tcp: targetPorts, udp: targetPorts, sctp: targetPorts };
    await Promise.all([...pods, first, second].map((place) => place.serve(serving)));
    await site.startAll('--cluster-cidr', podNetworks.join());
    const started = site.nodes.map(async (node) => [node, await TableReader.start(node)] as const);
    readers = await Promise.all(started);
  });

  after(() => site.destroy());

  function poolsOf({ first, nodes, pods }: Site): Pools {
    const placed = pods.map((pod) => ({ place: pod, node: nodes.find(hasPod(pod))! }));
    return {
      ...thinPools,
      node: { name: first.name, addresses: addressesOf(first) },
      pods: [...placed, { place: first, node: first }].flatMap(({ place, node }) =>
        place.addresses.map((address) => ({ address, nodeName: node.name, zone: 'zone-a' })),
      ),
      clusterIPs: { IPv4: '10.96.7.', IPv6: 'fd00:10:96:7::' },
      outer: ['198.51.100.1', '198.51.100.2', 'fd00:198:51::1', 'fd00:198:51::2'],
      sourceRanges: ['0.0.0.0/0', '::/0', '192.168.111.21/32', 'fd00:192::15/128', '10.244.0.0/24'],
      targetPorts: { TCP: targetPorts, UDP: targetPorts, SCTP: targetPorts },
      services: { min: 3, max: 4 },
      settings: fc.constant({ ownPods: { by: 'source' as const, cidrs: podNetworks } }),
    };
  }

  async function placesIn(world: World): Promise<readonly TracedPlace[]> {
    return Promise.all(
      readers.map(async ([node, reader]) => {
        const addresses = addressesOf(node);
        const seen = { ...world, node: { name: node.name, addresses } };
        return { node, addresses, tables: await reader.readPlanned(seen) };
      }),
    );
  }

  /** Everything that somebody may ask: each virtual server, and on every address of services a port that has none. */
  function questionsIn(places: readonly TracedPlace[]): readonly Question[] {
    const senders: readonly Place[] = [site.first, site.pod('web-1'), site.pod('web-3'), guest];
    const targets = new Map<string, Omit<Question, 'from'>>();
    for (const { tables } of places) {
      for (const [key, { protocol, address, port }] of tables.virtualServers)
        targets.set(key, { protocol, address, port });
      for (const address of tables.addresses.keys())
        targets.set(address, { protocol: 'TCP', address, port: 9 });
    }
    return senders.flatMap((from) => [...targets.values()].map((target) => ({ from, ...target })));
  }

  /** Some of all questions, each with what is foretold of it: of every outcome at most so many. */
  function drawn(places: readonly TracedPlace[], number: number): readonly Asked[] {
    const all = questionsIn(places);
    const order = fc.shuffledSubarray([...all], { minLength: all.length });
    const [questions = []] = fc.sample(order, { seed: number, numRuns: 1 });
    const asked = questions
      .map((question) => ({ question, forecast: foretell(question, places) }))
      .filter(({ question, forecast }) => isHeard(question, forecast));
    return Object.entries(most).flatMap(([kind, count]) =>
      asked.filter(({ forecast }) => forecast.verdict.kind === kind).slice(0, count),
    );
  }

  /** What came otherwise than foretold, in words. */
  async function differences(asked: readonly Asked[]): Promise<readonly string[]> {
    const everybody = [...site.pods, ...site.nodes];
    const found: string[] = [];
    for (let from = 0; from < asked.length; from += batch) {
      const sent = asked.slice(from, from + batch).map(async ({ question, forecast }) => {
        const answer = await send(question, forecast);
        const words = difference(question, forecast, answer, everybody);
        if (words !== undefined) found.push(`${titleOf(question)}: ${words}`);
      });
      await Promise.all(sent);
    }
    return found;
  }

  for (let cluster = 1; cluster <= clusters; cluster += 1)
    it(`go where the tables of cluster ${cluster} say, with the source that they say`, async () => {
      const number = seed + cluster;
      const [world] = fc.sample(worldArbitrary(poolsOf(site)).filter(serves), { seed: number, numRuns: 1 });
      await site.write('cluster.yaml', manifestOf([...world!.services, ...world!.slices]));
      const places = await placesIn(world!);
      const asked = drawn(places, number);
      expect(asked.some(({ forecast }) => forecast.verdict.kind === 'balanced')).to.be.true;
      expect(await differences(asked), `seed ${seed}`).to.deep.equal([]);
    });
});

/** Whether any service has somebody to serve it. */
function serves(world: World): boolean {
  return plansOf(world).some(({ virtualServers }) =>
    virtualServers.some(({ realServers }) => realServers.length > 0),
  );
}

/** A packet and what the tables say of it. */
interface Asked {
  readonly question: Question;
  readonly forecast: Forecast;
}

function titleOf({ from, protocol, address, port }: Question): string {
  return `${from.name} asks ${address} port ${port} by ${protocol}`;
}

function hasPod(pod: Guest): (node: Node) => boolean {
  const prefix = pod.ipv4.replace(/\d+$/, '');
  return ({ podCIDRs }) => podCIDRs.some((cidr) => cidr.startsWith(prefix));
}
