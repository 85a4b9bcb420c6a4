import { addressKind } from '../model/address.ts';
import { type IpFamily, familyOf } from '../model/family.ts';
import type { NodeFacts } from '../model/node-facts.ts';
import type { RouteFound, Routes } from './routes.ts';
import { RuleBook } from './rule-book.ts';
import type { TracedTables } from './traced-tables.ts';

/** What a trace needs to know of the node: its addresses, see `NodeFacts`. */
export interface TracedNode extends Pick<NodeFacts, 'addresses' | 'localAddresses'> {
  /** Its routes. Left out, nothing is known of them, nor of the ways that answers take. */
  readonly routes?: Routes | undefined;
}

/** What a packet meets: the tables of a kernel, and the addresses of its node. */
export class Surroundings {
  readonly tables: TracedTables;
  readonly #own: readonly string[];
  readonly #routes: Routes | undefined;
  readonly #books = new Map<IpFamily, RuleBook>();

  constructor(tables: TracedTables, node: TracedNode) {
    this.tables = tables;
    this.#own = node.localAddresses ?? node.addresses;
    this.#routes = node.routes;
  }

  /** Whether the kernel takes an address for its own. */
  isLocal(address: string): boolean {
    return this.isBound(address) || this.#own.includes(address) || addressKind(address) === 'loopback';
  }

  /** Whether an address is bound to kube-ipvs0. */
  isBound(address: string): boolean {
    return this.tables.addresses.has(address);
  }

  /** An address that the node sends from where nothing else decides; `undefined` where it has none of the family. */
  ownAddress(family: IpFamily): string | undefined {
    return this.#own.find((address) => familyOf(address) === family);
  }

  /** The address that the node sends from to another, by its route if that is known. */
  sourceTo(destination: string, family: IpFamily): string | undefined {
    const route = this.route(destination);
    return (route?.kind === 'way' ? route.source : undefined) ?? this.ownAddress(family);
  }

  /** The way to an address; `undefined` where nothing is known of routes. */
  route(address: string): RouteFound | undefined {
    return this.#routes?.(address);
  }

  /** The value of a kernel setting, by its path under /proc/sys; `undefined` where it is not known. */
  sysctl(key: string): string | undefined {
    return this.tables.sysctls.get(key)?.value;
  }

  /** The iptables rules of a family: all that there are where these were read, or else those of ours. */
  rules(family: IpFamily): RuleBook {
    const known = this.#books.get(family);
    if (known !== undefined) return known;
    const all = this.tables.rules?.get(family);
    const book = all === undefined ? RuleBook.ours(this.tables.firewall.get(family)) : RuleBook.of(all);
    this.#books.set(family, book);
    return book;
  }
}
