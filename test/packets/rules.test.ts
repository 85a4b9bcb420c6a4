import { expect } from 'chai';
import fc from 'fast-check';
import type { Answer } from '../lab/answer.ts';
import type { Guest } from '../lab/guest.ts';
import type { Place } from '../lab/place.ts';
import { among, canonical, same } from '../rules/addresses.ts';
import type { Expectation } from '../rules/expectation.ts';
import { expectationsIn } from '../rules/expectation.ts';
import type { Pools } from '../rules/pools.ts';
import { packetArbitrary, worldArbitrary } from '../rules/random-world.ts';
import type { Packet, World } from '../rules/world.ts';
import { manifestOf } from './support-objects.ts';
import type { AskProtocol } from './support-questions.ts';
import { Site } from './support.ts';

/** The same as in an earlier run where that one's number is given: `node test/lab/run.ts --env RULES_SEED=N -- mocha …`. */
const seed = Number(process.env['RULES_SEED'] ?? Math.floor(Math.random() * 2 ** 31));

/** Where the pods of the first node are. */
const ownPods = { by: 'source', cidrs: ['10.244.0.0/24', 'fd00:10:244::/64'] } as const;

/** What pods and the node listen on by every protocol: no number of a service's port, which would hide it on the node. */
const targetPorts = [8090, 8091];

/** So many packets are sent at most of those that are to become this. */
const packets = { served: 90, refused: 15, dropped: 8, 'refused or dropped': 2 };

/** So many are on their way at the same time. */
const atOnce = 16;

/** A packet and what the rules say of it. */
interface Asked {
  readonly packet: Packet;
  readonly expected: Expectation;
}

