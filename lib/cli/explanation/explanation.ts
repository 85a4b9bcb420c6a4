import type { ServiceHealth } from '../../model/plan.ts';
import type { Problem } from '../../model/problem.ts';
import type { Service } from '../../model/service.ts';
import type { ServiceState } from '../../model/service-state.ts';
import { serviceProblems } from '../../planner/service-problems.ts';
import type { DaemonStatus } from '../../socket/status.ts';
import type { Finding } from '../status-findings.ts';
import { type Conclusion, conclude } from './conclusion.ts';
import { daemonTroubles } from './daemon-troubles.ts';
import { type EndpointView, endpointViews, type UnusedView, unusedViews } from './endpoint-use.ts';
import {
  type AnnotationView,
  annotationViews,
  type SchedulerChoice,
  schedulerChoice,
} from './scheduler-choice.ts';
import { waysOf } from './way.ts';
import { type SetElementView, type WayFacts, type WayView, wayView } from './way-view.ts';

/** What a Service asks for, as it is shown. */
export type AskedView = Pick<
  Service,
  | 'type'
  | 'clusterIPs'
  | 'externalIPs'
  | 'loadBalancerIngress'
  | 'loadBalancerSourceRanges'
  | 'ports'
  | 'affinityTimeout'
  | 'internalTrafficPolicy'
  | 'externalTrafficPolicy'
> & { readonly annotations: readonly AnnotationView[] };

/** What a Service has on its health check port, as it is shown. */
export interface HealthView extends ServiceHealth {
  /** The status of HTTP that load balancers should see. */
  readonly status: 200 | 503;
  /** The one that the port answered, `null` where there was no answer. */
  readonly answered: number | null;
}

/** All that is to be said of a Service on a node. */
export interface Explanation {
  readonly namespace: string;
  readonly name: string;
  readonly node: string;
  readonly asked: AskedView;
  readonly scheduling: SchedulerChoice;
  /** Milliseconds, `null` where it has none of its own. */
  readonly drainTimeout: number | null;
  readonly slowStart: number | null;
  readonly ways: readonly WayView[];
  readonly endpoints: readonly EndpointView[];
  readonly unused: readonly UnusedView[];
  readonly health: HealthView | null;
  /** Elements of sets that are of no way: endpoints that may ask themselves, and the health check port. */
  readonly sets: readonly SetElementView[];
  readonly findings: readonly Finding[];
  readonly conclusion: Conclusion;
}

/** What a Service is explained with. */
export interface ExplainedFacts extends WayFacts {
  readonly state: ServiceState;
  /** What is wrong in its manifests. */
  readonly problems: readonly Problem[];
  /** What its health check port answered, see `HealthView`. */
  readonly healthAnswered: number | null;
  /** `undefined` where no kube-ipvs answers. */
  readonly daemon: DaemonStatus | undefined;
}

/** Explains a Service: what it asks for, what this node makes of it, and whether it is served. A pure function. */
export function explain(facts: ExplainedFacts): Explanation {
  const { service, plan, node, options, state, daemon } = facts;
  const planned = waysOf(service, node, options);
  const ways = planned.map((way) => wayView(way, facts)).filter((view) => view !== undefined);
  const sets = otherSets(facts, ways);
  const endpoints = endpointViews(state, node, options, (port, family) =>
    planned.some((way) => way.kind !== 'cluster IP' && way.port === port && way.family === family),
  );
  const problems = [...facts.problems, ...serviceProblems(service, node, options)];
  const findings = [
    ...problems.map(problemFinding),
    ...leftovers(facts),
    ...daemonTroubles(plan.service, daemon, problems),
  ];
  return {
    ...{ namespace: service.namespace, name: service.name, node: node.name },
    asked: askedView(facts),
    scheduling: schedulerChoice(service, options),
    ...{ drainTimeout: plan.drainTimeout ?? null, slowStart: plan.slowStart ?? null },
    ...{ ways, endpoints, unused: unusedViews(state, options) },
    health: healthView(plan.health, facts.healthAnswered),
    ...{ sets, findings },
    conclusion: conclude({
      service,
      ways,
      endpoints,
      sets,
      problems,
      findings,
      running: daemon !== undefined,
    }),
  };
}

function askedView({ service, options }: ExplainedFacts): AskedView {
  const { type, clusterIPs, externalIPs, loadBalancerIngress, loadBalancerSourceRanges, ports } = service;
  const { affinityTimeout, internalTrafficPolicy, externalTrafficPolicy } = service;
  return {
    ...{ type, clusterIPs, externalIPs, loadBalancerIngress, loadBalancerSourceRanges, ports },
    ...{ affinityTimeout, internalTrafficPolicy, externalTrafficPolicy },
    annotations: annotationViews(service, options),
  };
}

/** kube-proxy's health check server: 200 where the load balancer may send to this node. */
function healthView(health: ServiceHealth | undefined, answered: number | null): HealthView | null {
  if (health === undefined) return null;
  return { ...health, status: health.localEndpoints > 0 ? 200 : 503, answered };
}

function otherSets({ plan, held }: ExplainedFacts, ways: readonly WayView[]): SetElementView[] {
  const told = new Set(ways.flatMap(({ sets }) => sets.map(({ set, element }) => `${set} ${element}`)));
  return plan.setEntries
    .map(({ key, set, element }) => ({ set, element, held: held.setEntries.has(key) }))
    .filter(({ set, element }) => !told.has(`${set} ${element}`));
}

/** Virtual servers at its addresses that no Service asks for. Those whose real servers all drain go by themselves. */
function leftovers({ held, winnerOf }: ExplainedFacts): Finding[] {
  return [...held.others]
    .filter(([key]) => winnerOf(key) === undefined)
    .filter(([, { destinations }]) => destinations.some(({ weight }) => weight > 0))
    .map(([key]) => ({
      severity: 'warning',
      text: `the kernel has a virtual server ${key} at an address of it that no Service asks for`,
      hint: 'a running kube-ipvs removes it when it next reads the kernel; see "kube-ipvs diff"',
    }));
}

/** A finding needs no name of the Service, of which everything is. */
function problemFinding({ where, object = '', field, expected, got, hint, severity }: Problem): Finding {
  const places = [where, object].filter((part) => part !== '' && !part.startsWith('Service '));
  const place = [...places, ...(field === undefined ? [] : [field])].map((part) => `${part}: `).join('');
  return { severity, text: `${place}expected ${expected}, got ${got}`, hint };
}
