import { release } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Command } from '@commander-js/extra-typings';
import type { Logger } from 'pino';
import { Catalog } from '../catalog/catalog.ts';
import type { Configuration } from '../config/configuration.ts';
import { commandRunner } from '../kernel/command.ts';
import type { KernelFacts } from '../metrics/kernel-metrics.ts';
import type { BuildFacts } from '../metrics/node-metrics.ts';
import { runOnce } from '../reconciler/once.ts';
import { total } from '../reconciler/sync-tally.ts';
import { ApiServers } from './api-servers.ts';
import { programVersion } from './build-info.ts';
import type { Context } from './context.ts';
import { Daemon } from './daemon.ts';
import { DaemonSocket } from './daemon-socket.ts';
import { exitStatus } from './failure.ts';
import { hostFamilies } from './host.ts';
import { KernelSchedulers } from './kernel-schedulers.ts';
import { kernelTables, openKernel, traceTo } from './kernel.ts';
import type { Kernel } from './kernel.ts';
import { createLog } from './log.ts';
import { NetlinkMeters } from './netlink-meters.ts';
import { NodeHealth } from './node-health.ts';
import { releaseMappedFiles } from './mapped-files.ts';
import { nodeAddresses, nodePortCidrs } from './node-addresses.ts';
import { oldestFirst } from './oldest-first.ts';
import { createPlanning } from './planning.ts';
import type { Planning } from './planning.ts';
import { checkKernel } from './preflight.ts';
import { programmerOptions } from './programming.ts';
import { programAhead } from './programming-ahead.ts';
import { hasScheduler } from './scheduler-check.ts';
import { Verbosity } from './verbosity.ts';
import { addRunFlags, runConfigured } from './run-configured.ts';
import type { ServiceSource } from './service-source.ts';
import { logShortfall } from './shortfall.ts';
import { openSource } from './sources.ts';

const description = [
  'Keeps IPVS, kube-ipvs0, the KUBE-* ip sets and iptables chains and a few sysctls of this node ' +
    'equal to what its Services and EndpointSlices ask for. What is right already is not touched, so ' +
    'a restart interrupts nothing; on SIGTERM the kernel stays as it is and traffic goes on.',
  "Flags have kube-proxy's names and meaning. Durations are written as in Go: 30s, 1m30s, 500ms.",
].join('\n\n');

const examples = `
Examples:
  # in a pod whose service account may list and watch services, endpointslices and nodes
  kube-ipvs run

  # on the node itself
  kube-ipvs run --kubeconfig /etc/kubernetes/kube-ipvs.conf --hostname-override worker-1

  # serve the Services and EndpointSlices of a directory; changes of the files are followed
  kube-ipvs run --manifests /etc/kube-ipvs/manifests

  # the same once, for a script: exit status 0 when everything is programmed
  kube-ipvs run --once --manifests ./manifests

  # with the configuration of kube-proxy, which is watched for changes
  kube-ipvs run --config /var/lib/kube-proxy/config.conf --hostname-override worker-1

  # least connections, and masquerading of what does not come from pods
  kube-ipvs run --ipvs-scheduler lc --cluster-cidr 10.244.0.0/16

Exit status:
  0  stopped by a signal or for a changed configuration, or with --once: everything is programmed
  1  it could not start or has to be started again, or with --once: the kernel refused something
  2  a flag or the configuration file is wrong`;

/** Adds `kube-ipvs run`: the program itself. */
export function addRun(program: Command, context: Context): void {
  const command: Command = program
    .command('run')
    .summary('keep this node serving what its Services ask for')
    .description(description)
    .addHelpText('after', examples);
  addRunFlags(command);
  command.action(async (options) => {
    context.finish(await runConfigured(options, context, run));
  });
}

async function run(configuration: Configuration, context: Context): Promise<number> {
  const { terminal, untilStopped } = context;
  const log = createLog(configuration, terminal);
  const catalog = new Catalog();
  const source = await openSource({ configuration, input: context, catalog, log });
  const netlink = new NetlinkMeters();
  const kernel = openKernel(configuration.traceNetlink ? traceTo(terminal) : undefined, netlink);
  const apiServers = new ApiServers({ url: source.cluster?.server, catalog, log });
  const work = { kernel, netlink, configuration, catalog, source, apiServers, log };
  try {
    // A command that ends by itself tells its outcome alone.
    if (!configuration.once) logStart(work);
    return await (configuration.once ? once(work) : keep(work, untilStopped));
  } finally {
    await source.stop();
    kernel.close();
  }
}

/** Milliseconds that the lists wait at most for what is programmed ahead of them: reading them leaves time for nothing else. */
const longestHeadStart = 1000;

/** Everything that is put together for a run. */
interface Work {
  readonly kernel: Kernel;
  readonly netlink: NetlinkMeters;
  readonly configuration: Configuration;
  readonly catalog: Catalog;
  readonly source: ServiceSource;
  readonly apiServers: ApiServers;
  readonly log: Logger;
}

/** Sees that the kernel has what it takes. Gives whether iptables knows `--random-fully`. */
async function checkMachine({ kernel, configuration }: Work): Promise<boolean> {
  const [randomFully] = await Promise.all([
    kernel.firewall.supportsRandomFully(),
    checkKernel(kernel, configuration, commandRunner()),
  ]);
  return randomFully;
}

