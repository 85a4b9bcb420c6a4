import { hasCode, type NetlinkError } from '../../native-bindings/error.ts';
import { addressFlags, addressScopes, linkFlags } from '../../native-bindings/route-attributes.ts';
import type { RouteBatch } from '../../native-bindings/route-batch.ts';
import type { InterfaceAddress, Link } from '../../native-bindings/route-values.ts';
import type { Route } from '../../native-bindings/route.ts';
import type { BoundAddress } from '../model/bound-address.ts';
import { familyOf } from '../model/family.ts';
import { type EntryBatch, orTableError, type Verb, writeInBatches } from './batch-write.ts';
import { alwaysSame } from './equality.ts';
import { type Change, type Refusals, type Table, TableError } from './table.ts';

/** Prefix length of one address alone. */
const hostPrefixes = { IPv4: 32, IPv6: 128 } as const;

/**
 * The addresses bound to a dummy interface of our own. The interface is made where there is none, does no ARP and stays
 * down: its addresses are local to the node all the same, and no route leads to it. Without it the table is empty.
 */
export class Addresses implements Table<BoundAddress> {
  readonly name = 'addresses';
  readonly #route: Route;
  readonly #device: string;

  /** @param device name of the interface: `kube-ipvs0` */
  constructor(route: Route, device: string) {
    this.#route = route;
    this.#device = device;
  }

  // eslint-disable-next-line @typescript-eslint/require-await -- what it throws has to become a rejection
  async read(): Promise<ReadonlyMap<string, BoundAddress>> {
    const link = this.#link();
    if (link === undefined) return new Map();
    const addresses = orTableError(this.name, () => this.#route.addresses({ index: link.index }));
    return new Map(
      addresses.filter(isBound).map(({ address }) => [address, { key: address, address }] as const),
    );
  }

  /** Rejects with `not-a-dummy` where the interface is someone else's. */
  async apply(changes: readonly Change<BoundAddress>[]): Promise<Refusals> {
    const link = changes.some((change) => change.after !== undefined) ? this.#linkMade() : this.#link();
    if (link === undefined) return new Map();
    return writeInBatches(changes, {
      table: this.name,
      begin: () => new AddressBatch(this.#route.batch(), link.index),
      correct,
      explain: (_verb, entry, error) => this.#explain(entry, error),
    });
  }

  equals(): boolean {
    return alwaysSame();
  }

  /**
   * Removes the interface with every address on it. One that is not there is a success. Rejects with a `TableError`, and
   * with `not-a-dummy` where the interface is someone else's.
   */
  // eslint-disable-next-line @typescript-eslint/require-await -- what it throws has to become a rejection
  async removeDevice(): Promise<void> {
    const link = this.#link();
    if (link === undefined) return;
    const batch = this.#route.batch();
    batch.deleteLink(link.index);
    this.#runOne(batch, 'ENODEV');
  }

  /** `undefined` where there is no such interface. */
  #link(): Link | undefined {
    const link = orTableError(this.name, () => this.#route.link(this.#device));
    if (link === undefined || link.kind === 'dummy') return link;
    throw new TableError(
      this.name,
      'not-a-dummy',
      `interface ${this.#device}: expected a dummy interface, got ${link.kind ?? 'hardware'}; rename or remove it, it is not ours`,
    );
  }

  #linkMade(): Link {
    const present = this.#link();
    if (present === undefined) return this.#made();
    if ((present.flags & linkFlags.noArp) === 0) {
      const batch = this.#route.batch();
      batch.setLinkFlags(present.index, linkFlags.noArp, linkFlags.noArp);
      this.#runOne(batch);
    }
    return present;
  }

  #made(): Link {
    const batch = this.#route.batch();
    batch.addDummy(this.#device);
    this.#runOne(batch, 'EEXIST');
    const link = this.#link();
    if (link !== undefined) return link;
    throw new TableError(
      this.name,
      'ENODEV',
      `interface ${this.#device}: expected it to be there once it is made, got none; something else removes it`,
    );
  }

  /** Runs a batch of one and throws its refusal, unless it has the code that means that nothing is to be done. */
  #runOne(batch: RouteBatch, harmless?: string): void {
    const [error] = orTableError(this.name, () => batch.run());
    if (error === undefined || error.code === harmless) return;
    const advice = hasCode(error, 'EOPNOTSUPP') ? '; load the module dummy (modprobe dummy)' : '';
    throw new TableError(this.name, error.code, `interface ${this.#device}: ${error.message}${advice}`, {
      cause: error,
    });
  }

  #explain(entry: BoundAddress, error: NetlinkError): string {
    const advice = hasCode(error, 'EACCES', 'EOPNOTSUPP', 'EAFNOSUPPORT')
      ? `; switch IPv6 on (net.ipv6.conf.${this.#device}.disable_ipv6=0), or use IPv4 services only`
      : '';
    return `${entry.address} on ${this.#device}: ${error.message}${advice}`;
  }
}

class AddressBatch implements EntryBatch<BoundAddress> {
  readonly #batch: RouteBatch;
  readonly #index: number;

  constructor(batch: RouteBatch, index: number) {
    this.#batch = batch;
    this.#index = index;
  }

  /** An address has nothing that could be changed: to change it is to see that it is there. */
  add(verb: Verb, { address }: BoundAddress): void {
    const family = familyOf(address);
    const entry = { index: this.#index, address, prefix: hostPrefixes[family] };
    if (verb === 'delete') this.#batch.deleteAddress(entry);
    else if (family === 'IPv4') this.#batch.addAddress(entry);
    else this.#batch.addAddress({ ...entry, flags: addressFlags.noDuplicateDetection });
  }

  run(): readonly (NetlinkError | undefined)[] {
    return this.#batch.run();
  }
}

/** Single addresses alone are ours to judge; link-local ones are the kernel's. */
function isBound(entry: InterfaceAddress): boolean {
  return entry.prefix === hostPrefixes[entry.family] && entry.scope !== addressScopes.link;
}

function correct(verb: Verb, error: NetlinkError): 'done' | undefined {
  if (verb === 'delete') return hasCode(error, 'EADDRNOTAVAIL', 'ENODEV') ? 'done' : undefined;
  return hasCode(error, 'EEXIST') ? 'done' : undefined;
}
