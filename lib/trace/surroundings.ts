import { addressKind } from '../model/address.ts';
import { type IpFamily, familyOf } from '../model/family.ts';
import type { NodeFacts } from '../model/node-facts.ts';
import type { TracedTables } from './traced-tables.ts';

/** What a trace needs to know of the node: its addresses, see `NodeFacts`. */
export type TracedNode = Pick<NodeFacts, 'addresses' | 'localAddresses'>;

/** What a packet meets: the tables of a kernel, and the addresses of its node. */
export class Surroundings {
  readonly tables: TracedTables;
  readonly #own: readonly string[];

  constructor(tables: TracedTables, node: TracedNode) {
    this.tables = tables;
    this.#own = node.localAddresses ?? node.addresses;
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
}
