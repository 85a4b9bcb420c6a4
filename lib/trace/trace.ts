import { familyOf } from '../model/family.ts';
import type { RealServer } from '../model/real-server.ts';
import { type VirtualServer, virtualServerFlags, virtualServerKey } from '../model/virtual-server.ts';
import { answer } from './answer.ts';
import { Course } from './course.ts';
import { Undecidable } from './fault.ts';
import type { Flight } from './flight.ts';
import type { Packet } from './packet.ts';
import { comeBack, forward, interfaceTo, routeMissing, sourceOf } from './passage.ts';
import { Surroundings, type TracedNode } from './surroundings.ts';
import type { TracedTables } from './traced-tables.ts';
import type { Candidate, Ending, Persistence, Trace, Verdict } from './verdict.ts';

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
 * Connections that exist are not known to it, nor how busy a real server is. Where all rules are known, those of others
 * are judged as well, and what cannot be judged of them is told; where routes are, so is the way of the answer.
 */
export function trace(packet: Packet, tables: TracedTables, node: TracedNode): Trace {
  const around = new Surroundings(tables, node);
  const course = new Course(around, flightOf(packet, around));
  const verdict = decided(
    () => full(course) ?? (packet.from.by === 'node' ? sendFromHere(course) : comeIn(course)),
  );
  const { steps, doubts } = course;
  return { steps, verdict, ...(doubts.length > 0 && { doubts }) };
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
  const own = around.isLocal(destination)
    ? destination
    : (around.sourceTo(destination, family) ?? destination);
  const fromHere = from.by === 'node';
  return {
    ...{ family, protocol, sourcePort, destination, port },
    ...{ source: from.source ?? own, mark: 0, state: 'NEW' },
    inInterface: fromHere ? '' : from.interface,
    outInterface: fromHere ? interfaceTo(destination, around) : '',
    bridged: from.by === 'interface' && from.bridged === true,
    ...{ tracked: true, masqueraded: false },
  };
}

/** Whether there is no room for another connection. */
function full({ around: { tables } }: Course): Ending | undefined {
  const { conntrackFill: fill } = tables;
  return fill !== undefined && fill.maximum > 0 && fill.count >= fill.maximum
    ? { kind: 'lost', why: { kind: 'conntrack-full', fill } }
    : undefined;
}

/** A packet from a wire. IPVS looks at those for the node itself. */
function comeIn(course: Course): Verdict {
  const ending = course.pass('PREROUTING', 'raw', 'mangle', 'nat');
  if (ending !== undefined) return ending;
  if (!isForNode(course)) {
    return (
      forward(course) ??
      course.pass('POSTROUTING', 'mangle', 'nat') ?? { kind: 'forwarded', source: sourceOf(course) }
    );
  }
  return (
    course.pass('INPUT', 'mangle', 'filter', 'security') ??
    balance(course, 'INPUT') ??
    course.pass('INPUT', 'nat') ?? { kind: 'node', source: sourceOf(course) }
  );
}

/** A packet of the node's own. IPVS looks at every one. */
function sendFromHere(course: Course): Verdict {
  return (
    routeMissing(course, course.flight.destination) ??
    course.pass('OUTPUT', 'raw', 'mangle', 'nat') ??
    balance(course, 'OUTPUT') ??
    course.pass('OUTPUT', 'filter', 'security') ??
    goOn(course)
  );
}

/** What no service has and the node sends goes out, or to the node itself. */
function goOn(course: Course): Verdict {
  const forNode = isForNode(course);
  const ending = course.pass('POSTROUTING', 'mangle', 'nat') ?? (forNode ? comeBack(course) : undefined);
  return ending ?? { kind: forNode ? 'node' : 'forwarded', source: sourceOf(course) };
}

function isForNode({ around, flight: { destination }, steps }: Course): boolean {
  const [local, bound] = [around.isLocal(destination), around.isBound(destination)];
  const route = local ? undefined : around.route(destination);
  steps.push({ kind: 'route', destination, local, bound, ...(route && { route }) });
  return local;
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
  const tracked = flight.tracked && around.sysctl(conntrackSysctl) === '1';
  const port = server.virtualServer.port === 0 ? flight.port : server.port;
  const course = before.fork({ destination: server.address, port, tracked });
  const local = around.isLocal(server.address);
  const route = local ? undefined : around.route(server.address);
  course.steps.push({ kind: 'real-server', server, local, tracked, ...(route && { route }) });
  const verdict = decided(() => {
    if (server.forwarding !== 'masquerade') throw new Undecidable({ kind: 'unknown-forwarding', server });
    const ending = local ? deliverHere(course, hook) : sendAway(course);
    if (ending !== undefined) return ending;
    const source = sourceOf(course);
    const back = answer(course, flight);
    if (back?.ending !== undefined) {
      return { kind: 'unanswered', source, answer: back.steps, ending: back.ending } as const;
    }
    return { kind: 'delivered', source, ...(back && { answer: back.steps }) } as const;
  });
  return {
    server,
    port,
    steps: course.steps,
    verdict,
    ...(course.doubts.length > 0 && { doubts: course.doubts }),
  };
}

function sendAway(course: Course): Ending | undefined {
  const { destination } = course.flight;
  course.change({ inInterface: '', outInterface: interfaceTo(destination, course.around) });
  return (
    routeMissing(course, destination) ??
    course.pass('OUTPUT', 'mangle', 'filter', 'security') ??
    course.pass('POSTROUTING', 'mangle', 'nat')
  );
}

/** A real server on the node itself: the packet goes on from where IPVS met it. */
function deliverHere(course: Course, hook: 'INPUT' | 'OUTPUT'): Ending | undefined {
  if (hook === 'INPUT') return course.pass('INPUT', 'nat');
  return (
    course.pass('OUTPUT', 'filter', 'security') ??
    course.pass('POSTROUTING', 'mangle', 'nat') ??
    comeBack(course)
  );
}
