import { addressFamilies } from './address.ts';
import type { Batch, Outcomes } from './batch.ts';
import { messageFlags } from './message.ts';
import { interfaceAddressAttributes, linkAttributes, linkFlags, routeTypes } from './route-attributes.ts';
import { type InterfaceAddress, writeInterfaceAddressHeader, writeLinkHeader } from './route-values.ts';

/** An address to add to an interface. */
export interface NewInterfaceAddress extends Pick<InterfaceAddress, 'index' | 'address' | 'prefix'> {
  /** `RT_SCOPE_*`, global where it is left out. */
  readonly scope?: number;
  /** `IFA_F_*`, none where it is left out. */
  readonly flags?: number;
}

/**
 * Changes of links and addresses, sent together. Codes to expect: what exists already is `EEXIST`; a link that is
 * missing `ENODEV`, an address that is missing `EADDRNOTAVAIL`; IPv6 switched off for the interface `EACCES`, and in the
 * whole kernel `EOPNOTSUPP`.
 */
export class RouteBatch {
  readonly #batch: Batch;

  constructor(batch: Batch) {
    this.#batch = batch;
  }

  /** Requests in it. */
  get size(): number {
    return this.#batch.size;
  }

  /** Bytes that they take. */
  get bytes(): number {
    return this.#batch.bytes;
  }

  /** Makes a dummy interface that does no ARP and is down. */
  addDummy(name: string, options: { readonly mtu?: number } = {}): void {
    this.#batch.add({
      operation: 'add dummy interface',
      type: routeTypes.NEWLINK,
      flags: messageFlags.create | messageFlags.exclusive,
      write(writer) {
        writeLinkHeader(writer, 0, linkFlags.noArp, linkFlags.noArp | linkFlags.up);
        linkAttributes.encode(writer, { name, mtu: options.mtu, info: { kind: 'dummy' } });
      },
    });
  }

  /** Removes an interface with its addresses. */
  deleteLink(index: number): void {
    this.#batch.add({
      operation: 'delete interface',
      type: routeTypes.DELLINK,
      write: (writer) => {
        writeLinkHeader(writer, index, 0, 0);
      },
    });
  }

  /** Sets those flags of an interface that are in the mask. */
  setLinkFlags(index: number, flags: number, mask: number): void {
    this.#batch.add({
      operation: 'set interface flags',
      type: routeTypes.NEWLINK,
      write: (writer) => {
        writeLinkHeader(writer, index, flags, mask);
      },
    });
  }

  /** Adds an address; `EEXIST` where the interface has it with the same prefix length. */
  addAddress(entry: NewInterfaceAddress): void {
    this.#address('add address', routeTypes.NEWADDR, messageFlags.create | messageFlags.exclusive, entry);
  }

  /** Removes an address. */
  deleteAddress(entry: Pick<InterfaceAddress, 'index' | 'address' | 'prefix'>): void {
    this.#address('delete address', routeTypes.DELADDR, 0, entry);
  }

  /** Sends everything; see `Batch.run`. */
  run(): Outcomes {
    return this.#batch.run();
  }

  #address(operation: string, type: number, flags: number, entry: NewInterfaceAddress): void {
    const { index, address, prefix, scope = 0 } = entry;
    const family = address.includes(':') ? addressFamilies.IPv6 : addressFamilies.IPv4;
    this.#batch.add({
      operation,
      type,
      flags,
      write(writer) {
        writeInterfaceAddressHeader(writer, { family, prefix, scope, index });
        interfaceAddressAttributes.encode(writer, { address, local: address, flags: entry.flags });
      },
    });
  }
}
