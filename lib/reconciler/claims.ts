import type { ServiceKey } from '../model/service.ts';

/** A virtual server that several services want. */
export interface Conflict {
  /** Key of the virtual server. */
  readonly key: string;
  /** The service that has it: the one created first, then the one with the smaller key. */
  readonly winner: ServiceKey;
  /** The services that want it and wait, the next in line first. */
  readonly losers: readonly ServiceKey[];
}

/** Who wants each virtual server, and who of them has it. */
export class Claims {
  readonly #holders = new Map<string, ServiceKey>();
  /** Everyone who wants a server, the holder first; only where there is more than one. */
  readonly #rivals = new Map<string, ServiceKey[]>();
  readonly #created: (service: ServiceKey) => number;
  readonly #contended: (conflict: Conflict) => void;

  /**
   * @param created when a service was created; asked only of services that have a claim
   * @param contended told of every virtual server for which someone begins to compete
   */
  constructor(created: (service: ServiceKey) => number, contended: (conflict: Conflict) => void) {
    this.#created = created;
    this.#contended = contended;
  }

  holder(server: string): ServiceKey | undefined {
    return this.#holders.get(server);
  }

  /** Adds the service's claim, or weighs it again where it was created anew. Returns who has the server now. */
  add(server: string, service: ServiceKey): ServiceKey {
    const holder = this.#holders.get(server);
    if (holder === undefined) {
      this.#holders.set(server, service);
      return service;
    }
    if (holder === service && !this.#rivals.has(server)) return service;
    return this.#compete(server, service, this.#rivals.get(server) ?? [holder]);
  }

  /** Takes the service's claim away. Returns who has the server now. */
  remove(server: string, service: ServiceKey): ServiceKey | undefined {
    const left = this.#rivals.get(server)?.filter((rival) => rival !== service) ?? [];
    if (left.length > 1) this.#rivals.set(server, left);
    else this.#rivals.delete(server);
    const [next] = left;
    if (next === undefined) this.#holders.delete(server);
    else this.#holders.set(server, next);
    return next;
  }

  conflicts(): Conflict[] {
    return [...this.#rivals].map(([server, rivals]) => conflictOf(server, rivals));
  }

  #compete(server: string, service: ServiceKey, rivals: ServiceKey[]): ServiceKey {
    const isNew = !rivals.includes(service);
    const all = isNew ? [...rivals, service] : rivals;
    all.sort((a, b) => this.#created(a) - this.#created(b) || (a < b ? -1 : 1));
    const winner = all[0] ?? service;
    this.#rivals.set(server, all);
    this.#holders.set(server, winner);
    if (isNew) this.#contended(conflictOf(server, all));
    return winner;
  }
}

function conflictOf(server: string, rivals: readonly ServiceKey[]): Conflict {
  return { key: server, winner: rivals[0] ?? '', losers: rivals.slice(1) };
}
