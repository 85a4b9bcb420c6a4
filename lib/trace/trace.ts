import { familyOf } from '../model/family.ts';
import type { RealServer } from '../model/real-server.ts';
import { type VirtualServer, virtualServerFlags, virtualServerKey } from '../model/virtual-server.ts';
import { Course } from './course.ts';
import { Undecidable } from './fault.ts';
import type { Flight } from './flight.ts';
import type { Packet } from './packet.ts';
import { Surroundings, type TracedNode } from './surroundings.ts';
import type { TracedTables } from './traced-tables.ts';
import type { Candidate, Ending, Persistence, Source, Trace, Verdict } from './verdict.ts';

/*
 * The order in which Linux asks: at each hook mangle, then nat (PREROUTING, OUTPUT) or filter (INPUT, FORWARD), IPVS
 * behind filter on INPUT and between nat and filter on OUTPUT (nf_ip_hook_priorities, linux/netfilter_ipv4.h; ip_vs_ops4,
 * net/netfilter/ipvs/ip_vs_core.c). What IPVS sends to another machine passes OUTPUT once more, with its new
 * destination (ip_vs_nat_send_or_cont, ip_vs_xmit.c); the nat table is asked once in a direction.
 */

/** The sysctl by which connections of IPVS have entries in conntrack. The kernel's own value is 0. */
const conntrackSysctl = 'net/ipv4/vs/conntrack';

/**
 * Where a packet that opens a connection goes, and with which source, by the tables of a kernel alone: a pure function.
 * Rules of others than this project are not known to it, nor connections that exist, nor how busy a real server is.
 */
export function trace(packet: Packet, tables: TracedTables, node: TracedNode): Trace {
  const around = new Surroundings(tables, node);
  const course = new Course(around, flightOf(packet, around));
  const verdict = decided(() => (packet.from.by === 'node' ? sendFromHere(course) : comeIn(course)));
  return { steps: course.steps, verdict };
}

function decided<Outcome>(decide: () => Outcome): Outcome | Ending {
  try {
    return decide();
  } catch (error) {
    if (error instanceof Undecidable) return { kind: 'undecided', fault: error.fault };
    throw error;
  }
}

function flightOf(
  { from, protocol, sourcePort = 0, destination, port }: Packet,
  around: Surroundings,
): Flight {
  const family = familyOf(destination);
  const own = around.isLocal(destination) ? destination : (around.ownAddress(family) ?? destination);
  return {
    ...{ family, protocol, sourcePort, destination, port },
    source: from.source ?? own,
    mark: 0,
    inInterface: from.by === 'node' ? '' : from.interface,
    bridged: from.by === 'interface' && from.bridged === true,
    tracked: true,
    masqueraded: false,
  };
}

/** A packet from a wire. IPVS looks at those for the node itself. */
function comeIn(course: Course): Verdict {
  const ending = course.pass('PREROUTING', 'mangle', 'nat');
  if (ending !== undefined) return ending;
  if (!isForNode(course)) {
    return (
      course.pass('FORWARD', 'mangle', 'filter') ??
      course.pass('POSTROUTING', 'mangle', 'nat') ?? { kind: 'forwarded', source: sourceOf(course) }
    );
  }
  return (
    course.pass('INPUT', 'mangle', 'filter') ??
    balance(course, 'INPUT') ??
    course.pass('INPUT', 'nat') ?? { kind: 'node', source: sourceOf(course) }
  );
}

/** A packet of the node's own. IPVS looks at every one. */
function sendFromHere(course: Course): Verdict {
  const verdict =
    course.pass('OUTPUT', 'mangle', 'nat') ?? balance(course, 'OUTPUT') ?? course.pass('OUTPUT', 'filter');
  if (verdict !== undefined) return verdict;
  const forNode = isForNode(course);
  return (
    course.pass('POSTROUTING', 'mangle', 'nat') ??
    (forNode ? comeBack(course) : undefined) ?? {
      kind: forNode ? 'node' : 'forwarded',
      source: sourceOf(course),
    }
  );
}

/** What the node sends to itself comes in on `lo`. The nat table and IPVS have seen it already. */
function comeBack(course: Course): Ending | undefined {
  course.flight = { ...course.flight, inInterface: 'lo', bridged: false };
  return course.pass('PREROUTING', 'mangle') ?? course.pass('INPUT', 'mangle', 'filter');
}

function isForNode({ around, flight: { destination }, steps }: Course): boolean {
  const [local, bound] = [around.isLocal(destination), around.isBound(destination)];
  steps.push({ kind: 'route', destination, local, bound });
  return local;
}

function sourceOf({ flight: { masqueraded, source } }: Course): Source {
  return masqueraded ? { kind: 'masqueraded' } : { kind: 'kept', address: source };
}

/** What IPVS does with a packet at a hook; nothing where no virtual server is for it. */
function balance(course: Course, hook: 'INPUT' | 'OUTPUT'): Verdict | undefined {
  const {
    flight: { protocol, destination: address, port },
    around: { tables },
  } = course;
  const key = virtualServerKey({ protocol, address, port });
  const server =
    tables.virtualServers.get(key) ??
    tables.virtualServers.get(virtualServerKey({ protocol, address, port: 0 }));
  const realServers = [...tables.realServers.values()].filter((one) => one.virtualServer.key === server?.key);
  course.steps.push({ kind: 'virtual-server', hook, key, ...(server && { server }), realServers });
  if (server === undefined) return undefined;
  const usable = realServers.filter(({ weight }) => weight > 0);
  if (usable.length === 0) return { kind: 'refused', by: server, with: 'port-unreachable' };
  const candidates = usable.map((one) => candidateOf(course, one, hook));
  const persistence = persistenceOf(server);
  return { kind: 'balanced', virtualServer: server, ...(persistence && { persistence }), candidates };
}

function persistenceOf({ flags, timeout, persistencePrefix }: VirtualServer): Persistence | undefined {
  return (flags & virtualServerFlags.persistent) === 0
    ? undefined
    : { seconds: timeout, prefix: persistencePrefix };
}

/** What becomes of a packet that is given to a real server. A virtual server of every port keeps the packet's own. */
function candidateOf(before: Course, server: RealServer, hook: 'INPUT' | 'OUTPUT'): Candidate {
  const { around, flight } = before;
  const tracked = around.tables.sysctls.get(conntrackSysctl)?.value === '1';
  const port = server.virtualServer.port === 0 ? flight.port : server.port;
  const course = before.fork({ destination: server.address, port, tracked });
  const local = around.isLocal(server.address);
  course.steps.push({ kind: 'real-server', server, local, tracked });
  const verdict = decided(() => {
    if (server.forwarding !== 'masquerade') throw new Undecidable({ kind: 'unknown-forwarding', server });
    const ending = local ? deliverHere(course, hook) : sendAway(course);
    return ending ?? ({ kind: 'delivered', source: sourceOf(course) } as const);
  });
  return { server, port, steps: course.steps, verdict };
}

function sendAway(course: Course): Ending | undefined {
  course.flight = { ...course.flight, inInterface: '' };
  return course.pass('OUTPUT', 'mangle', 'filter') ?? course.pass('POSTROUTING', 'mangle', 'nat');
}

/** A real server on the node itself: the packet goes on from where IPVS met it. */
function deliverHere(course: Course, hook: 'INPUT' | 'OUTPUT'): Ending | undefined {
  if (hook === 'INPUT') return course.pass('INPUT', 'nat');
  return course.pass('OUTPUT', 'filter') ?? course.pass('POSTROUTING', 'mangle', 'nat') ?? comeBack(course);
}
