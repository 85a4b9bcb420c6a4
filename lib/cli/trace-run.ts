import { familyOf } from '../model/family.ts';
import type { Protocol } from '../model/protocol.ts';
import type { Service, ServicePort } from '../model/service.ts';
import { virtualServerKey } from '../model/virtual-server.ts';
import type { Origin, Packet } from '../trace/packet.ts';
import type { RouteFound } from '../trace/routes.ts';
import { RuleBook } from '../trace/rule-book.ts';
import { trace } from '../trace/trace.ts';
import type { Trace } from '../trace/verdict.ts';
import { Failure } from './failure.ts';
import { readHeld } from './held.ts';
import { openKernel } from './kernel.ts';
import type { Knowledge } from './knowledge.ts';
import { columns } from './output/columns.ts';
import { hostPort } from './output/ipvsadm.ts';
import { probe, type Probed } from './probe.ts';
import { findService, serviceOf } from './service-lookup.ts';
import { type ReadSurroundings, readSurroundings } from './trace-surroundings.ts';
import type { TraceTarget } from './trace-target.ts';
import { type TraceView, traceView } from './trace-view.ts';

/** Endpoints that are tried one by one where the Service itself is not reached. */
const mostProbes = 16;

/** A trace, and what is shown of it. */
export interface ReadTrace {
  readonly trace: Trace;
  readonly view: TraceView;
}

/**
 * Reads the kernel and leads a packet through it.
 * @param from `node` or an address
 * @throws Failure where a Service is asked that there is not
 */
export async function readTrace(
  target: TraceTarget,
  from: string,
  knowledge: Knowledge | undefined,
): Promise<ReadTrace> {
  const place = target.kind === 'place' ? target : placeOf(target, knowledge);
  if (from !== 'node' && familyOf(from) !== familyOf(place.address)) throw otherFamily(from, place.address);
  const kernel = openKernel(undefined);
  try {
    const around = await readSurroundings(kernel);
    const packet: Packet = {
      ...{ from: originOf(from, place.address, around), protocol: place.protocol },
      ...{ destination: place.address, port: place.port },
    };
    const traced = trace(packet, around.tables, around.node);
    const view = traceView(traced, {
      ...{ from, packet, held: readHeld(kernel.ipvs), namesFrom: knowledge?.from },
      service: knowledge && findService(virtualServerKey(place), knowledge),
      unbound: isUnbound(traced, place, around),
      notes: notesOn(around, packet),
    });
    return { trace: traced, view };
  } finally {
    kernel.close();
  }
}

/** Whether a packet passes by a virtual server because the node does not take it for its own. */
function isUnbound({ steps }: Trace, place: TracedPlace, { tables }: ReadSurroundings): boolean {
  const passed = steps.some((step) => step.kind === 'route' && !step.local);
  return passed && tables.virtualServers.has(virtualServerKey(place));
}

/** An address and port of a Service. */
interface TracedPlace {
  readonly address: string;
  readonly port: number;
  readonly protocol: Protocol;
}

type ServiceTarget = Extract<TraceTarget, { kind: 'service' }>;

/** The first cluster IP of a Service and the port that is meant. */
function placeOf(target: ServiceTarget, knowledge: Knowledge | undefined): TracedPlace {
  const service = serviceOf(target.namespace, target.name, knowledge);
  const fitting = service.ports.filter((port) => isMeant(port, target));
  const [address, first] = [service.clusterIPs[0] ?? '', fitting[0]];
  if (first === undefined || fitting.length > 1) throw noPort(target, service);
  return { address, port: first.port, protocol: first.protocol };
}

function isMeant({ name, port: number, protocol }: ServicePort, wanted: ServiceTarget): boolean {
  const { port = name, protocol: asked = protocol } = wanted;
  return protocol === asked && (name === port || String(number) === port);
}

function noPort({ namespace, name, port }: ServiceTarget, { ports }: Service): Failure {
  const names = ports.map((one) => `${one.name === '' ? one.port : one.name}/${one.protocol.toLowerCase()}`);
  return new Failure(
    'no-port',
    `expected one port of ${namespace}/${name}, got ${port ?? 'none'}`,
    `name one of ${names.join(', ')}`,
  );
}

function otherFamily(from: string, address: string): Failure {
  return new Failure(
    'other-family',
    `expected a sender of the family of ${address}, got ${from}`,
    'name an address of the same family',
  );
}

/** Where a packet of an address comes in: where the node would send an answer to it. */
function originOf(from: string, destination: string, around: ReadSurroundings): Origin {
  const { node } = around;
  if (from === 'node') return nodeOrigin(node.routes?.(destination));
  const route = node.routes?.(from);
  if (route?.kind !== 'way') return { by: 'interface', source: from };
  return route.interface === 'lo' ? { by: 'node', source: from } : entryBy(route.interface, from, around);
}

function nodeOrigin(route: RouteFound | undefined): Origin {
  const source = route?.kind === 'way' ? route.source : undefined;
  return { by: 'node', ...(source !== undefined && { source }) };
}

function entryBy(name: string, source: string, { tables, bridges }: ReadSurroundings): Origin {
  const setting = `net/bridge/bridge-nf-call-ip${familyOf(source) === 'IPv4' ? '' : '6'}tables`;
  const bridged = bridges.has(name) && tables.sysctls.get(setting)?.value === '1';
  return { by: 'interface', source, interface: name, bridged };
}

/** What is odd about the tables, whatever becomes of the packet. */
function notesOn({ tables, node }: ReadSurroundings, { from, destination }: Packet): string[] {
  const rules = tables.rules?.get(familyOf(destination));
  const missing = rules === undefined ? [] : RuleBook.of(rules).missing;
  const way = from.by === 'interface' ? node.routes?.(from.source) : undefined;
  return [
    ...(missing.length === 0
      ? []
      : [`kube-ipvs would have rules in ${missing.join(', ')}, and there are none: see kube-ipvs diff`]),
    ...(way?.kind === 'none'
      ? ['by which interface it comes in is not known: this node has no route back to the sender']
      : []),
  ];
}

/**
 * Tries what was traced, and each endpoint that might be chosen, 16 at most: that one answers says nothing of the others.
 * Endpoints of SCTP are not tried.
 */
export async function probeTrace({ packet, candidates }: TraceView): Promise<readonly Probed[]> {
  const first = { address: packet.destination, port: packet.port };
  const others = packet.protocol === 'SCTP' ? [] : candidates.slice(0, mostProbes);
  return Promise.all([first, ...others].map(({ address, port }) => probe(packet.protocol, address, port)));
}

/** What came of attempts, for people. */
export function probeText(probed: readonly Probed[]): string {
  return columns([
    ['PROBE FROM THIS NODE', 'WHAT CAME OF IT'],
    ...probed.map(({ address, port, text }) => [hostPort(address, port), text]),
  ]);
}
