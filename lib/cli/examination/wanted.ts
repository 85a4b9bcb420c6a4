import type { Logger } from 'pino';
import type { Basis, Difference, LocalEndpoint, Wanted } from '../../doctor/examined-node.ts';
import { NotExamined } from '../../doctor/finding.ts';
import type { Configuration } from '../../config/configuration.ts';
import type { ProcessInput } from '../../config/process-input.ts';
import { plannerOptions } from '../../config/planning.ts';
import { formatProblem } from '../../model/problem.ts';
import type { ServiceState } from '../../model/service-state.ts';
import { schedulersNamedBy } from '../../planner/annotations.ts';
import { planBase } from '../../planner/base-plan.ts';
import { diff } from '../../reconciler/once.ts';
import { hostFacts } from '../host.ts';
import { type Kernel, kernelTables, readNodeAddresses } from '../kernel.ts';
import { nodePortCidrs } from '../node-addresses.ts';
import { oldestFirst } from '../oldest-first.ts';
import { describeChanges } from '../output/changes.ts';
import { createPlanning, type Planning } from '../planning.ts';
import { programmerOptions } from '../programming.ts';
import { readSource, type Snapshot } from '../sources.ts';

/** Milliseconds that an API server is waited for: a node is examined because something is wrong with it. */
const patience = 5000;

/** What reading what is wanted needs. */
export interface WantedOptions {
  readonly configuration: Configuration;
  readonly input: Pick<ProcessInput, 'apiServer'>;
  readonly randomFully: boolean;
  readonly log: Logger;
}

/**
 * Reads what Services ask this node for.
 *
 * @throws {NotExamined} where nothing tells it
 */
export async function readSnapshot({ configuration, input, log }: WantedOptions): Promise<Snapshot> {
  const { manifests, kubeconfig, master } = configuration;
  if ((manifests ?? kubeconfig ?? master ?? input.apiServer) === undefined) {
    throw new NotExamined(
      'nothing tells what Services ask for: give --kubeconfig or --manifests, as for kube-ipvs run',
    );
  }
  const nodeTimeout = Math.min(configuration.nodeTimeout, patience);
  return readSource({ configuration: { ...configuration, nodeTimeout }, input, log });
}

/** What the configuration asks for; in the mode NodeCIDR the Node has its say. */
export async function basisOf(
  { configuration, randomFully }: WantedOptions,
  told: boolean,
  readNode: () => Promise<Snapshot>,
): Promise<Basis> {
  const { detectLocalMode } = configuration;
  const podCidrs = detectLocalMode === 'NodeCIDR' ? (await readNode()).node.podCidrs : [];
  const options = plannerOptions(configuration, { ...(await hostFacts(randomFully)), podCidrs });
  return { plan: planBase(options), localTraffic: options.localTraffic, told };
}

/** Compares what Services ask for with what a kernel holds. */
export async function wantedOf(
  options: WantedOptions,
  { catalog, node, apiServers }: Snapshot,
  kernel: Kernel,
): Promise<Wanted> {
  const { configuration, randomFully, log } = options;
  const planning = await createPlanning({ configuration, catalog, node, randomFully });
  const cidrs = nodePortCidrs(configuration.nodePortAddresses, node.primaryAddresses);
  planning.node = { ...planning.node, ...readNodeAddresses(cidrs, apiServers) };
  const tables = kernelTables(kernel, planning.base.sysctls);
  const services = oldestFirst(catalog);
  const { changes } = await diff(programmerOptions(tables, planning, configuration, log), services);
  const states = services.map((key) => catalog.get(key)).filter((state) => state !== undefined);
  return {
    source: sourceWords(options),
    differences: describeChanges(changes).map((line): Difference => ({
      ...line,
      draining: isDraining(line, changes),
    })),
    schedulers: [
      ...new Set(states.flatMap(({ service }) => schedulersNamedBy(service, configuration.scheduler))),
    ],
    localEndpoints: states.flatMap((state) => localEndpoints(state, planning)),
    problems: services.flatMap((key) => planning.problems(key).map(formatProblem)),
  };
}

function sourceWords({ configuration: { manifests, kubeconfig, master }, input }: WantedOptions): string {
  if (manifests !== undefined) return `the manifests in ${manifests}`;
  return `the API server of ${kubeconfig ?? master ?? input.apiServer ?? ''}`;
}

function isDraining(
  { table, sign, key }: Pick<Difference, 'table' | 'sign' | 'key'>,
  { realServers }: Awaited<ReturnType<typeof diff>>['changes'],
): boolean {
  if (table !== 'realServers' || sign !== '-') return false;
  return realServers.some((change) => change.key === key && change.before?.weight === 0);
}

/** The ready pods of this node; what has the node's own address is no pod with a network of its own. */
function localEndpoints({ service, slices }: ServiceState, { node }: Planning): readonly LocalEndpoint[] {
  const own = new Set([...(node.localAddresses ?? []), ...(node.statusAddresses ?? [])]);
  const addresses = slices
    .flatMap(({ endpoints }) => endpoints)
    .filter(({ nodeName, ready, address }) => nodeName === node.name && ready && !own.has(address))
    .map(({ address }) => address);
  return [...new Set(addresses)].map((address) => ({
    service: `${service.namespace}/${service.name}`,
    address,
  }));
}