/** Reads the source while the machine is looked at. Services are left as they are. */
async function prepare(work: Work, machine: Promise<boolean>, begun?: Promise<unknown>): Promise<Planning> {
  const { kernel, configuration, catalog, source, apiServers } = work;
  const read = async (): Promise<void> => {
    await begun;
    // What loading the program took of it need not be resident beside the lists, nor what reading these took later on.
    releaseMappedFiles();
    await source.start();
    releaseMappedFiles();
  };
  const [randomFully] = await Promise.all([machine, read(), apiServers.resolve()]);
  setTimeouts(kernel, configuration);
  const schedulers = new KernelSchedulers((name) => hasScheduler(kernel.ipvs, name));
  return createPlanning({ configuration, catalog, node: source.node, randomFully, schedulers });
}

async function once(work: Work): Promise<number> {
  const { kernel, configuration, catalog, source, apiServers, log } = work;
  const planning = await prepare(work, checkMachine(work));
  const cidrs = nodePortCidrs(configuration.nodePortAddresses, source.node.primaryAddresses);
  planning.node = { ...planning.node, ...nodeAddresses(kernel.route, cidrs, apiServers.addresses) };
  const tables = kernelTables(kernel, planning.base.sysctls);
  const options = programmerOptions(tables, planning, configuration, log);
  const report = await runOnce({ ...options, flows: kernel.flows }, oldestFirst(catalog));
  logShortfall(report, log);
  const writes = total(report.sync.writes);
  const outcome = report.complete ? 'everything is programmed' : 'not everything could be programmed';
  log.info({ services: report.sync.services.length, writes }, outcome);
  return report.complete ? exitStatus.success : exitStatus.failure;
}

/** Gives the planning for all services, or the signal that came before they were known. */
async function begin(work: Work, stopped: Promise<string>): Promise<Planning | string> {
  const machine = checkMachine(work);
  const ahead = programAhead({ ...work, randomFully: machine });
  const begun = Promise.race([ahead, sleep(longestHeadStart, undefined, { ref: false })]);
  const outcome = await Promise.race([stopped, prepare(work, machine, begun)]);
  if (typeof outcome === 'string') await work.source.stop();
  await ahead;
  return outcome;
}

/** Serves until a signal comes. Rejects where services cannot be served, or no longer without a new start. */
async function keep(work: Work, untilStopped: Context['untilStopped']): Promise<number> {
  const stopped = untilStopped();
  const facts = { ...work, build: buildFacts(work), families: await hostFamilies() };
  const verbosity = new Verbosity(work.log, work.configuration.verbosity);
  const health = new NodeHealth({ ...facts, verbosity, facts: kernelFacts(work) });
  const socket = new DaemonSocket({ ...facts, verbosity, health: () => health.state });
  try {
    await Promise.all([socket.listen(), health.listen()]);
    const planning = await begin(work, stopped);
    const signal =
      typeof planning === 'string' ? planning : await serve(work, planning, { health, socket }, stopped);
    work.log.info({ signal }, 'stopped: the kernel stays as it is');
    return exitStatus.success;
  } finally {
    socket.close();
    health.close();
  }
}

/** What tells how this node stands. */
interface Tellers {
  readonly health: NodeHealth;
  readonly socket: DaemonSocket;
}

/** Gives the signal that ended it. */
async function serve(
  work: Work,
  planning: Planning,
  { health, socket }: Tellers,
  stopped: Promise<string>,
): Promise<string> {
  const { kernel } = work;
  const { route, flows, statistics } = kernel;
  const tables = kernelTables(kernel, planning.base.sysctls);
  const daemon = new Daemon({
    ...work,
    planning,
    tables,
    route,
    flows,
    statistics,
    health: health.proxy,
    metrics: health.metrics,
    socket,
  });
  try {
    daemon.start();
    return await Promise.race([stopped, daemon.failed]);
  } finally {
    health.close();
    await daemon.stop();
  }
}

function buildFacts({ kernel }: Work): BuildFacts {
  return {
    version: programVersion(),
    node_version: process.version,
    kernel_release: release(),
    ipvs_version: kernel.ipvs.info().version,
  };
}

/** What is told of the kernel; iptables is looked at after the start. */
function kernelFacts({ kernel }: Work): () => KernelFacts {
  const { version, connectionTableSize } = kernel.ipvs.info();
  return () => ({
    release: release(),
    ipvs_version: version,
    connection_table_size: String(connectionTableSize),
    iptables: kernel.firewall.knownFlavour ?? '',
  });
}

function logStart({ log, kernel, configuration }: Work): void {
  log.info(
    {
      version: programVersion(),
      kernel: release(),
      ipvs: kernel.ipvs.info().version,
      node: configuration.nodeName,
      scheduler: configuration.scheduler,
      syncPeriod: configuration.syncPeriod,
    },
    'kube-ipvs starts',
  );
  if (configuration.nodePortAddresses.some((cidr) => cidr.endsWith('/0'))) {
    log.info({}, 'node ports are served on every address of this node: --nodeport-addresses narrows that');
  }
}

/** Sets the IPVS time-outs that are given; the kernel keeps its own for the others. It counts in seconds. */
function setTimeouts({ ipvs }: Kernel, { tcpTimeout, tcpFinTimeout, udpTimeout }: Configuration): void {
  if (tcpTimeout + tcpFinTimeout + udpTimeout === 0) return;
  const seconds = (milliseconds: number): number => Math.ceil(milliseconds / 1000);
  ipvs.setTimeouts({ tcp: seconds(tcpTimeout), tcpFin: seconds(tcpFinTimeout), udp: seconds(udpTimeout) });
}
