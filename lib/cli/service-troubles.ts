import type { Catalog } from '../catalog/catalog.ts';
import type { Problem } from '../model/problem.ts';
import type { ServiceKey } from '../model/service.ts';
import type { Clock } from '../model/clock.ts';
import type { ReconcilerListener } from '../reconciler/reports.ts';
import type { ServiceEvents } from '../sources/kubernetes/event-recorder.ts';
import type { ObjectProblems } from '../sources/kubernetes/problem-listener.ts';
import { EntryOwners } from './entry-owners.ts';
import { EventSet, type ServiceFact } from './event-set.ts';
import {
  healthCheckEvent,
  kernelFacts,
  type KernelTroubles,
  ownRefusals,
  problemEvent,
} from './service-facts.ts';

/** What ServiceTroubles work on. */
export interface ServiceTroublesOptions {
  /** Who is told. */
  readonly events: ServiceEvents;
  readonly catalog: Pick<Catalog, 'keys' | 'get'>;
  readonly clock: Clock;
  /** What keeps services from the kernel now. */
  readonly kernel: () => KernelTroubles;
}

/** Milliseconds from a change in the kernel until it is looked at: what passes meanwhile is not worth an event. */
const lookAfter = 1000;

/** Tells the owners of services what keeps these from being served, wherever it is found, and when it is over. */
export class ServiceTroubles {
  readonly #options: ServiceTroublesOptions;
  readonly #owners: EntryOwners;
  /** By the object that something is wrong with, or the service that something is not followed in. */
  readonly #problems = new Map<string, EventSet>();
  readonly #kernel: EventSet;
  #cancelLook: (() => void) | undefined;

  constructor(options: ServiceTroublesOptions) {
    this.#options = options;
    this.#owners = new EntryOwners(options.catalog);
    this.#kernel = new EventSet(options.events);
  }

  /** What is wrong with an object became something else. Readings that are only kind are left to the log. */
  decoded({ object, service, problems }: ObjectProblems): void {
    const named = object === `Service ${service}` ? undefined : object;
    const errors = problems.filter(({ severity }) => severity === 'error');
    this.#replace(
      object,
      errors.map((problem) => ({ service, event: problemEvent(problem, named) })),
    );
  }

  /** A service was planned; these are what is not followed in it, none where it is gone. */
  planned(service: ServiceKey, problems: readonly Problem[]): void {
    const own = problems.filter(
      ({ severity, field = '' }) => severity === 'error' || field.startsWith('metadata.annotations'),
    );
    this.#replace(
      service,
      own.map((problem) => ({ service, event: problemEvent(problem) })),
    );
  }

  /** The health check port of a service is not served, and why; or, with undefined, it is. */
  healthCheck(service: ServiceKey, trouble: string | undefined): void {
    const facts = trouble === undefined ? [] : [{ service, event: healthCheckEvent(trouble) }];
    this.#replace(`health check of ${service}`, facts);
  }

  /** For a reconciler to call: what is refused, contended for or cannot be planned is looked at soon. */
  get listener(): Required<Pick<ReconcilerListener, 'refused' | 'contended' | 'planFailed' | 'synced'>> {
    const soon = (): void => {
      this.#lookSoon();
    };
    return {
      refused: soon,
      contended: soon,
      planFailed: soon,
      // What was written may have ended what was told before.
      synced: () => {
        if (this.#kernel.size > 0) soon();
      },
    };
  }

  /** Ends. Nothing is said to be over by that. */
  stop(): void {
    this.#cancelLook?.();
  }

  #replace(matter: string, facts: readonly ServiceFact[]): void {
    const known = this.#problems.get(matter);
    if (known === undefined && facts.length === 0) return;
    const set = known ?? new EventSet(this.#options.events);
    set.replace(facts);
    if (facts.length > 0) this.#problems.set(matter, set);
    else this.#problems.delete(matter);
  }

  #lookSoon(): void {
    this.#cancelLook ??= this.#options.clock.after(lookAfter, () => {
      this.#cancelLook = undefined;
      this.#look();
    });
  }

  #look(): void {
    const troubles = this.#options.kernel();
    const owners = this.#owners.of(ownRefusals(troubles.refused).map(({ key }) => key));
    this.#kernel.replace(kernelFacts(troubles, (key) => owners.get(key) ?? []));
  }
}
