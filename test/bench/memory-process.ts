/**
 * The process that `memory.ts` measures: the rooms of the daemon from the API server to the ledger, before a kernel that
 * takes every write and keeps nothing. Prints one JSON object a stage.
 *
 *   node memory-process.mjs KUBECONFIG SETTLE_SECONDS
 */
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { pino } from 'pino';
import { Ipvs } from '../../native-bindings/ipvs.ts';
import { Catalog } from '../../lib/catalog/catalog.ts';
import { compactHeap } from '../../lib/cli/heap.ts';
import { releaseMappedFiles } from '../../lib/cli/mapped-files.ts';
import { oldestFirst } from '../../lib/cli/oldest-first.ts';
import { createProgram } from '../../lib/cli/program.ts';
import { fakeKernel } from '../../lib/kernel/fake-kernel.ts';
import type { KernelTables } from '../../lib/kernel/kernel-tables.ts';
import type { RealServerTable } from '../../lib/kernel/real-server-table.ts';
import type { Change, Refusals, Table } from '../../lib/kernel/table.ts';
import type { Keyed } from '../../lib/model/keyed.ts';
import type { RealServer } from '../../lib/model/real-server.ts';
import { systemClock } from '../../lib/reconciler/clock.ts';
import { Reconciler } from '../../lib/reconciler/reconciler.ts';
import { systemClock as sourceClock } from '../../lib/sources/clock.ts';
import { ApiClient } from '../../lib/sources/kubernetes/api-client.ts';
import { Credentials } from '../../lib/sources/kubernetes/credentials.ts';
import { readKubeconfig } from '../../lib/sources/kubernetes/kubeconfig.ts';
import { KubernetesSource } from '../../lib/sources/kubernetes/kubernetes-source.ts';
import { Transport } from '../../lib/sources/kubernetes/transport.ts';
import { basePlan, planFrom, silent } from './measured-node.ts';

/** One measurement, in bytes and in milliseconds since the process was started. */
export interface MemoryStage {
  readonly stage: string;
  readonly milliseconds: number;
  readonly resident: number;
  /** Of that, what belongs to this process alone: the rest is mostly Node's own program, mapped from its file. */
  readonly anonymous: number;
  /** The most that has been resident so far. */
  readonly peak: number;
  readonly heap: number;
  /** Memory of the heap that V8 has from the system, used or not. */
  readonly heapTotal: number;
  readonly external: number;
}

/** A table that takes every write and holds nothing, so that the kernel's own state is not measured. */
class SwallowingTable<Entry extends Keyed> implements Table<Entry> {
  readonly name: string;
  readonly #like: Table<Entry>;
  readonly #none: Refusals = new Map();
  writes = 0;

  constructor(like: Table<Entry>) {
    this.name = like.name;
    this.#like = like;
  }

  read(): Promise<ReadonlyMap<string, Entry>> {
    return Promise.resolve(new Map());
  }

  apply(changes: readonly Change<Entry>[]): Promise<Refusals> {
    this.writes += changes.length;
    return Promise.resolve(this.#none);
  }

  equals(a: Entry, b: Entry): boolean {
    return this.#like.equals(a, b);
  }
}

class SwallowingRealServers extends SwallowingTable<RealServer> implements RealServerTable {
  readUse(): readonly [] {
    return [];
  }
}

function swallowingTables(): KernelTables {
  const like = fakeKernel();
  return {
    sysctls: new SwallowingTable(like.sysctls),
    sets: new SwallowingTable(like.sets),
    firewall: new SwallowingTable(like.firewall),
    setEntries: new SwallowingTable(like.setEntries),
    virtualServers: new SwallowingTable(like.virtualServers),
    realServers: new SwallowingRealServers(like.realServers),
    addresses: new SwallowingTable(like.addresses),
  };
}

function statusField(name: string): number {
  const match = new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(readFileSync('/proc/self/status', 'utf8'));
  return Number(match?.[1]) * 1024;
}

function report(stage: string): void {
  globalThis.gc?.();
  globalThis.gc?.();
  const { heapUsed: heap, heapTotal, external } = process.memoryUsage();
  const resident = statusField('VmRSS');
  const anonymous = statusField('RssAnon');
  const peak = statusField('VmHWM');
  const milliseconds = performance.now();
  const result: MemoryStage = {
    ...{ stage, milliseconds, resident, anonymous, peak },
    ...{ heap, heapTotal, external },
  };
  process.stdout.write(`${JSON.stringify(result)}\n`);
}

/** Loads what the daemon loads besides: the command line and the FFI addon. */
function loadRest(): void {
  const nothing = (): void => undefined;
  createProgram({
    nodeName: undefined,
    apiServer: undefined,
    terminal: { out: nothing, err: nothing },
    finish: nothing,
    untilStopped: () => Promise.resolve(''),
  });
  try {
    Ipvs.open().close();
  } catch {
    // A machine without IPVS has loaded the addon all the same.
  }
}

async function listed(catalog: Catalog): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<unknown>();
  catalog.onChange(() => {
    if (catalog.synced) resolve(undefined);
    else catalog.takeChanged();
  });
  await promise;
}

const [kubeconfig = '', settleSeconds = '0'] = process.argv.slice(2);
loadRest();
report('loaded');
releaseMappedFiles();
const transport = new Transport({ userAgent: 'kube-ipvs/bench' });
const api = new ApiClient(new Credentials(await readKubeconfig(kubeconfig), sourceClock), transport);
const catalog = new Catalog();
const log = pino({ level: 'warn' }, pino.destination(2));
const source = new KubernetesSource({ api, catalog, log });
source.start();
await listed(catalog);
report('listed');
releaseMappedFiles();
const reconciler = new Reconciler({
  tables: swallowingTables(),
  base: basePlan,
  plan: planFrom(catalog),
  log: silent,
  clock: systemClock,
  random: Math.random,
  syncPeriod: 0,
  minSyncPeriod: 1000,
});
reconciler.start(oldestFirst(catalog));
await reconciler.settled();
report('programmed');
compactHeap();
report('at rest');
await sleep(Number(settleSeconds) * 1000);
report('settled');
const { entries } = reconciler.status();
process.stdout.write(`${JSON.stringify({ entries })}\n`);
await source.stop();
await reconciler.stop();
transport.close();
