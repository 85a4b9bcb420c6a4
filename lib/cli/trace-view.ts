import type { Protocol } from '../model/protocol.ts';
import { virtualServerKey } from '../model/virtual-server.ts';
import type { Doubt } from '../trace/doubt.ts';
import type { Packet } from '../trace/packet.ts';
import type { Step } from '../trace/step.ts';
import type { Candidate, Trace } from '../trace/verdict.ts';
import type { HeldVirtualServer } from './held.ts';
import { endpointWords } from './output/endpoint-words.ts';
import { endingWords, type EndingWords } from './output/ending-words.ts';
import { placeWords, stepWords } from './output/step-words.ts';
import { type VerdictWords, verdictWords } from './output/verdict-words.ts';
import type { FoundService } from './service-lookup.ts';

/** What becomes of a packet: it arrives and is answered, is lost, depends on which endpoint is chosen, or cannot be told. */
export type Outcome = 'delivered' | 'lost' | 'partly-lost' | 'unknown';

/** Something that a packet met, as it is shown. */
export interface StepView {
  readonly kind: Step['kind'];
  readonly text: string;
}

/** An endpoint that may be chosen, as it is shown. */
export interface CandidateView {
  readonly address: string;
  readonly port: number;
  readonly weight: number;
  /** `null` where they are not known. */
  readonly activeConnections: number | null;
  readonly inactiveConnections: number | null;
  /** The source that it sees, `null` where the packet does not come to it. */
  readonly source: string | null;
  readonly masqueraded: boolean;
  readonly outcome: Outcome;
  /** Why it is lost, `null` where it is not. */
  readonly reason: EndingWords | null;
  readonly steps: readonly StepView[];
  /** What the answer meets. */
  readonly answer: readonly StepView[];
}

/** A trace, as it is shown. */
export interface TraceView {
  readonly packet: {
    /** `node` or an address. */
    readonly from: string;
    readonly source: string | null;
    readonly interface: string | null;
    readonly protocol: Protocol;
    readonly destination: string;
    readonly port: number;
  };
  /** `null` where it is not known, or none wants the virtual server. */
  readonly service: { readonly namespace: string; readonly name: string; readonly port: string } | null;
  /** What was read besides the kernel, `null` where nothing tells. */
  readonly namesFrom: string | null;
  readonly steps: readonly StepView[];
  readonly candidates: readonly CandidateView[];
  /** Endpoints that are none, and why. */
  readonly notChosen: readonly { readonly address: string; readonly port: number; readonly reason: string }[];
  readonly outcome: Outcome;
  readonly verdict: string;
  /** What to do, empty where there is nothing. */
  readonly hint: string;
  /** Rules that could not be judged, and what else is to be known. */
  readonly notes: readonly string[];
}

/** What a trace is shown with. */
export interface TraceContext {
  readonly from: string;
  readonly packet: Packet;
  readonly held: readonly HeldVirtualServer[];
  readonly service: FoundService | undefined;
  readonly namesFrom: string | undefined;
  /** Whether IPVS has a virtual server for it, and its address is none of the node. */
  readonly unbound: boolean;
  readonly notes: readonly string[];
}

/** Makes what is shown of a trace. */
export function traceView(trace: Trace, context: TraceContext): TraceView {
  const { packet, service, namesFrom } = context;
  const candidates = trace.verdict.kind === 'balanced' ? trace.verdict.candidates : [];
  const views = candidates.map((one) => candidateView(one, connectionsOf(packet, context.held)));
  const told = verdictWords(trace.verdict, views);
  const doubts = [...(trace.doubts ?? []), ...candidates.flatMap((one) => one.doubts ?? [])];
  return {
    packet: packetView(context),
    service: service === undefined ? null : nameOf(service),
    namesFrom: namesFrom ?? null,
    steps: stepViews(trace.steps),
    candidates: views,
    notChosen: notChosen(service, views),
    ...(context.unbound ? unboundWords(packet, told) : told),
    notes: [...doubtNotes(doubts), ...context.notes],
  };
}

function packetView({ packet, from }: TraceContext): TraceView['packet'] {
  const { from: origin, protocol, destination, port } = packet;
  const entry = origin.by === 'interface' ? origin.interface : undefined;
  return { from, source: origin.source ?? null, interface: entry ?? null, protocol, destination, port };
}

