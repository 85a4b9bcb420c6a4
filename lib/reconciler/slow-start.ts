import type { ServicePlan } from '../model/plan.ts';
import type { ServiceKey } from '../model/service.ts';
import type { Clock } from '../model/clock.ts';

/**
 * The weight of a real server that is new among others: from 1 it grows evenly to its full weight, in as many steps as
 * there are whole numbers between.
 *
 * @param elapsed milliseconds since it came
 * @param period milliseconds until it has its full weight
 */
export function slowStartWeight(full: number, elapsed: number, period: number): number {
  if (elapsed >= period) return full;
  return Math.min(full, 1 + Math.floor(((full - 1) * elapsed) / period));
}

/** Milliseconds since a real server came at which its weight grows next; `Infinity` where it is full. */
export function nextSlowStartStep(full: number, elapsed: number, period: number): number {
  const weight = slowStartWeight(full, elapsed, period);
  if (weight === full) return Infinity;
  return Math.min(period, Math.max(Math.ceil((weight * period) / (full - 1)), elapsed + 1));
}

/** A service whose real servers start slowly. */
interface Starting {
  readonly plan: ServicePlan;
  readonly period: number;
  /** Every real server that is planned. */
  readonly known: ReadonlySet<string>;
  /** When each came that is not at its full weight, in the clock's milliseconds. */
  readonly since: ReadonlyMap<string, number>;
  /** When a weight grows next, in the clock's milliseconds. */
  readonly due: number;
}

/**
 * Has real servers that come to a service which asks for it take their share of new connections little by little: a
 * scheduler that looks for the least connections would else send every new one to them. What a service has when it is
 * planned for the first time is not slowed, so that a restart changes no weight.
 */
export class SlowStart {
  readonly #clock: Clock;
  readonly #services = new Map<ServiceKey, Starting>();
  /** Those that have a real server which is not at its full weight. */
  readonly #active = new Set<ServiceKey>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Takes the plan of a service, and gives what is to be in force of it now. */
  take(service: ServiceKey, plan: ServicePlan | undefined): ServicePlan | undefined {
    if (plan?.slowStart === undefined) {
      this.#services.delete(service);
      this.#active.delete(service);
      return plan;
    }
    const known = keysOf(plan);
    const came = this.#came(this.#services.get(service), known);
    return this.#weigh(service, { plan, period: plan.slowStart, known }, came);
  }

  /** When `steps` has something to give, in the clock's milliseconds; `Infinity` where nothing is starting. */
  nextDue(): number {
    let due = Infinity;
    for (const service of this.#active) due = Math.min(due, this.#services.get(service)?.due ?? Infinity);
    return due;
  }

  /** What is to be in force from now on of the services whose weights have to grow. */
  steps(): (readonly [ServiceKey, ServicePlan])[] {
    const now = this.#clock.now();
    return [...this.#active].flatMap((service) => {
      const starting = this.#services.get(service);
      if (starting === undefined || starting.due > now) return [];
      return [[service, this.#weigh(service, starting, starting.since)] as const];
    });
  }

  /** When each real server came that has not been there all the time. */
  #came(before: Starting | undefined, known: ReadonlySet<string>): ReadonlyMap<string, number> {
    const came = new Map<string, number>();
    for (const key of before === undefined ? [] : known) {
      const since = before?.since.get(key);
      if (since !== undefined) came.set(key, since);
      else if (before?.known.has(key) === false) came.set(key, this.#clock.now());
    }
    return came;
  }

  #weigh(
    service: ServiceKey,
    starting: Pick<Starting, 'plan' | 'period' | 'known'>,
    came: ReadonlyMap<string, number>,
  ): ServicePlan {
    const { plan, period } = starting;
    const now = this.#clock.now();
    const since = new Map([...came].filter(([, at]) => now - at < period));
    let due = Infinity;
    const virtualServers = plan.virtualServers.map((planned) => ({
      ...planned,
      realServers: planned.realServers.map((realServer) => {
        const at = since.get(realServer.key);
        if (at === undefined) return realServer;
        due = Math.min(due, at + nextSlowStartStep(realServer.weight, now - at, period));
        return { ...realServer, weight: slowStartWeight(realServer.weight, now - at, period) };
      }),
    }));
    this.#services.set(service, { ...starting, since, due });
    if (since.size > 0) this.#active.add(service);
    else this.#active.delete(service);
    return since.size > 0 ? { ...plan, virtualServers } : plan;
  }
}

function keysOf({ virtualServers }: ServicePlan): ReadonlySet<string> {
  return new Set(virtualServers.flatMap(({ realServers }) => realServers.map(({ key }) => key)));
}
