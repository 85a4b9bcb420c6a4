import { expect } from 'chai';
import fc from 'fast-check';
import { planBase } from '../../../lib/planner/base-plan.ts';
import type { Origin } from '../../../lib/trace/packet.ts';
import { trace } from '../../../lib/trace/trace.ts';
import { plannedTables, type TracedTables } from '../../../lib/trace/traced-tables.ts';
import type { Candidate, Verdict } from '../../../lib/trace/verdict.ts';
import { among, same } from '../../rules/addresses.ts';
import { expectationOf } from '../../rules/expectation.ts';
import { packetArbitrary, worldArbitrary } from '../../rules/random-world.ts';
import type { Packet, World } from '../../rules/world.ts';
import { nodeFactsOf, plannerOptionsOf, plansOf } from '../rules/planned.ts';

/** What becomes of a packet, in words that rules and traces have in common. */
interface Outcome {
  readonly kind: string;
  readonly targets?: readonly Target[];
  readonly affinity?: number;
}

/** Where a packet may go, and whom it is seen to come from. */
interface Target {
  readonly address: string;
  readonly port: number;
  readonly source: string;
}

/** What a kernel holds for a world. Of the plans that want one virtual server the oldest has it. */
function tablesOf(world: World): TracedTables {
  const plans = plansOf(world).sort((a, b) => a.created - b.created || (a.service < b.service ? -1 : 1));
  return plannedTables(planBase(plannerOptionsOf(world)), plans);
}

function originOf({ from, source }: Packet, bridged: boolean): Origin {
  if (from === 'node') return { by: 'node', ...(source === undefined ? {} : { source }) };
  const own = from === 'own pod';
  return { by: 'interface', source: source ?? '', interface: own ? 'cni0' : 'eth0', bridged: own && bridged };
}

function byTheTables(world: World, packet: Packet, bridged: boolean, tables: TracedTables): Outcome {
  const { protocol, destination } = packet;
  const { verdict } = trace(
    {
      from: originOf(packet, bridged),
      protocol,
      destination: destination.address,
      port: destination.port,
    },
    tables,
    nodeFactsOf(world),
  );
  return outcomeOf(verdict, packet);
}

function outcomeOf(verdict: Verdict, packet: Packet): Outcome {
  switch (verdict.kind) {
    case 'balanced':
      return {
        kind: 'served',
        targets: verdict.candidates.map((one) => targetOf(one, packet)),
        affinity: verdict.persistence?.seconds ?? 0,
      };
    case 'refused':
    case 'dropped':
      return { kind: verdict.kind };
    case 'node':
    case 'forwarded':
      return { kind: 'none' };
    case 'lost':
      return { kind: JSON.stringify(verdict.why) };
    case 'undecided':
      return { kind: JSON.stringify(verdict.fault) };
  }
}

/** The rules call every source of the node's own processes the node's. */
function targetOf({ server: { address, port }, verdict }: Candidate, { from }: Packet): Target {
  if (verdict.kind !== 'delivered') return { address, port, source: verdict.kind };
  const kept = verdict.source.kind === 'kept' && from !== 'node';
  return { address, port, source: kept ? 'kept' : 'node' };
}

function byTheRules(world: World, packet: Packet): Outcome {
  const expected = expectationOf(world, packet);
  if (expected.kind !== 'served') return { kind: expected.kind };
  const { kind, candidates, affinity } = expected;
  return { kind, affinity, targets: candidates.map((one) => withSource(world, packet, one)) };
}

/** What comes from a wire and is for the node itself never leaves it, and only what leaves is masqueraded. */
function withSource({ node }: World, { from }: Packet, { address, port, source }: Target): Target {
  return { address, port, source: from !== 'node' && among(node.addresses, address) ? 'kept' : source };
}

/** An outcome in one line, in which nothing is said of what is left open. */
function inWords(world: World, packet: Packet, { kind, targets = [], affinity = 0 }: Outcome): string {
  const lines = targets.map(({ address, port, source }) =>
    [address, port, isLeftOpen(world, packet, address) ? 'either' : source].join(' '),
  );
  return [kind, ...lines.sort(), `affinity ${affinity}`].join(', ');
}

/**
 * Whether it makes no difference whom an endpoint sees: one that reaches itself, but is not known to be of this node by
 * all that its slices say. Pods of other nodes reach themselves over their own nodes.
 */
function isLeftOpen({ slices, node }: World, { source = '' }: Packet, address: string): boolean {
  return (
    source !== '' &&
    same(address, source) &&
    slices
      .flatMap(({ endpoints }) => endpoints)
      .some(({ addresses, nodeName }) => among(addresses, address) && nodeName !== node.name)
  );
}

function isEither(rules: Outcome, { kind }: Outcome): boolean {
  return rules.kind === 'refused or dropped' && (kind === 'refused' || kind === 'dropped');
}

/**
 * Whether source ranges have been asked of a source that a process of the node has picked: the rules ask for that one, the
 * tables whether any address of the node is let in.
 */
function isOwnChoice({ from, source }: Packet, ...outcomes: readonly Outcome[]): boolean {
  const picked = from === 'node' && source !== undefined;
  return picked && outcomes.some(({ kind }) => kind === 'dropped' || kind === 'refused or dropped');
}

const visits = worldArbitrary().chain((world) =>
  fc.record({
    world: fc.constant(world),
    packets: fc.array(packetArbitrary(world), { minLength: 20, maxLength: 20 }),
    bridged: fc.boolean(),
  }),
);

describe('a trace over planned tables', () => {
  it('says of every packet what the rules of Kubernetes say', () => {
    fc.assert(
      fc.property(visits, ({ world, packets, bridged }) => {
        const tables = tablesOf(world);
        for (const packet of packets) {
          const rules = byTheRules(world, packet);
          const found = byTheTables(world, packet, bridged, tables);
          if (!isEither(rules, found) && !isOwnChoice(packet, rules, found))
            expect(inWords(world, packet, found), JSON.stringify(packet)).to.equal(
              inWords(world, packet, rules),
            );
        }
      }),
      { numRuns: 100 },
    );
  });
});