describe('random packets to random services', () => {
  let site: Site;
  let outside: Guest;
  let world: World;
  let pools: Pools;
  /** Every address of the node, those of services among them. */
  let nodeAddresses: readonly string[];

  before(async () => {
    console.log(`    RULES_SEED=${seed}`);
    site = await Site.build();
    outside = await site.cluster.addHost({
      name: 'guest',
      addresses: ['192.168.111.21', 'fd00:192::15'],
      via: site.first.name,
    });
    const [tcp, udp, sctp] = [targetPorts, targetPorts, targetPorts];
    await Promise.all(site.pods.map((pod) => pod.serve({ tcp, udp, sctp })));
    await site.first.serve({ tcp, udp });
    pools = poolsOf(await addressesOf());
    world = fc.sample(worldArbitrary(pools), { seed, numRuns: 1 })[0]!;
    await site.write('world.yaml', manifestOf([...world.services, ...world.slices]));
    site.configure('--cluster-cidr', ownPods.cidrs.join());
    await site.start(site.first);
    nodeAddresses = await addressesOf();
  });

  after(() => site.destroy());

  async function addressesOf(): Promise<readonly string[]> {
    const lines = (await site.first.must(['ip', '-o', 'address', 'show', 'scope', 'global']))
      .trim()
      .split('\n');
    return lines.map((line) => canonical(/inet6? ([^/]+)/.exec(line)![1]!));
  }

  function poolsOf(addresses: readonly string[]): Pools {
    const { first, second } = site;
    const [web1, web2, web3, web4] = site.pods.map((pod) => pod.addresses) as [
      string[],
      string[],
      string[],
      string[],
    ];
    const podsOn = (nodeName: string, pods: readonly string[]): Pools['pods'] =>
      pods.map((address) => ({ address, nodeName, zone: '' }));
    return {
      node: { name: first.name, addresses },
      pods: [
        ...podsOn(first.name, [...web1, ...web2, ...first.addresses]),
        ...podsOn(second.name, [...web3, ...web4]),
      ],
      clusterIPs: { IPv4: '10.96.7.', IPv6: 'fd00:10:96:7::' },
      outer: [
        ...[1, 2, 3].flatMap((last) => [`198.51.100.${last}`, `fd00:198:51::${last}`]),
        ...first.addresses,
        '10.244.0.99',
      ],
      sources: {
        node: first.addresses,
        'own pod': [...web1, ...web2],
        'other pod': web3,
        outside: outside.addresses,
      },
      sourceRanges: ['192.168.111.21/32', 'fd00:192::15/128', '10.244.0.0/16', '192.168.111.128/32', '::/0'],
      targetPorts: { TCP: targetPorts, UDP: targetPorts, SCTP: targetPorts },
      services: { min: 16, max: 20 },
      settings: fc.constant({ ownPods }),
    };
  }

  /**
   * Packets that the first node gets: a pod of another one asks that node itself for everything but the first one's ports.
   * Most of them are served; of those that are not, few suffice.
   */
  function drawn(): readonly Asked[] {
    const expected = expectationsIn(world);
    const isSent = ({ from, destination }: Packet): boolean =>
      from !== 'other pod' || among(pools.node.addresses, destination.address);
    const all = fc.sample(packetArbitrary(world, pools), { seed, numRuns: 4000 }).filter(isSent);
    const different = [...new Map(all.map((packet) => [JSON.stringify(packet), packet])).values()];
    const asked = different
      .map((packet) => ({ packet, expected: expected(packet) }))
      .filter((one) => !isBeyondSctp(one));
    return Object.entries(packets).flatMap(([kind, most]) =>
      asked.filter((one) => one.expected.kind === kind).slice(0, most),
    );
  }

  /** A program on the node itself answers by SCTP from all of its addresses, most of which its client has never asked. */
  function isBeyondSctp({ packet, expected }: Asked): boolean {
    if (packet.protocol !== 'SCTP' || expected.kind !== 'served') return false;
    return expected.candidates.some(({ address }) => among(pools.node.addresses, address));
  }

  function placeOf({ from, source }: Packet): Place {
    if (from === 'node') return site.first;
    return [...site.pods, outside].find(({ addresses }) => among(addresses, source!))!;
  }

  /** What is wrong about what became of a packet. */
  async function faultsOf({ packet, expected }: Asked): Promise<string[]> {
    const { protocol, source, destination, from } = packet;
    const answers = await placeOf(packet).ask(destination.address, destination.port, {
      protocol: protocol.toLowerCase() as AskProtocol,
      ...(from === 'node' && source !== undefined ? { source } : {}),
      count: 2,
      timeout: patience(packet, expected),
    });
    return answers
      .filter((answer) => !isRight(answer, packet, expected))
      .map(
        (answer) =>
          `${JSON.stringify(packet)}: expected ${JSON.stringify(expected)}, got ${JSON.stringify(answer)}`,
      );
  }

  function isRight(answer: Answer, packet: Packet, expected: Expectation): boolean {
    if (answer.ok) return expected.kind === 'served' && isOneOf(answer, packet, expected.candidates);
    if (expected.kind === 'dropped') return isDropped(answer, packet);
    return expected.kind.startsWith('refused') && refusals(packet, expected).includes(answer.error);
  }

  function isOneOf(
    { local, localPort, peer }: Extract<Answer, { ok: true }>,
    packet: Packet,
    candidates: Extract<Expectation, { kind: 'served' }>['candidates'],
  ): boolean {
    const found = candidates.find(({ address, port }) => same(address, local) && port === localPort);
    if (found === undefined) return false;
    return found.source === 'node'
      ? among(nodeAddresses, peer)
      : sourcesOf(packet).some((one) => same(one, peer));
  }

  /** What a pod sends to another node has that node's network plugin give it the node's own address. */
  function sourcesOf({ from, source = '' }: Packet): readonly string[] {
    return from === 'other pod' ? [source, ...site.second.addresses] : [source];
  }

  it('go where the rules of Kubernetes have them go', async () => {
    const asked = drawn();
    const left = [...asked];
    const faults: string[] = [];
    const ask = async (): Promise<void> => {
      for (let one = left.pop(); one !== undefined; one = left.pop()) faults.push(...(await faultsOf(one)));
    };
    await Promise.all(Array.from({ length: atOnce }, ask));

    expect(faults, `RULES_SEED=${seed}`).to.deep.equal([]);
    const kinds = asked.map(({ expected }) => expected.kind);
    expect(kinds, `RULES_SEED=${seed}`).to.include('served').and.include('refused');
  });
});

/** A process whose own node drops a datagram is told at once. */
function isDropped(answer: Answer, { from }: Packet): boolean {
  return !answer.ok && (answer.error === 'timeout' || (from === 'node' && answer.error === 'EPERM'));
}

/**
 * Linux does not tell a client of SCTP that its port is unreachable, and takes a refused datagram of the node's own not even
 * from the program.
 */
function refusals({ from, protocol }: Packet, { kind }: Expectation): readonly string[] {
  const dropped = kind === 'refused or dropped' ? ['timeout'] : [];
  if (protocol === 'SCTP') return ['refused', 'EPERM', 'timeout'];
  return protocol === 'UDP' && from === 'node' ? ['refused', 'EPERM', ...dropped] : ['refused', ...dropped];
}

/** Milliseconds until a packet counts as dropped; no time is lost with those that are to be. */
function patience({ protocol }: Packet, { kind }: Expectation): number {
  if (kind === 'served') return 10_000;
  return kind === 'refused' && protocol !== 'SCTP' ? 5000 : 500;
}
