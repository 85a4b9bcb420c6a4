/**
 * P2, P3 and the cost of one change, against the kernel that this runs on: in a lab, never on a machine that does
 * something else, for it empties the IPVS tables. Writes one JSON file.
 *
 *   node test/bench/ipvs-sync.ts RESULT.json [SERVICES…]
 */
import { execFileSync } from 'node:child_process';
import { rmSync, writeFileSync } from 'node:fs';
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
import { RecordingTransport, replay } from './recording-transport.ts';
import { type Sample, sampleOf, timed } from './sample.ts';
import { clusterIpOf, endpointOf, objectsOf, type Size } from './workload.ts';

/** What was measured at one size. Times in milliseconds. */
export interface IpvsSyncResult {
  readonly size: Size;
  /** IPVS commands of a full sync. */
  readonly commands: number;
  readonly coldSync: Sample;
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

function kernelRules(): string[] {
  return execFileSync('ipvsadm', ['-Sn'], { encoding: 'utf8', maxBuffer: 2 ** 28 })
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');
}

const clear = (): void => {
  execFileSync('ipvsadm', ['-C']);
};

/** One size, each thing in turn in every round, so that all of them meet the machine in the same mood. */
async function measure(size: Size): Promise<IpvsSyncResult> {
  const expected = [...expectedRules(size)].sort();
  const rules = `/tmp/rules-${size.services}`;
  writeFileSync(rules, `${expected.join('\n')}\n`);
  const catalog = catalogOf(size);
  let right = true;
  const compare = (): void => {
    const held = kernelRules().sort();
    right &&= held.length === expected.length && held.every((rule, index) => rule === expected[index]);
  };
  const times = {
    coldSync: [] as number[],
    coldFloor: [] as number[],
    ipvsadmRestore: [] as number[],
    restart: [] as number[],
    restartFloor: [] as number[],
    oneChange: [] as number[],
  };
  const { quick, slow } = roundsFor(size.services);
  let counts = { commands: 0, coldWrites: 0, coldBytes: 0, restartCommands: 0 };
  for (let round = 0; round < quick; round += 1) {
    clear();
    const cold = new Controller(catalog, true);
    times.coldSync.push(await timed(() => cold.start()));
    compare();
    clear();
    times.coldFloor.push(
      await timed(() => {
        replay(cold.transport.sent, replyRoom);
      }),
    );
    compare();
    const again = new Controller(catalog, true);
    times.restart.push(await timed(() => again.start()));
    times.restartFloor.push(
      await timed(() => {
        replay(again.transport.sent, replyRoom);
      }),
    );
    compare();
    counts = {
      commands: cold.commands,
      coldWrites: cold.transport.writes,
      coldBytes: cold.transport.bytes,
      restartCommands: counts.restartCommands + again.commands,
    };
    await cold.stop();
    await again.stop();
    if (round < slow) {
      clear();
      times.ipvsadmRestore.push(
        await timed(() => {
          execFileSync('sh', ['-c', `ipvsadm -R <${rules}`]);
        }),
      );
      compare();
    }
  }
  rmSync(rules);
  const change = await measureChange(catalog, size, times.oneChange);
  compare();
  return {
    size,
    ...counts,
    ...change,
    coldSync: sampleOf(times.coldSync),
    coldFloor: sampleOf(times.coldFloor),
    ipvsadmRestore: sampleOf(times.ipvsadmRestore),
    restart: sampleOf(times.restart),
    restartFloor: sampleOf(times.restartFloor),
    oneChange: sampleOf(times.oneChange),
    right,
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
const results: IpvsSyncResult[] = [];
for (const services of sizes.length === 0 ? [10, 100, 1000, 10_000] : sizes.map(Number)) {
  process.stderr.write(`  ipvs ${services} services × 10 endpoints\n`);
  results.push(await measure({ services, endpoints: 10 }));
}
writeFileSync(resultFile, `${JSON.stringify(results)}\n`);
