/**
 * P2, P3 and the cost of one change, against the kernel that this runs on: in a lab, never on a machine that does
 * something else, for it empties the IPVS tables. Writes one JSON file.
 *
 *   node test/bench/ipvs-sync.ts RESULT.json [SERVICES…]
 */
import { rmSync, writeFileSync } from 'node:fs';
import { setTimeout } from 'node:timers/promises';
import { Catalog } from '../../lib/catalog/catalog.ts';
import { fakeKernel } from '../../lib/kernel/fake-kernel.ts';
import type { KernelTables } from '../../lib/kernel/kernel-tables.ts';
import { RealServers } from '../../lib/kernel/real-servers.ts';
import { VirtualServers } from '../../lib/kernel/virtual-servers.ts';
import { systemClock } from '../../lib/reconciler/clock.ts';
import { type ProgrammerOptions } from '../../lib/reconciler/programmer.ts';
import { Reconciler } from '../../lib/reconciler/reconciler.ts';
import { decodeEndpointSlice } from '../../lib/sources/objects/endpoint-slice-decoder.ts';
import { decodeService } from '../../lib/sources/objects/service-decoder.ts';
import { Ipvs } from '../../native-bindings/ipvs.ts';
import { basePlan, planFrom, silent } from './measured-node.ts';
import { leaveNamespace } from '../kernel/own-namespace.ts';
import { RecordingTransport, replay } from './recording-transport.ts';
import { type Sample, sampleOf, timed } from './sample.ts';
import { Shell } from './shell.ts';
import { clusterIpOf, endpointOf, objectsOf, type Size } from './workload.ts';

/** What was measured at one size. Times in milliseconds. */
export interface IpvsSyncResult {
  readonly size: Size;
  /** IPVS commands of a full sync. */
  readonly commands: number;
  readonly coldSync: Sample;
  /** The first cold sync of all, of which nothing was compiled yet; not among the others. */
  readonly firstColdSync: number;
  readonly coldFloor: Sample;
  readonly ipvsadmRestore: Sample;
  readonly coldWrites: number;
  readonly coldBytes: number;
  readonly restart: Sample;
  readonly restartFloor: Sample;
  /** Commands that a restart over a right kernel wrote. */
  readonly restartCommands: number;
  /** One endpoint replaced by another: what it took, and how many commands. */
  readonly oneChange: Sample;
  readonly oneChangeCommands: number;
  readonly oneChangeBytes: number;
  /** Whether the kernel held exactly what was asked for after every run. */
  readonly right: boolean;
}

const replyRoom = Buffer.allocUnsafeSlow(256 * 1024);
/** Rounds of what takes seconds at this size, and of what takes minutes. */
const roundsFor = (services: number): { readonly quick: number; readonly slow: number } =>
  services > 5000 ? { quick: 5, slow: 1 } : { quick: 7, slow: 5 };

/** A controller over the kernel's IPVS, everything else of it in memory. */
class Controller {
  readonly transport: RecordingTransport;
  readonly #ipvs: Ipvs;
  readonly #reconciler: Reconciler;
  readonly #catalog: Catalog;
  commands = 0;

