import type { Logger } from 'pino';
import type { Configuration } from '../config/configuration.ts';
import type { Labels } from '../model/label-selector.ts';
import type { NodeFacts } from '../model/node-facts.ts';
import type { PlannerOptions } from '../model/planner-options.ts';
import type { ServiceKey } from '../model/service.ts';
import type { ServiceState } from '../model/service-state.ts';
import type { Context } from './context.ts';
import { daemonAmong, findProxies } from './examination/proxy-processes.ts';
import { runningConfiguration } from './examination/running-configuration.ts';
import { Failure } from './failure.ts';
import { readNodeAddresses } from './kernel.ts';
import { createLog } from './log.ts';
import { nodePortCidrs } from './node-addresses.ts';
import { createPlanning } from './planning.ts';
import { readSource } from './sources.ts';

/** What Kubernetes, or a directory of manifests, tells of the services of this node. */
export interface Knowledge {
  /** Where it is from: `the manifests in /etc/kube-ipvs`. */
  readonly from: string;
  readonly states: readonly ServiceState[];
  /** Of every Service. */
  readonly labels: ReadonlyMap<ServiceKey, Labels>;
  readonly node: NodeFacts;
  readonly options: PlannerOptions;
}

/** Whether a configuration says where Services come from. */
export function namesSource({ manifests, kubeconfig, master }: Configuration): boolean {
  return (manifests ?? kubeconfig ?? master) !== undefined;
}

/**
 * Reads it from where the flags say, from where the kube-ipvs that runs here reads, from the pod's API server in a pod, or not
 * at all.
 *
 * @param asked what of Kubernetes is selected by, a name or a label, which cannot be done without names
 * @throws Failure where names are needed and nothing tells them
 */
export async function findKnowledge(
  configuration: Configuration,
  asked: string | undefined,
  context: Context,
): Promise<Knowledge | undefined> {
  if (namesSource(configuration)) return readKnowledge(configuration, context);
  const running = (await runningOne(configuration, context)) ?? configuration;
  if (namesSource(running) || context.apiServer !== undefined)
    return asked === undefined ? tryKnowledge(running, context) : readKnowledge(running, context);
  if (asked === undefined) return undefined;
  throw new Failure(
    'no-names',
    'expected a running kube-ipvs, --kubeconfig or --manifests beside a name, a namespace or a selector, got none of them',
    'the kernel does not know the names and labels of Kubernetes: name what tells them',
  );
}

/** The configuration of the kube-ipvs that runs here, where it can be read and is not told to be left alone. */
async function runningOne({ socket }: Configuration, context: Context): Promise<Configuration | undefined> {
  const daemon = socket === 'off' ? undefined : daemonAmong(await findProxies());
  if (daemon === undefined) return undefined;
  try {
    return (await runningConfiguration(daemon, context)).configuration;
  } catch {
    return undefined;
  }
}

/**
 * Reads it from where the configuration says.
 *
 * @param log told of what is wrong in manifests and of an API server that does not answer
 * @throws Failure where it cannot be read
 */
export async function readKnowledge(
  configuration: Configuration,
  context: Context,
  log: Logger = createLog(configuration, context.terminal),
): Promise<Knowledge> {
  const {
    catalog,
    labels,
    node: sourceNode,
    apiServers,
  } = await readSource({ configuration, input: context, log });
  const planned = { configuration, catalog, node: sourceNode, randomFully: false };
  const { options, node } = await createPlanning(planned);
  const states = [...catalog.keys()].map((key) => catalog.get(key)).filter((state) => state !== undefined);
  const cidrs = nodePortCidrs(configuration.nodePortAddresses, sourceNode.primaryAddresses);
  return {
    from: originOf(configuration, context),
    ...{ states, labels, options, node: { ...node, ...readNodeAddresses(cidrs, apiServers) } },
  };
}

/** What nobody asked for is waited for only a little, and done without where it cannot be had. */
async function tryKnowledge(configuration: Configuration, context: Context): Promise<Knowledge | undefined> {
  const nodeTimeout = Math.min(configuration.nodeTimeout, 5000);
  try {
    return await readKnowledge({ ...configuration, nodeTimeout }, context);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    context.terminal.err(`warning: the names of Kubernetes are not known: ${why}\n`);
    return undefined;
  }
}

function originOf(
  { manifests, kubeconfig, master }: Configuration,
  { apiServer }: Pick<Context, 'apiServer'>,
): string {
  if (manifests !== undefined) return `the manifests in ${manifests}`;
  return kubeconfig === undefined
    ? `the API server ${master ?? apiServer ?? ''}`
    : `the API server of ${kubeconfig}`;
}
