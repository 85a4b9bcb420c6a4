import type { SetEntry } from '../../model/ip-set.ts';
import type { NodeFacts } from '../../model/node-facts.ts';
import type { PlannedVirtualServer, ServicePlan } from '../../model/plan.ts';
import type { PlannerOptions } from '../../model/planner-options.ts';
import type { Service, ServiceKey } from '../../model/service.ts';
import { type VirtualServer, virtualServerFlags } from '../../model/virtual-server.ts';
import { localAddressesOf } from '../../planner/addresses.ts';
import type { Reach } from '../../planner/planned-port.ts';
import type { HeldVirtualServer } from '../held.ts';
import { hostPort } from '../output/ipvsadm.ts';
import { flagNames } from '../output/scheduler-flags.ts';
import { maskedClients, reachWords } from './reach-words.ts';
import { difference, type RealServerView, realServerViews } from './real-server-view.ts';
import type { Way, WayKind } from './way.ts';

/** What a kernel holds, as far as it may be of one Service. */
export interface HeldService {
  /** Virtual servers by key. */
  readonly servers: ReadonlyMap<string, HeldVirtualServer>;
  /** Others at the addresses that it has bound, by key: they may be of other Services. */
  readonly others: ReadonlyMap<string, HeldVirtualServer>;
  /** Keys of all set entries. */
  readonly setEntries: ReadonlySet<string>;
  /** Addresses on kube-ipvs0. */
  readonly addresses: ReadonlySet<string>;
}

/** How the kernel holds a virtual server: `taken` where an older Service has it. */
export type WayState = 'as-wanted' | 'differs' | 'missing' | 'taken';

/** An element of a set, as it is shown. */
export interface SetElementView {
  readonly set: string;
  readonly element: string;
  readonly held: boolean;
}

/** A way to a Service, as it is shown. */
export interface WayView {
  readonly kind: WayKind;
  readonly protocol: string;
  readonly address: string;
  readonly port: number;
  readonly portName: string;
  readonly state: WayState;
  /** What is otherwise than wanted, in words; empty where nothing is. */
  readonly differences: readonly string[];
  /** The older Service that has the virtual server, `null` where it is this one. */
  readonly takenBy: ServiceKey | null;
  /** Whether kube-ipvs0 bears the address; `null` where another interface of the node does. */
  readonly bound: boolean | null;
  /** `null` where the kernel has no virtual server. */
  readonly scheduler: string | null;
  readonly reach: 'inside' | Reach;
  readonly reachText: string;
  /** Whose source address endpoints do not see; `null` where nobody is served. */
  readonly masqueraded: string | null;
  readonly sets: readonly SetElementView[];
  readonly realServers: readonly RealServerView[];
}

/** What ways are judged with. */
export interface WayFacts {
  readonly service: Service;
  readonly plan: ServicePlan;
  readonly node: NodeFacts;
  readonly options: PlannerOptions;
  readonly held: HeldService;
  /** The Service that has a virtual server, by its key; of several that want it the oldest. */
  readonly winnerOf: (key: string) => ServiceKey | undefined;
}

/** Compares what is wanted at an address with what the kernel holds there; `undefined` where nothing is planned there. */
export function wayView(way: Way, facts: WayFacts): WayView | undefined {
  const planned = facts.plan.virtualServers.find(({ server }) => server.key === way.key);
  if (planned === undefined) return undefined;
  const sets = setsOf(way, planned, facts);
  const reach = reachOf(way, sets);
  return {
    ...{ kind: way.kind, protocol: way.port.protocol, address: way.address },
    ...{ port: way.number, portName: way.port.name },
    ...heldPart(way, planned, sets, facts),
    ...{ reach, reachText: reachWords(way, reach, facts) },
    masqueraded: planned.realServers.length === 0 ? null : maskedClients(way, reach, facts.options),
    sets,
  };
}

type HeldPart = Pick<WayView, 'state' | 'differences' | 'takenBy' | 'bound' | 'scheduler' | 'realServers'>;

