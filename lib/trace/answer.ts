import type { Course } from './course.ts';
import { Undecidable } from './fault.ts';
import type { Flight } from './flight.ts';
import { comeBack, forward, interfaceTo } from './passage.ts';
import type { Step } from './step.ts';
import type { Ending } from './verdict.ts';

/** The way of an answer. */
export interface AnswerWay {
  readonly steps: readonly Step[];
  /** How it ends before it comes to whoever asked. */
  readonly ending?: Ending;
}

/**
 * What the answer of an endpoint meets on its way back through the node: the first rules that it meets see it come from
 * the endpoint, for IPVS gives it the address that was asked behind those of FORWARD and INPUT (ip_vs_ops4,
 * net/netfilter/ipvs/ip_vs_core.c). `undefined` where nothing is known of routes.
 *
 * @param course of the packet, which has arrived; rules that cannot be judged on the way back become doubts of it
 * @param asked the packet as IPVS met it
 */
export function answer(course: Course, asked: Flight): AnswerWay | undefined {
  const { around, flight } = course;
  if (around.route(flight.destination) === undefined) return undefined;
  const lost = astray(course, asked);
  if (lost !== undefined) return { steps: [], ending: lost };
  const back = course.fork({
    ...{ source: flight.destination, sourcePort: flight.port },
    ...{ destination: asked.source, port: asked.sourcePort },
    ...{ mark: 0, inInterface: interfaceTo(flight.destination, around), outInterface: '' },
    state: stateOf(flight),
  });
  const ending = comeHome(back, around.isLocal(flight.destination));
  course.doubts.push(...back.doubts);
  return { steps: back.steps, ...(ending && { ending }) };
}

/** Conntrack that did not see a connection of TCP begin takes the answer for one of none. */
function stateOf({ tracked, protocol }: Flight): Flight['state'] {
  if (tracked) return 'ESTABLISHED';
  return protocol === 'TCP' ? 'INVALID' : 'NEW';
}

function comeHome(back: Course, fromHere: boolean): Ending | undefined {
  try {
    return fromHere ? leave(back) : comeIn(back);
  } catch (error) {
    // What cannot be judged of the way back does not say that the packet does not arrive.
    if (error instanceof Undecidable) return undefined;
    throw error;
  }
}

/** An endpoint on the node itself answers from there. */
function leave(back: Course): Ending | undefined {
  const { destination } = back.flight;
  back.change({ inInterface: '', outInterface: interfaceTo(destination, back.around) });
  const ending =
    back.pass('OUTPUT', 'raw', 'mangle', 'filter', 'security') ?? back.pass('POSTROUTING', 'mangle');
  return ending ?? (back.around.isLocal(destination) ? comeBack(back) : undefined);
}

function comeIn(back: Course): Ending | undefined {
  const ending = back.pass('PREROUTING', 'raw', 'mangle');
  if (ending !== undefined) return ending;
  if (back.around.isLocal(back.flight.destination)) return back.pass('INPUT', 'mangle', 'filter', 'security');
  return forward(back) ?? back.pass('POSTROUTING', 'mangle');
}

/**
 * How an answer ends that goes past the node, as far as that is certain: the endpoint sees an address of a Service, which
 * is its own node's as well, or one behind the same interface as itself.
 */
function astray({ around, flight: { destination, source } }: Course, asked: Flight): Ending | undefined {
  const route = around.route(destination);
  if (route?.kind !== 'way' || route.interface === 'lo') return undefined;
  if (around.isBound(source)) return route.gateway === undefined ? undefined : noWayBack(source);
  if (around.isLocal(source)) return undefined;
  return isPast(asked, route.interface) ? noWayBack(source, route.interface) : undefined;
}

/** Whether client and endpoint are behind one interface. Over a bridge whose packets meet rules, answers do as well. */
function isPast({ inInterface, bridged }: Flight, behind: string): boolean {
  return inInterface === behind && !bridged;
}

function noWayBack(source: string, behind?: string): Ending {
  const why = { kind: 'no-way-back', source } as const;
  return { kind: 'lost', why: behind === undefined ? why : { ...why, interface: behind } };
}
