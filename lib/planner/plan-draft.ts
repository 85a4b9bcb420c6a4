import type { BoundAddress } from '../model/bound-address.ts';
import type { IpFamily } from '../model/family.ts';
import type { KubeSet, SetEntry } from '../model/ip-set.ts';
import { setEntry } from '../model/ip-set.ts';
import type {
  MissingLocalEndpoints,
  PlannedVirtualServer,
  ServiceHealth,
  ServicePlan,
} from '../model/plan.ts';
import type { Service } from '../model/service.ts';
import { serviceKey } from '../model/service.ts';
import { setNames } from './sets.ts';

/** The plan of one service while it is being made. Of what is added twice the first stays. */
export class PlanDraft {
  readonly #virtualServers: PlannedVirtualServer[] = [];
  readonly #setEntries: SetEntry[] = [];
  readonly #addresses: BoundAddress[] = [];
  /** Made when it is first needed: few services have a policy `Local`. */
  #missingLocal: MissingLocalEndpoints[] | undefined;
  /** One for all three lists of kernel state: their keys cannot be mistaken for each other. */
  readonly #keys = new Set<string>();

  /**
   * Adds a virtual server with its own real servers. One that is there already gets the set entries alone, and none of
   * them where it has real servers and the other has not, for then they would refuse what it serves.
   */
  addVirtualServer(planned: PlannedVirtualServer): void {
    if (this.#isNew(planned.server.key)) {
      this.#virtualServers.push(planned);
    } else {
      this.#join(planned);
    }
  }

  /** @param element in the notation of ipset(8) */
  addSetEntry(set: KubeSet, family: IpFamily, element: string): void {
    const entry = setEntry(setNames[family][set], element);
    if (this.#isNew(entry.key)) {
      this.#setEntries.push(entry);
    }
  }

  /** @param address canonical text */
  addAddress(address: string): void {
    if (this.#isNew(address)) {
      this.#addresses.push({ key: address, address });
    }
  }

  /** Notes that a policy `Local` finds no endpoint on this node, though there are some. */
  addMissingLocal(family: IpFamily, policy: MissingLocalEndpoints['policy']): void {
    this.#missingLocal ??= [];
    if (!this.#missingLocal.some((one) => one.family === family && one.policy === policy)) {
      this.#missingLocal.push({ family, policy });
    }
  }

  /**
   * What was added, in the order in which it was. The draft is not to be used any more. The lists are copied: those that
   * grew by `push` have room for 17 items, which every plan would hold for as long as its service lives.
   */
  finish(
    service: Service,
    health: ServiceHealth | undefined,
    { drainTimeout, slowStart }: Pick<ServicePlan, 'drainTimeout' | 'slowStart'>,
  ): ServicePlan {
    return {
      service: serviceKey(service.namespace, service.name),
      created: service.created,
      virtualServers: this.#virtualServers.slice(),
      setEntries: this.#setEntries.slice(),
      addresses: this.#addresses.slice(),
      missingLocal: this.#missingLocal,
      health,
      drainTimeout,
      slowStart,
    };
  }

  #join({ server, realServers, setEntries = [] }: PlannedVirtualServer): void {
    const index = this.#virtualServers.findIndex((one) => one.server.key === server.key);
    const first = this.#virtualServers[index];
    if (first === undefined || (first.realServers.length > 0 && realServers.length === 0)) return;
    const own = first.setEntries ?? [];
    const added = setEntries.filter(({ key }) => own.every((entry) => entry.key !== key));
    if (added.length > 0) this.#virtualServers[index] = { ...first, setEntries: [...own, ...added] };
  }

  #isNew(key: string): boolean {
    const before = this.#keys.size;
    return this.#keys.add(key).size > before;
  }
}
