import type { Clock } from '../../../lib/model/clock.ts';
import type { Log } from '../../../lib/reconciler/log.ts';
import { fakeKernel, type FakeKernel } from '../../../lib/kernel/fake-kernel.ts';
import { setEntry } from '../../../lib/model/ip-set.ts';
import type { BasePlan, PlannedVirtualServer, ServicePlan } from '../../../lib/model/plan.ts';
import { realServerKey, type RealServer } from '../../../lib/model/real-server.ts';
import {
  virtualServerKey,
  type VirtualServer,
  type VirtualServerId,
} from '../../../lib/model/virtual-server.ts';
import type { Gate } from '../../../lib/reconciler/transaction.ts';
import { Wire } from './wire.ts';
import { Reconciler, type ReconcilerOptions } from '../../../lib/reconciler/reconciler.ts';

/** Leaves no change for later. */
export const openGate: Gate = {
  closed: () => false,
  waits: () => false,
  departures: (removals) => Promise.resolve({ changes: removals, later: [] }),
};

/** A clock that stands still until it is moved. */
export class ManualClock implements Clock {
  #now = 1_000_000;
  #timers: { due: number; action: () => void }[] = [];

  now(): number {
    return this.#now;
  }

  after(milliseconds: number, action: () => void): () => void {
    const timer = { due: this.#now + milliseconds, action };
    this.#timers.push(timer);
    return () => {
      this.#timers = this.#timers.filter((other) => other !== timer);
    };
  }

  /** Moves on and runs what has come due; with 0 only what is due already. */
  advance(milliseconds: number): void {
    this.#now += milliseconds;
    const due = this.#timers.filter((timer) => timer.due <= this.#now);
    this.#timers = this.#timers.filter((timer) => timer.due > this.#now);
    for (const { action } of due) action();
  }

  /** When the next timer goes off, or undefined. */
  get next(): number | undefined {
    return this.#timers.length === 0 ? undefined : Math.min(...this.#timers.map(({ due }) => due));
  }
}

/** A log that keeps its lines. */
export class MemoryLog implements Log {
  readonly lines: { level: string; message: string; fields: object }[] = [];

  debug(fields: object, message: string): void {
    this.lines.push({ level: 'debug', message, fields });
  }
  info(fields: object, message: string): void {
    this.lines.push({ level: 'info', message, fields });
  }
  warn(fields: object, message: string): void {
    this.lines.push({ level: 'warn', message, fields });
  }
  error(fields: object, message: string): void {
    this.lines.push({ level: 'error', message, fields });
  }

  at(level: string): string[] {
    return this.lines.filter((line) => line.level === level).map(({ message }) => message);
  }
}

/** A TCP virtual server with `rr`, but for what is given. */
export function virtualServer(
  address: string,
  port: number,
  changes: Partial<VirtualServer> = {},
): VirtualServer {
  const id: VirtualServerId = { protocol: changes.protocol ?? 'TCP', address, port };
  return {
    ...id,
    key: virtualServerKey(id),
    scheduler: 'rr',
    flags: 0,
    timeout: 0,
    persistencePrefix: 32,
    ...changes,
  };
}

/** A real server of weight 1. */
export function realServer(
  of: VirtualServer,
  address: string,
  changes: Partial<RealServer> = {},
): RealServer {
  return {
    key: realServerKey(of.key, address, 8080),
    virtualServer: of,
    address,
    port: 8080,
    weight: 1,
    forwarding: 'masquerade',
    upperThreshold: 0,
    lowerThreshold: 0,
    ...changes,
  };
}

/** What `planOf` makes a ClusterIP service of. */
export interface Sketch {
  readonly vip: string;
  readonly endpoints: readonly string[];
  readonly ports?: readonly number[];
  readonly created?: number;
  readonly scheduler?: string;
  readonly weight?: number;
  readonly drainTimeout?: number;
}

/** The plan of a ClusterIP service: one virtual server a port, its set entry, the address and its set entry. */
export function planOf(service: string, sketch: Sketch): ServicePlan {
  const { vip, endpoints, ports = [80], created = 0, scheduler = 'rr', weight = 1 } = sketch;
  const virtualServers = ports.map((port): PlannedVirtualServer => {
    const server = virtualServer(vip, port, { scheduler });
    return { server, realServers: endpoints.map((address) => realServer(server, address, { weight })) };
  });
  return {
    service,
    created,
    virtualServers,
    setEntries: [
      ...ports.map((port) => setEntry('KUBE-CLUSTER-IP', `${vip},tcp:${port}`)),
      setEntry('KUBE-IPVS-IPS', vip),
    ],
    addresses: [{ key: vip, address: vip }],
    drainTimeout: sketch.drainTimeout,
  };
}

/** The base that the tests use. */
export const base: BasePlan = {
  sysctls: [{ key: 'net/ipv4/vs/conntrack', value: '1' }],
  sets: [
    { key: 'KUBE-CLUSTER-IP', name: 'KUBE-CLUSTER-IP', type: 'hash:ip,port', family: 'IPv4' },
    { key: 'KUBE-IPVS-IPS', name: 'KUBE-IPVS-IPS', type: 'hash:ip', family: 'IPv4' },
  ],
  firewall: [{ key: 'IPv4', family: 'IPv4', chains: [], jumps: [] }],
};

/** A kernel in memory, services as sketches, and a reconciler between them. */
export class World {
  readonly kernel: FakeKernel;
  readonly clock = new ManualClock();
  readonly log = new MemoryLog();
  readonly services = new Map<string, Sketch>();
  /** Services in the order in which they were planned. */
  readonly planned: string[] = [];
  /** Between the present process and the kernel. */
  wire: Wire;
  #reconciler: Reconciler;
  readonly #refused: [keyof FakeKernel, string][] = [];
  readonly #options: Partial<ReconcilerOptions>;

