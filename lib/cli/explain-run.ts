import type { NodeFacts } from '../model/node-facts.ts';
import type { ServicePlan } from '../model/plan.ts';
import { formatProblem } from '../model/problem.ts';
import type { PlannerOptions } from '../model/planner-options.ts';
import type { ServiceState } from '../model/service-state.ts';
import { serviceKey } from '../model/service.ts';
import { schedulersNamedBy } from '../planner/annotations.ts';
import { planService } from '../planner/service-plan.ts';
import { SocketError } from '../socket/socket-error.ts';
import type { DaemonStatus } from '../socket/status.ts';
import type { Context } from './context.ts';
import { daemonAmong } from './examination/proxy-processes.ts';
import type { Subject } from './examination/subject.ts';
import { explain, type Explanation } from './explanation/explanation.ts';
import { healthAnswer } from './explanation/health-answer.ts';
import { readHeldService } from './explanation/held-service.ts';
import type { ServiceArgument } from './explanation/service-argument.ts';
import { problemLog, type ProblemLog } from './explanation/told-problems.ts';
import { Failure } from './failure.ts';
import { openKernel } from './kernel.ts';
import { type Knowledge, readKnowledge } from './knowledge.ts';
import { NodeDaemon } from './node-daemon.ts';
import { SchedulerIndex } from './scheduler-index.ts';
import { stateOf } from './service-lookup.ts';
import { serviceNames } from './service-names.ts';

/** An explanation, and what it was made of. */
export interface ReadExplanation {
  readonly explanation: Explanation;
  readonly sources: ExplanationSources;
}

/** What was read for an explanation. */
export interface ExplanationSources {
  /** Where Services come from. */
  readonly services: string;
  /** Where the configuration was read. */
  readonly configuration: string;
  /** The socket of the kube-ipvs that answered. */
  readonly daemon: string | null;
  /** Why none did. */
  readonly noDaemon: string | null;
}

/** Milliseconds that a daemon is waited for, and an API server. */
const patience = { daemon: 2000, server: 10_000 };

/**
 * Reads what is known of a Service, and explains it.
 * @throws Failure where there is no such Service, or nothing tells
 */
export async function readExplanation(
  argument: ServiceArgument,
  subject: Subject,
  context: Context,
): Promise<ReadExplanation> {
  const told = problemLog(context.terminal);
  const nodeTimeout = Math.min(subject.configuration.nodeTimeout, patience.server);
  const [knowledge, asked] = await Promise.all([
    readKnowledge({ ...subject.configuration, nodeTimeout }, context, told.log),
    askDaemon(subject),
  ]);
  const state = stateNamed(argument, knowledge, told);
  const kernel = openKernel(undefined);
  try {
    const inUse = new Set(kernel.ipvs.services().map(({ scheduler }) => scheduler));
    const options = await knownOptions(state, knowledge.options, inUse);
    const { service } = state;
    const plan = planService(state, knowledge.node, options);
    const winners = serviceNames(knowledge.states, knowledge.node, knowledge.options);
    const explanation = explain({
      ...{ service, state, plan, options, node: knowledge.node, daemon: asked.daemon },
      held: await readHeldService(kernel, plan),
      healthAnswered: await askHealth(plan, knowledge.node),
      winnerOf: (key) => {
        const winner = winners.get(key);
        return winner && serviceKey(winner.namespace, winner.name);
      },
      problems: told.problemsOf(objectsOf(state)),
    });
    return { explanation, sources: sourcesOf(knowledge, subject, asked) };
  } finally {
    kernel.close();
  }
}

/** Asks at an address that node ports are served on, as load balancers do. */
function askHealth({ health }: ServicePlan, { addresses }: NodeFacts): Promise<number | null> {
  return health === undefined
    ? Promise.resolve(null)
    : healthAnswer(addresses[0] ?? '127.0.0.1', health.port);
}

function stateNamed(
  { namespace, name }: ServiceArgument,
  knowledge: Knowledge,
  told: ProblemLog,
): ServiceState {
  const isKnown = knowledge.states.some(
    ({ service }) => service.namespace === namespace && service.name === name,
  );
  const [problem] = isKnown ? [] : told.problemsOf([`Service ${serviceKey(namespace, name)}`]);
  if (problem !== undefined) {
    throw new Failure('invalid-service', `it is not balanced: ${formatProblem(problem)}`, problem.hint);
  }
  return stateOf(namespace, name, knowledge);
}

/** The options with the schedulers that the kernel has or can load, of those that the Service names. */
async function knownOptions(
  { service }: ServiceState,
  options: PlannerOptions,
  inUse: ReadonlySet<string>,
): Promise<PlannerOptions> {
  const named = schedulersNamedBy(service, options.scheduler);
  if (named.length === 0) return options;
  const index = await SchedulerIndex.read(inUse);
  return { ...options, schedulers: named.filter((name) => index.verdict(name) !== 'missing') };
}

/** The objects of a Service, as problems name them. */
function objectsOf({ service: { namespace, name }, slices }: ServiceState): string[] {
  return [
    `Service ${serviceKey(namespace, name)}`,
    ...slices.map((slice) => `EndpointSlice ${slice.namespace}/${slice.name}`),
  ];
}

/** What came of asking a daemon. */
interface Asked {
  readonly daemon: DaemonStatus | undefined;
  readonly path: string;
  readonly trouble: string | null;
}

/** Asks the kube-ipvs that runs here. */
async function askDaemon({ proxies, configuration: { socket } }: Subject): Promise<Asked> {
  if (socket === 'off') return { daemon: undefined, path: socket, trouble: 'there is no socket to ask at' };
  const process = (): Promise<number | undefined> => Promise.resolve(daemonAmong(proxies)?.pid);
  try {
    const daemon = new NodeDaemon({ socket, process, patience: patience.daemon });
    const { status, path } = await daemon.status();
    return { daemon: status, path, trouble: null };
  } catch (error) {
    if (!(error instanceof SocketError)) throw error;
    return { daemon: undefined, path: error.path, trouble: error.summary };
  }
}

function sourcesOf(
  { from }: Knowledge,
  { source }: Subject,
  { daemon, path, trouble }: Asked,
): ExplanationSources {
  return {
    ...{ services: from, configuration: source },
    ...{ daemon: daemon === undefined ? null : path, noDaemon: trouble },
  };
}