  constructor(catalog: Catalog, keeps = false) {
    this.#catalog = catalog;
    this.transport = new RecordingTransport(keeps);
    this.#ipvs = Ipvs.open({ transport: this.transport });
    this.transport.reset();
    const tables: KernelTables = {
      ...fakeKernel(),
      virtualServers: new VirtualServers(this.#ipvs),
      realServers: new RealServers(this.#ipvs),
    };
    const options: ProgrammerOptions = {
      tables,
      base: basePlan,
      plan: planFrom(catalog),
      log: silent,
      clock: systemClock,
      random: Math.random,
      listener: {
        synced: ({ writes }) => {
          this.commands += writes.virtualServers + writes.realServers;
        },
      },
    };
    this.#reconciler = new Reconciler({ ...options, syncPeriod: 0, minSyncPeriod: 0 });
  }

  /** From nothing known to everything written. */
  async start(): Promise<void> {
    this.#reconciler.start(this.#catalog.keys());
    await this.#reconciler.settled();
  }

  /** Writes what changed in the catalog. */
  async follow(): Promise<void> {
    this.#reconciler.changed(this.#catalog.takeChanged());
    await this.#reconciler.settled();
  }

  async stop(): Promise<void> {
    await this.#reconciler.stop();
    this.#ipvs.close();
  }
}

function put(catalog: Catalog, index: number, size: Size, spoil?: string): void {
  const { service, slice } = objectsOf(index, size);
  const decodedSlice = decodeEndpointSlice(slice).value;
  const decodedService = decodeService(service).value;
  if (decodedSlice === undefined || decodedService === undefined) throw new Error('the workload is invalid');
  const [first, ...rest] = decodedSlice.endpoints;
  if (first === undefined) throw new Error('the workload has no endpoints');
  const endpoints = spoil === undefined ? decodedSlice.endpoints : [{ ...first, address: spoil }, ...rest];
  catalog.setService(decodedService);
  catalog.setSlice({ ...decodedSlice, endpoints });
}

function catalogOf(size: Size): Catalog {
  const catalog = new Catalog();
  for (let index = 0; index < size.services; index += 1) put(catalog, index, size);
  catalog.takeChanged();
  return catalog;
}

/** The state that was asked for, in the words of ipvsadm, written down without the planner. */
function* expectedRules(size: Size): Generator<string> {
  for (let index = 0; index < size.services; index += 1) {
    const server = `${clusterIpOf(index)}:80`;
    yield `-A -t ${server} -s rr`;
    for (let endpoint = 0; endpoint < size.endpoints; endpoint += 1) {
      yield `-a -t ${server} -r ${endpointOf(index, endpoint, size)}:8080 -m -w 1`;
    }
  }
}

/** What the measured process does not do itself: it empties the kernel, restores it and looks what it holds. */
class Ipvsadm {
  /** Whether the kernel held what was asked for whenever it was compared. */
  right = true;
  readonly #shell: Shell;
  readonly #rules: string;
  /** Milliseconds until the kernel has done with what was left. */
  readonly #settling: number;

  constructor(shell: Shell, size: Size) {
    this.#shell = shell;
    this.#rules = `/tmp/rules-${size.services}`;
    this.#settling = 200 + (size.services * size.endpoints) / 40;
    writeFileSync(this.#rules, `${[...expectedRules(size)].sort().join('\n')}\n`);
  }

  /**
   * Goes on in a network namespace of its own, whose tables are empty. Tables that were emptied would not do: IPVS keeps
   * removed real servers for two minutes, and looks through all of them for each one that is added.
   */
  async clear(): Promise<void> {
    leaveNamespace();
    await this.#shell.run(here('ip link set lo up'));
    // The kernel takes the old namespace apart in the background, on the one processor that it has.
    await setTimeout(this.#settling);
  }

  restore(): Promise<void> {
    return this.#shell.run(here(`ipvsadm -R <${this.#rules}`));
  }

  async compare(): Promise<void> {
    const held = 'ipvsadm -Sn | sed "s/ *$//" | LC_ALL=C sort';
    this.right &&= (await this.#shell.status(here(`${held} | cmp -s - ${this.#rules}`))) === 0;
  }

  /** Removes the file of rules. */
  close(): void {
    rmSync(this.#rules);
  }
}

/** A command of the shell, in the network namespace that this process is in. */
const here = (command: string): string => `nsenter --net=/proc/${process.pid}/ns/net -- sh -c '${command}'`;

/** What is sent in a cold sync and in a restart, kept for the floors. */
interface Recording {
  readonly cold: readonly Buffer[];
  readonly restart: readonly Buffer[];
  readonly firstColdSync: number;
  readonly commands: number;
  readonly coldWrites: number;
  readonly coldBytes: number;
}

/** Goes through it all once before anything is measured: what is sent is kept now, because keeping it takes time. */
async function record(catalog: Catalog, kernel: Ipvsadm): Promise<Recording> {
  await kernel.clear();
  const cold = new Controller(catalog, true);
  const firstColdSync = await timed(() => cold.start());
  await kernel.compare();
  const again = new Controller(catalog, true);
  await again.start();
  await cold.stop();
  await again.stop();
  const { sent, writes, bytes } = cold.transport;
  return {
    cold: [...sent],
    restart: [...again.transport.sent],
    firstColdSync,
    commands: cold.commands,
    coldWrites: writes,
    coldBytes: bytes,
  };
}

/** A list of times for each thing that is measured. */
const noTimes = (): Record<
  'coldSync' | 'coldFloor' | 'ipvsadmRestore' | 'restart' | 'restartFloor' | 'oneChange',
  number[]
> => ({ coldSync: [], coldFloor: [], ipvsadmRestore: [], restart: [], restartFloor: [], oneChange: [] });

/** A controller that is started and stopped over what the kernel holds: the time, and the commands that it wrote. */
async function sync(catalog: Catalog, times: number[]): Promise<number> {
  const controller = new Controller(catalog);
  times.push(await timed(() => controller.start()));
  await controller.stop();
  return controller.commands;
}

/** One size, each thing in turn in every round, so that all of them meet the machine in the same mood. */
async function measure(size: Size, shell: Shell): Promise<IpvsSyncResult> {
  const kernel = new Ipvsadm(shell, size);
  const catalog = catalogOf(size);
  const times = noTimes();
  const { quick, slow } = roundsFor(size.services);
  const { cold, restart, ...counts } = await record(catalog, kernel);
  const floor = (sent: readonly Buffer[]): Promise<number> =>
    timed(() => {
      replay(sent, replyRoom);
    });
  let restartCommands = 0;
  for (let round = 0; round < quick; round += 1) {
    await kernel.clear();
    await sync(catalog, times.coldSync);
    await kernel.compare();
    await kernel.clear();
    times.coldFloor.push(await floor(cold));
    await kernel.compare();
    restartCommands += await sync(catalog, times.restart);
    times.restartFloor.push(await floor(restart));
    await kernel.compare();
    if (round >= slow) continue;
    await kernel.clear();
    times.ipvsadmRestore.push(await timed(() => kernel.restore()));
    await kernel.compare();
  }
  const change = await measureChange(catalog, size, times.oneChange);
  await kernel.compare();
  kernel.close();
  return {
    size,
    ...counts,
    restartCommands,
    ...change,
    coldSync: sampleOf(times.coldSync),
    coldFloor: sampleOf(times.coldFloor),
    ipvsadmRestore: sampleOf(times.ipvsadmRestore),
    restart: sampleOf(times.restart),
    restartFloor: sampleOf(times.restartFloor),
    oneChange: sampleOf(times.oneChange),
    right: kernel.right,
  };
}

/** Replaces one endpoint of one service and puts it back, many times over. */
async function measureChange(
  catalog: Catalog,
  size: Size,
  times: number[],
): Promise<Pick<IpvsSyncResult, 'oneChangeCommands' | 'oneChangeBytes'>> {
  const controller = new Controller(catalog);
  await controller.start();
  controller.transport.reset();
  controller.commands = 0;
  const index = Math.floor(size.services / 2);
  const changes = 100;
  for (let count = 0; count < changes; count += 1) {
    put(catalog, index, size, count % 2 === 0 ? '12.0.0.1' : undefined);
    times.push(await timed(() => controller.follow()));
  }
  await controller.stop();
  return {
    oneChangeCommands: controller.commands / changes,
    oneChangeBytes: Math.round(controller.transport.bytes / changes),
  };
}

const [resultFile = '/dev/stdout', ...sizes] = process.argv.slice(2);
const shell = new Shell();
const results: IpvsSyncResult[] = [];
for (const services of sizes.length === 0 ? [10, 100, 1000, 10_000] : sizes.map(Number)) {
  process.stderr.write(`  ipvs ${services} services × 10 endpoints\n`);
  results.push(await measure({ services, endpoints: 10 }, shell));
}
writeFileSync(resultFile, `${JSON.stringify(results)}\n`);
shell.close();
