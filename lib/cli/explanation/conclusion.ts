import type { Problem } from '../../model/problem.ts';
import type { Service } from '../../model/service.ts';
import { hostPort } from '../output/ipvsadm.ts';
import type { Finding } from '../status-findings.ts';
import type { EndpointView } from './endpoint-use.ts';
import { isWanted } from './real-server-view.ts';
import { isServed, type SetElementView, type WayView } from './way-view.ts';

/** Whether a Service is served on this node. */
export interface Conclusion {
  /** At every address and port, at some, or at none. */
  readonly outcome: 'served' | 'partly-served' | 'not-served';
  /** Whether the kernel holds what the Service asks for. */
  readonly asWanted: boolean;
  readonly text: string;
  /** The command that tells more. */
  readonly next: string;
}

/** What is concluded from. */
export interface ConcludedFacts {
  readonly service: Service;
  readonly ways: readonly WayView[];
  readonly endpoints: readonly EndpointView[];
  /** Elements of sets that are of no way. */
  readonly sets: readonly SetElementView[];
  readonly problems: readonly Problem[];
  readonly findings: readonly Finding[];
  /** Whether a kube-ipvs answers. */
  readonly running: boolean;
}

/** Concludes whether a Service is served, and if not, why and what to do next. */
export function conclude(facts: ConcludedFacts): Conclusion {
  const { ways } = facts;
  const lost = differenceReason(facts);
  const reasons = [...(lost === undefined ? [] : [lost]), ...unservedReasons(facts)];
  const [first] = reasons;
  const outcome = outcomeOf(facts);
  return {
    outcome,
    asWanted: lost === undefined && ways.every(({ state }) => state !== 'taken'),
    text: first === undefined ? servedText(ways) : reasonText(outcome, ways, reasons),
    next: first?.next ?? traceCommand(facts),
  };
}

function outcomeOf(facts: ConcludedFacts): Conclusion['outcome'] {
  const served = facts.ways.filter(isServed).length;
  if (served === 0) return 'not-served';
  return served === facts.ways.length && refusedAddresses(facts).length === 0 ? 'served' : 'partly-served';
}

/** Why a Service is not served as it asks, and the command that tells more. */
interface Reason {
  readonly text: string;
  readonly next: string;
}

/** External IPs and addresses of load balancers that are not served. */
function refusedAddresses({ problems }: ConcludedFacts): readonly Problem[] {
  return problems.filter(
    ({ field = '', severity }) => severity === 'error' && /^(?:spec\.externalIPs|status\.load)/.test(field),
  );
}

function differenceReason({ ways, sets, running }: ConcludedFacts): Reason | undefined {
  const differences = [
    ...ways.flatMap(({ protocol, address, port, differences: all }) =>
      all.map((one) => `at ${protocol} ${hostPort(address, port)} ${one}`),
    ),
    ...sets.filter(({ held }) => !held).map(({ set, element }) => `${element} is not in ${set}`),
  ];
  const [first] = differences;
  if (first === undefined) return undefined;
  const more = differences.length === 1 ? '' : `, and ${differences.length - 1} more`;
  const who = running ? '' : ', and no kube-ipvs answers that would mend it';
  return {
    text: `the kernel does not hold it as wanted: ${first}${more}${who}`,
    next: running ? 'kube-ipvs doctor' : 'kube-ipvs status',
  };
}

function unservedReasons(facts: ConcludedFacts): Reason[] {
  const { ways, endpoints, service } = facts;
  if (ways.length === 0) {
    return [{ text: 'it has no address in a family that this node serves', next: 'kube-ipvs doctor' }];
  }
  const taken = ways.find(({ takenBy }) => takenBy !== null);
  const empty = ways.filter((way) => way.state !== 'taken' && !way.realServers.some(isWanted));
  return [
    ...(taken === undefined
      ? []
      : [
          {
            text: `${hostPort(taken.address, taken.port)} belongs to the older Service ${taken.takenBy ?? ''}`,
            next: `kube-ipvs explain ${taken.takenBy ?? ''}`,
          },
        ]),
    ...(empty.length === 0 ? [] : [{ text: emptyText(endpoints), next: slicesCommand(service) }]),
    ...refusedAddresses(facts).map(({ got, expected }) => ({
      text: `${got} is not served: expected ${expected}`,
      next: `kubectl -n ${service.namespace} get service ${service.name} -o yaml`,
    })),
  ];
}

/** Why there are no endpoints to serve it: the reasons, the most frequent first. */
function emptyText(endpoints: readonly EndpointView[]): string {
  const unused = endpoints.filter(({ inside }) => !inside.used);
  if (unused.length === 0) return 'no slice of it has an endpoint for the port';
  const counts = new Map<string, number>();
  for (const { inside } of unused) counts.set(inside.why, (counts.get(inside.why) ?? 0) + 1);
  const reasons = [...counts].sort(([, a], [, b]) => b - a);
  const told = reasons.slice(0, 3).map(([why, count]) => `${why} (${endpointCount(count)})`);
  return `no endpoint can be used: ${told.join('; ')}`;
}

function endpointCount(count: number): string {
  return count === 1 ? 'one endpoint' : `${count} endpoints`;
}

function slicesCommand({ namespace, name }: Service): string {
  return `kubectl -n ${namespace} get endpointslices -l kubernetes.io/service-name=${name}`;
}

function traceCommand({ service, ways }: ConcludedFacts): string {
  const first = ways.find(isServed) ?? ways[0];
  const { namespace, name } = service;
  if (first === undefined || service.ports.length === 1) return `kube-ipvs trace ${namespace}/${name}`;
  const port = first.portName === '' ? first.port : first.portName;
  return `kube-ipvs trace ${namespace}/${name}:${port}`;
}

function servedText(ways: readonly WayView[]): string {
  const refusing = ways.some(({ reach }) => reach === 'refused')
    ? '; clients outside of the cluster are refused, as no endpoint is on this node'
    : '';
  return `${countOf(ways.length)} by ${endpointCount(mostEndpoints(ways))}, held as wanted${refusing}`;
}

/** A pod has an address in each family, and is one endpoint. */
function mostEndpoints(ways: readonly WayView[]): number {
  const places = { v4: new Set<string>(), v6: new Set<string>() };
  for (const { realServers } of ways) {
    for (const { address, weight } of realServers) {
      if ((weight ?? 0) > 0) places[address.includes(':') ? 'v6' : 'v4'].add(address);
    }
  }
  return Math.max(places.v4.size, places.v6.size);
}

function reasonText(
  outcome: Conclusion['outcome'],
  all: readonly WayView[],
  reasons: readonly Reason[],
): string {
  const told = reasons.map(({ text }) => text).join('; ');
  if (outcome !== 'partly-served') return told;
  const served = all.filter(isServed).length;
  const part = served === all.length ? countOf(served) : `${served} of ${countOf(all.length)}`;
  return `${part}; ${told}`;
}

function countOf(count: number): string {
  return count === 1 ? 'one virtual server' : `${count} virtual servers`;
}
