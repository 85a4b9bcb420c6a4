import { familyOf } from '../../lib/model/family.ts';
import type { Keyed } from '../../lib/model/keyed.ts';
import { planBase } from '../../lib/planner/base-plan.ts';
import type { Origin } from '../../lib/trace/packet.ts';
import { trace } from '../../lib/trace/trace.ts';
import { type HeldTables, plannedTables } from '../../lib/trace/traced-tables.ts';
import type { Source, Verdict } from '../../lib/trace/verdict.ts';
import type { Answer } from '../lab/answer.ts';
import type { Node } from '../lab/node.ts';
import { podBridge } from '../lab/node.ts';
import type { Place } from '../lab/place.ts';
import type { Program } from '../lab/program.ts';
import { bare, gatewayOf, isWithin } from '../lab/topology.ts';
import type { KubeProtocol } from '../rules/objects.ts';
import type { World } from '../rules/world.ts';
import { plannerOptionsOf, plansOf } from '../unit/rules/planned.ts';
import { until } from './support.ts';

/** A node with its addresses and what its kernel holds. */
export interface TracedPlace {
  readonly node: Node;
  /** Those of its interfaces, the one on the nodes' network first. */
  readonly addresses: readonly string[];
  readonly tables: HeldTables;
}

/** A packet that is sent. */
export interface Question {
  readonly from: Place;
  readonly protocol: KubeProtocol;
  readonly address: string;
  readonly port: number;
}

/** What the tables say of a packet, and by whose tables it was decided. */
export interface Forecast {
  readonly verdict: Verdict;
  readonly at: TracedPlace;
}

/** Addresses of a node's interfaces. */
export function addressesOf(node: Node): readonly string[] {
  return [...node.addresses, ...node.podCIDRs.map((cidr) => bare(gatewayOf(cidr)))];
}

/** Tells what a node's kernel holds, by a process there that reads it. */
export class TableReader {
  readonly #program: Program;

  private constructor(program: Program) {
    this.#program = program;
  }

  /** Starts the process on a node. It ends with the cluster. */
  static async start(node: Node): Promise<TableReader> {
    const program = await node.start(['node', 'test/packets/tables-reader.ts']);
    await program.log(/^ready$/, 60_000);
    return new TableReader(program);
  }