function heldPart(
  way: Way,
  planned: PlannedVirtualServer,
  sets: readonly SetElementView[],
  facts: WayFacts,
): HeldPart {
  const has = facts.held.servers.get(way.key);
  const common = { bound: boundTo(way, facts), scheduler: has?.service.scheduler ?? null };
  const winner = facts.winnerOf(way.key) ?? facts.plan.service;
  if (winner !== facts.plan.service) {
    return { ...common, state: 'taken', differences: [], takenBy: winner, realServers: [] };
  }
  const realServers = realServerViews(planned, has?.destinations ?? [], facts.plan);
  const differences = [
    ...heldDifferences(planned, has, realServers),
    ...(common.bound === false ? [`${way.address} is not bound to kube-ipvs0`] : []),
    ...sets.filter((one) => !one.held).map(({ set, element }) => `${element} is not in ${set}`),
  ];
  return { ...common, state: stateOf(has, differences), differences, takenBy: null, realServers };
}

function heldDifferences(
  { server }: PlannedVirtualServer,
  has: HeldVirtualServer | undefined,
  realServers: readonly RealServerView[],
): string[] {
  if (has === undefined) return ['there is no virtual server'];
  return [...serverDifferences(server, has), ...realServers.flatMap(realServerDifferences)];
}

function stateOf(has: HeldVirtualServer | undefined, differences: readonly string[]): WayState {
  if (has === undefined) return 'missing';
  return differences.length === 0 ? 'as-wanted' : 'differs';
}

function serverDifferences(wanted: VirtualServer, { service }: HeldVirtualServer): string[] {
  const [is, want] = [described({ ...wanted, ...service }), described(wanted)];
  const kinds = ['scheduler', 'scheduler flags', 'affinity'] as const;
  const told = kinds
    .filter((kind) => is[kind] !== want[kind])
    .map((kind) => difference(kind, is[kind], want[kind]));
  return service.netmask === wanted.persistencePrefix
    ? told
    : [...told, difference('persistence prefix', service.netmask, wanted.persistencePrefix)];
}

function described({
  scheduler,
  flags,
  timeout,
}: Pick<VirtualServer, 'scheduler' | 'flags' | 'timeout'>): Readonly<
  Record<'scheduler' | 'scheduler flags' | 'affinity', string>
> {
  const names = flagNames(scheduler, flags);
  const persistent = (flags & virtualServerFlags.persistent) !== 0;
  return {
    scheduler,
    'scheduler flags': names.length === 0 ? 'none' : names.join(','),
    affinity: persistent ? `${timeout} s` : 'none',
  };
}

function realServerDifferences({ address, port, state, differences }: RealServerView): string[] {
  const name = hostPort(address, port);
  if (state === 'missing') return [`the real server ${name} is missing`];
  if (state === 'extra') return [`the real server ${name} is not wanted`];
  return state === 'differs' ? [`of the real server ${name} ${differences.join(', ')}`] : [];
}

/** An address that the node has of its own is left where it is. */
function boundTo({ kind, address }: Way, { node, held }: WayFacts): boolean | null {
  const own = kind !== 'cluster IP' && localAddressesOf(node).includes(address);
  return kind === 'node port' || own ? null : held.addresses.has(address);
}

/** The elements of sets that are about one address and port, or about the address or the node port alone. */
function setsOf(
  way: Way,
  { setEntries = [] }: PlannedVirtualServer,
  { plan, held }: WayFacts,
): SetElementView[] {
  const shared = plan.setEntries.filter((entry) => isAbout(way, entry));
  return [...shared, ...setEntries].map(({ key, set, element }) => ({
    ...{ set, element },
    held: held.setEntries.has(key),
  }));
}

function isAbout(way: Way, { set, element }: SetEntry): boolean {
  const {
    kind,
    family,
    address,
    number,
    port: { protocol },
  } = way;
  if (set.startsWith('KUBE-6-') !== (family === 'IPv6')) return false;
  if (element === address || element === `${address},${protocol.toLowerCase()}:${number}`) return true;
  return kind === 'node port' && element === String(number) && set.includes(`-${protocol}`);
}

/** The sets are what decides it in the kernel. */
function reachOf({ kind }: Way, sets: readonly SetElementView[]): WayView['reach'] {
  if (kind === 'cluster IP') return 'inside';
  if (sets.some(({ set }) => set.endsWith('NO-LOCAL-ENDPOINTS'))) return 'refused';
  return sets.some(({ set }) => set.includes('-LOCAL')) ? 'local' : 'anywhere';
}

/** Whether new connections at a way find a real server. */
export function isServed({ state, bound, realServers }: WayView): boolean {
  if (state === 'taken' || state === 'missing' || bound === false) return false;
  return realServers.some(({ weight }) => weight !== null && weight > 0);
}