/** Of an address that packets of others are not taken in for. */
function unboundWords({ destination }: Packet, { outcome, verdict }: VerdictWords): VerdictWords {
  return {
    outcome,
    verdict: `there is a virtual server, but ${destination} is not bound to kube-ipvs0, so that IPVS does not see it: ${verdict}`,
    hint: `kube-ipvs run binds it; by hand: ip address add ${destination} dev kube-ipvs0`,
  };
}

function nameOf({ state: { service }, port }: FoundService): TraceView['service'] {
  return { namespace: service.namespace, name: service.name, port: port.name };
}

function notChosen(
  service: FoundService | undefined,
  candidates: readonly CandidateView[],
): TraceView['notChosen'] {
  const chosen = new Set(candidates.map(({ address, port }) => `${address} ${port}`));
  return (service?.endpoints ?? [])
    .filter(({ endpoint, port }) => !chosen.has(`${endpoint.address} ${port}`))
    .map((one) => ({
      ...{ address: one.endpoint.address, port: one.port },
      reason:
        one.verdict === 'chosen'
          ? 'ready, but the kernel does not have it (kube-ipvs diff)'
          : endpointWords(one),
    }));
}

/** The connections of each real server of the virtual server that is asked, by its address and port. */
type Connections = ReadonlyMap<string, readonly [active: number, inactive: number]>;

function connectionsOf(
  { destination, port, protocol }: Packet,
  held: readonly HeldVirtualServer[],
): Connections {
  const key = virtualServerKey({ protocol, address: destination, port });
  const server = held.find(({ service }) => service.fwmark === undefined && keyOf(service, protocol) === key);
  return new Map(
    (server?.destinations ?? []).map((one) => [
      `${one.address} ${one.port}`,
      [one.activeConnections ?? 0, one.inactiveConnections ?? 0] as const,
    ]),
  );
}

function keyOf(
  { address, port }: { readonly address: string; readonly port: number },
  protocol: Protocol,
): string {
  return virtualServerKey({ protocol, address, port });
}

function candidateView({ server, port, steps, verdict }: Candidate, connections: Connections): CandidateView {
  const [active = null, inactive = null] = connections.get(`${server.address} ${server.port}`) ?? [];
  return {
    ...{ address: server.address, port, weight: server.weight },
    ...{ activeConnections: active, inactiveConnections: inactive },
    ...arrival(verdict),
    ...endOf(verdict),
    steps: stepViews(steps),
  };
}

function arrival(verdict: Candidate['verdict']): Pick<CandidateView, 'source' | 'masqueraded' | 'answer'> {
  if (verdict.kind !== 'delivered' && verdict.kind !== 'unanswered') {
    return { source: null, masqueraded: false, answer: [] };
  }
  const { source, answer = [] } = verdict;
  const { address = null, kind } = source;
  return { source: address, masqueraded: kind === 'masqueraded', answer: stepViews(answer) };
}

function endOf(verdict: Candidate['verdict']): Pick<CandidateView, 'outcome' | 'reason'> {
  switch (verdict.kind) {
    case 'delivered':
      return { outcome: 'delivered', reason: null };
    case 'unanswered':
      return {
        outcome: 'lost',
        reason: ofAnswer(endingWords(verdict.ending), verdict.ending.kind === 'lost'),
      };
    case 'undecided':
      return { outcome: 'unknown', reason: endingWords(verdict) };
    default:
      return { outcome: 'lost', reason: endingWords(verdict) };
  }
}

/** A rule that ends the answer must not be taken for one that ends the packet. */
function ofAnswer(words: EndingWords, told: boolean): EndingWords {
  const start = told
    ? 'the packet arrives and its answer is lost: '
    : 'the packet arrives and its answer is ';
  return { ...words, short: told ? words.short : `answer ${words.short}`, text: `${start}${words.text}` };
}

function stepViews(steps: readonly Step[]): StepView[] {
  return steps.map((step) => ({ kind: step.kind, text: stepWords(step, true) }));
}

function doubtNotes(doubts: readonly Doubt[]): string[] {
  const notes = doubts.map(
    ({ place, part }) =>
      `not judged, and taken for a rule that does not match: ${placeWords(place)}, for ${part} is not known [${place.rule}]`,
  );
  return [...new Set(notes)];
}
