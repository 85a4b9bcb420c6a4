import { familyOf, type IpFamily } from '../model/family.ts';
import type { ServicePlan } from '../model/plan.ts';
import type { ServiceKey } from '../model/service.ts';

/** When changes of services' endpoints began, as the control plane tells it, in milliseconds since the epoch. */
export type TriggerTimes = Iterable<readonly [ServiceKey, Iterable<number>]>;

/** One change of a service's endpoints that is in the kernel. */
export interface ProgrammedChange {
  readonly service: ServiceKey;
  /** When the change began, in milliseconds since the epoch. */
  readonly triggered: number;
  /** Milliseconds from then until the kernel held it. Never negative: the clocks of two machines differ a little. */
  readonly latency: number;
  /** Those that its service is served in. */
  readonly families: readonly IpFamily[];
}

/** All changes that were measured, in short. */
export interface LatencySummary {
  readonly count: number;
  /** Of the latencies, in milliseconds. */
  readonly sum: number;
  readonly last: ProgrammedChange | undefined;
}

/** What measuring needs. */
export interface ProgrammingLatencyOptions {
  /**
   * Milliseconds since the epoch by the machine's clock as it is set: compared with times of other machines, it must
   * follow corrections.
   */
  readonly wallTime: () => number;
  /** Told of every change that came to be in the kernel. */
  readonly programmed: (change: ProgrammedChange) => void;
}

/** A time that lies so many milliseconds ahead may come of clocks that differ; one further ahead is wrong. */
const clockSkew = 5000;

/** Times of one service that wait at most: more come together only where the kernel refuses it for long. */
const mostTimes = 100;

/** A service as it was planned, with the times of the changes that this plan brings into the kernel. */
interface Planned {
  readonly plan: ServicePlan;
  readonly times: ReadonlySet<number>;
}

const noTimes: ReadonlySet<number> = new Set();

/**
 * How long changes of endpoints take from their begin to the kernel: Kubernetes' network programming latency (SIG
 * Scalability's SLI). Every change of a burst is measured, for itself. It ends when everything that its service wants is
 * in the kernel; what is refused for other services is not waited for.
 *
 * Changes that began before the program did are not measured, for it could not have been quicker; nor those of services
 * that are gone by then. What is kept is bounded by the services that have changes under way.
 */
export class ProgrammingLatency {
  readonly #options: ProgrammingLatencyOptions;
  readonly #started: number;
  /** Times of services that wait to be planned. */
  readonly #waiting = new Map<ServiceKey, ReadonlySet<number>>();
  /** Services that are planned and not known to be in the kernel. */
  readonly #planned = new Map<ServiceKey, Planned>();
  #count = 0;
  #sum = 0;
  #last: ProgrammedChange | undefined;

  constructor(options: ProgrammingLatencyOptions) {
    this.#options = options;
    this.#started = options.wallTime();
  }

  get summary(): LatencySummary {
    return { count: this.#count, sum: this.#sum, last: this.#last };
  }

  /** Services of which something is kept. */
  get size(): number {
    return new Set([...this.#waiting.keys(), ...this.#planned.keys()]).size;
  }

  /** Changes began at these times; their services are planned some time after this call. */
  triggered(triggers: TriggerTimes): void {
    for (const [service, times] of triggers) {
      const own = [...times].filter((time) => time > this.#started);
      if (own.length > 0) this.#waiting.set(service, union(this.#waiting.get(service), own));
    }
  }

  /** A service was planned, and the plan is about to be written; `undefined` where it wants nothing. */
  planned(service: ServiceKey, plan: ServicePlan | undefined): void {
    if (this.#waiting.size + this.#planned.size === 0) return;
    const waiting = this.#waiting.get(service);
    const before = this.#planned.get(service);
    this.#waiting.delete(service);
    if (plan === undefined) this.#planned.delete(service);
    else if (waiting !== undefined || before !== undefined)
      this.#planned.set(service, { plan, times: union(before?.times, waiting ?? noTimes) });
  }

  /**
   * Something was written.
   * @param inForce makes what tells whether all that a plan wants is in the kernel; asked only where plans wait
   */
  written(inForce: () => (plan: ServicePlan) => boolean): void {
    if (this.#planned.size === 0) return;
    const holds = inForce();
    for (const [service, { plan, times }] of this.#planned) {
      if (!holds(plan)) continue;
      this.#planned.delete(service);
      const families = familiesOf(plan);
      for (const triggered of times) this.#measure(service, triggered, families);
    }
  }

  #measure(service: ServiceKey, triggered: number, families: readonly IpFamily[]): void {
    const latency = this.#options.wallTime() - triggered;
    if (latency < -clockSkew) return;
    const change = { service, triggered, latency: Math.max(0, latency), families };
    this.#count += 1;
    this.#sum += change.latency;
    this.#last = change;
    this.#options.programmed(change);
  }
}

function familiesOf({ virtualServers }: ServicePlan): IpFamily[] {
  return [...new Set(virtualServers.map(({ server }) => familyOf(server.address)))];
}

/** The first hundred: how long the oldest waited is what tells of the trouble. */
function union(some: ReadonlySet<number> | undefined, more: Iterable<number>): ReadonlySet<number> {
  const all = new Set(some);
  for (const time of more) if (all.size < mostTimes) all.add(time);
  return all;
}