  /** What the kernel holds now. */
  async read(): Promise<HeldTables> {
    const from = this.#program.lines.length;
    process.kill(this.#program.pid, 'SIGUSR2');
    const { fields } = await this.#program.log((line) => 'tables' in line.fields, 30_000, from);
    return tablesFrom(fields['tables'] as Lists);
  }

  /** Waits until the kernel holds what is planned for a world and, but for servers that drain, nothing else. */
  readPlanned(world: World): Promise<HeldTables> {
    const plans = plansOf(world).sort((a, b) => a.created - b.created || (a.service < b.service ? -1 : 1));
    const planned = plannedTables(planBase(plannerOptionsOf(world)), plans);
    const wanted = keysOf(planned);
    return until(
      () => this.read(),
      (tables) => keysOf(tables) === wanted,
      30_000,
    );
  }
}

/** Every table as the list of its entries. */
type Lists = {
  readonly [Name in keyof HeldTables]: readonly (HeldTables[Name] extends ReadonlyMap<string, infer Entry>
    ? Entry
    : never)[];
};

function tablesFrom(lists: Lists): HeldTables {
  return {
    sysctls: byKey(lists.sysctls),
    sets: byKey(lists.sets),
    firewall: byKey(lists.firewall),
    setEntries: byKey(lists.setEntries),
    virtualServers: byKey(lists.virtualServers),
    realServers: byKey(lists.realServers),
    addresses: byKey(lists.addresses),
  };
}

function byKey<Entry extends Keyed>(entries: readonly Entry[]): ReadonlyMap<string, Entry> {
  return new Map(entries.map((entry) => [entry.key, entry]));
}

/** What services put into a kernel, in one text. */
function keysOf({ virtualServers, realServers, setEntries, addresses }: HeldTables): string {
  const serving = [...realServers.values()].filter(({ weight }) => weight > 0).map(({ key }) => key);
  const keys = [virtualServers, setEntries, addresses].flatMap((table) => [...table.keys()]);
  return [...keys, ...serving].sort().join('\n');
}

/** What becomes of a packet by the tables of the nodes that it passes. Only packets to what nodes have are followed. */
export function foretell(question: Question, places: readonly TracedPlace[]): Forecast {
  const at = entryOf(question, places);
  const verdict = traceAt(question, at, originOf(question, at));
  const next = places.find(({ addresses }) => addresses.includes(question.address));
  if (verdict.kind !== 'forwarded' || next === undefined || next === at) return { verdict, at };
  const source = sourceBehind(question, verdict.source, at);
  return { at: next, verdict: traceAt(question, next, { by: 'interface', interface: 'eth0', source }) };
}

function traceAt({ protocol, address, port }: Question, at: TracedPlace, from: Origin): Verdict {
  return trace({ from, protocol, destination: address, port }, at.tables, at).verdict;
}

/** The node that a packet meets first: the one that it is on, or that it is sent to, or else the first. */
function entryOf({ from, address }: Question, places: readonly TracedPlace[]): TracedPlace {
  const own = places.find(({ node }) => node === from || hasPod(node, from));
  return own ?? places.find(({ node }) => node.addresses.includes(address)) ?? places[0]!;
}

function originOf({ from, address }: Question, { node }: TracedPlace): Origin {
  if (from === node) return { by: 'node' };
  const source = familyOf(address) === 'IPv4' ? from.ipv4 : from.ipv6;
  return hasPod(node, from)
    ? { by: 'interface', interface: podBridge, bridged: true, source }
    : { by: 'interface', interface: 'eth0', source };
}

/** The source of a packet behind a node, whose network plugin masquerades what pods send to what is no pod. */
function sourceBehind({ from, address }: Question, source: Source, at: TracedPlace): string {
  const own = at.addresses.find((one) => familyOf(one) === familyOf(address)) ?? '';
  if (source.kind === 'masqueraded') return own;
  return hasPod(at.node, from) && !isOfPods(address) ? own : source.address;
}

function hasPod({ podCIDRs }: Node, place: Place): boolean {
  return podCIDRs.some((cidr) => isWithin(place.ipv4, cidr));
}

function isOfPods(address: string): boolean {
  return isWithin(address, familyOf(address) === 'IPv4' ? '10.244.0.0/16' : 'fd00:10:244::/48');
}

/** How a refused packet shows, see `refused` in support-questions.ts. */
const refusals: Readonly<Record<KubeProtocol, readonly string[]>> = {
  TCP: ['refused'],
  UDP: ['refused', 'EPERM'],
  SCTP: ['refused', 'EPERM', 'timeout'],
};

/**
 * Why what came of a packet is not what was foretold; `undefined` where it is, and where nothing is told.
 * @param everybody all who may have answered
 */
export function difference(
  question: Question,
  { verdict, at }: Forecast,
  answer: Answer,
  everybody: readonly Place[],
): string | undefined {
  const words = answer.ok ? `answered by ${answer.name}, asked by ${answer.peer}` : answer.error;
  const told = allowed(question, verdict, at, everybody);
  return told.includes(words) ? undefined : `expected one of [${told.join('; ')}], got ${words}`;
}

/**
 * Whether whoever asks hears an answer whoever gives it. A pod does not hear what an endpoint in its own node's network
 * answers by SCTP: Linux 6.1 loses that.
 */
export function isHeard({ from, protocol }: Question, { verdict, at }: Forecast): boolean {
  if (verdict.kind !== 'balanced' || protocol !== 'SCTP' || !hasPod(at.node, from)) return true;
  return !verdict.candidates.some(({ server }) => at.addresses.includes(server.address));
}

function allowed(
  question: Question,
  verdict: Verdict,
  at: TracedPlace,
  everybody: readonly Place[],
): readonly string[] {
  switch (verdict.kind) {
    case 'balanced':
      return verdict.candidates.flatMap(({ server: { address }, verdict: outcome }) => {
        if (outcome.kind === 'unanswered') return ['timeout'];
        if (outcome.kind !== 'delivered') return allowed(question, outcome, at, everybody);
        const name = everybody.find(({ addresses }) => addresses.includes(address))?.name ?? address;
        return peersOf(question, outcome.source, address, at).map(
          (peer) => `answered by ${name}, asked by ${peer}`,
        );
      });
    case 'refused':
      return refusals[question.protocol];
    case 'dropped':
      return ['timeout', 'EPERM'];
    default:
      return [JSON.stringify(verdict)];
  }
}

function peersOf(question: Question, source: Source, target: string, at: TracedPlace): readonly string[] {
  const hidden = source.kind === 'masqueraded' || isHiddenByPlugin(question, source.address, target, at);
  if (!hidden) return [source.address];
  return at.addresses.filter((one) => familyOf(one) === familyOf(target));
}

/** Whether the network plugin masquerades what goes to an endpoint: what has a pod's source, leaves, and is for no pod. */
function isHiddenByPlugin(
  { from }: Question,
  source: string,
  target: string,
  { node, addresses }: TracedPlace,
): boolean {
  const leaves = from === node || !addresses.includes(target);
  return leaves && !isOfPods(target) && node.podCIDRs.some((cidr) => isWithin(source, cidr));
}

/** Sends a packet and waits for what comes of it, no longer than it takes to know that nothing does. */
export async function send(
  { from, protocol, address, port }: Question,
  { verdict }: Forecast,
): Promise<Answer> {
  const timeout = timeoutOf(protocol, verdict);
  const asked = protocol.toLowerCase() as Lowercase<KubeProtocol>;
  const [answer] = await from.ask(address, port, { protocol: asked, timeout });
  return answer!;
}

/**
 * A dropped packet is waited for less than Linux takes to send it again. What is refused by ICMP may pass unheard at the
 * first packet, so there is time for a second one; SCTP never hears of it.
 */
function timeoutOf(protocol: KubeProtocol, { kind }: Verdict): number {
  if (kind === 'dropped') return 900;
  if (kind !== 'refused') return 15_000;
  return protocol === 'SCTP' ? 900 : 10_000;
}