  constructor(options: Partial<ReconcilerOptions> = {}, kernel = fakeKernel()) {
    this.kernel = kernel;
    this.#options = options;
    this.wire = new Wire(kernel);
    this.#reconciler = this.#make();
  }

  get reconciler(): Reconciler {
    return this.#reconciler;
  }

  #make(): Reconciler {
    return new Reconciler(this.options());
  }

  options(): ReconcilerOptions {
    return {
      tables: this.wire.tables,
      base,
      plan: (service) => this.plan(service),
      log: this.log,
      clock: this.clock,
      wallTime: () => this.clock.now(),
      random: () => 0.5,
      syncPeriod: 0,
      minSyncPeriod: 0,
      ...this.#options,
    };
  }

  plan(service: string): ServicePlan | undefined {
    this.planned.push(service);
    const sketch = this.services.get(service);
    return sketch && planOf(service, sketch);
  }

  /** The keys of all services, the oldest first, as `start` wants them. */
  byAge(): string[] {
    const created = (key: string): number => this.services.get(key)?.created ?? 0;
    return [...this.services.keys()].sort((a, b) => created(a) - created(b) || (a < b ? -1 : 1));
  }

  /** Starts with all services and waits until they are written. */
  async start(): Promise<void> {
    this.#reconciler.start(this.byAge());
    await this.settled();
  }

  /** Ends this process and begins another over the same kernel. */
  async restart(): Promise<void> {
    await this.#reconciler.stop();
    this.wire = new Wire(this.kernel);
    this.#reconciler = this.#make();
    await this.start();
  }

  /** Changes services and waits until that is written. */
  async change(sketches: Record<string, Sketch | undefined>): Promise<void> {
    for (const [service, sketch] of Object.entries(sketches)) {
      if (sketch === undefined) this.services.delete(service);
      else this.services.set(service, sketch);
    }
    this.#reconciler.changed(Object.keys(sketches));
    await this.settled();
  }

  async settled(): Promise<void> {
    const settled = this.#reconciler.settled();
    this.clock.advance(0);
    await settled;
  }

  async audit(): Promise<Awaited<ReturnType<Reconciler['audit']>>> {
    const report = this.#reconciler.audit();
    this.clock.advance(0);
    return report;
  }

  /** Lets time pass and waits for what that sets off. */
  async pass(milliseconds: number): Promise<void> {
    this.clock.advance(milliseconds);
    await this.settled();
  }

  /** Sum of the writes of all tables. */
  get writes(): number {
    return this.tables.reduce((sum, table) => sum + table.writes, 0);
  }

  /** From now on the kernel refuses changes of the key. */
  refuse(table: keyof FakeKernel, key: string): void {
    this.kernel[table].refuse(key);
    this.#refused.push([table, key]);
  }

  /** The kernel takes everything again. */
  acceptAll(): void {
    for (const [table, key] of this.#refused.splice(0)) this.kernel[table].accept(key);
  }

  /** Keys that a table of the kernel holds, sorted. */
  keys(table: keyof FakeKernel): string[] {
    return [...this.kernel[table].entries.keys()].sort();
  }

  resetCounts(): void {
    this.wire.written.length = 0;
    for (const table of this.tables) table.resetCounts();
  }

  get tables(): FakeKernel[keyof FakeKernel][] {
    return Object.values(this.kernel) as FakeKernel[keyof FakeKernel][];
  }
}
