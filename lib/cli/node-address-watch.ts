import { isDeepStrictEqual } from 'node:util';
import { RouteMonitor } from '../../native-bindings/route-monitor.ts';
import type { RouteEvent } from '../../native-bindings/route-monitor.ts';
import type { ReservedAddress } from '../model/node-facts.ts';
import type { Clock } from '../model/clock.ts';
import type { Log } from '../reconciler/log.ts';
import { nodeAddresses, serviceInterface } from './node-addresses.ts';
import type { AddressReader, NodeAddresses } from './node-addresses.ts';

/** What the watch needs. */
export interface NodeAddressWatchOptions {
  readonly reader: AddressReader;
  /** Where the addresses are to be. Asked at every reading. See `nodeAddresses`. */
  readonly cidrs: () => readonly string[];
  /** Where the node's API servers are. Asked at every reading. */
  readonly apiServers: () => readonly ReservedAddress[];
  readonly clock: Clock;
  readonly log: Log;
  /** Told of the addresses whenever they are others than before. */
  readonly changed: (addresses: NodeAddresses) => void;
  /** Opens what tells of the kernel's events: a `RouteMonitor` unless told otherwise. */
  readonly open?: (events: RouteEvents) => { close(): Promise<void> };
}

/** Who is told of the kernel's events. */
export interface RouteEvents {
  readonly onEvent: (event: RouteEvent) => void;
  readonly onError: (error: unknown) => void;
}

/** Milliseconds from the first sign of a change until the addresses are read: several come at once. */
const gatherTime = 100;

/**
 * Follows the addresses of the node, among them those that node ports are served on, and those that it needs. The kernel tells of changes; those of kube-ipvs0, which are our
 * own doing, are passed over. Where it cannot tell, `refresh` at each audit finds them.
 */
export class NodeAddressWatch {
  readonly #options: NodeAddressWatchOptions;
  #addresses: NodeAddresses;
  #ownIndex: number | undefined;
  #monitor: { close(): Promise<void> } | undefined;
  #cancelTimer: (() => void) | undefined;

  /** Reads the addresses. Throws where they cannot be read. */
  constructor(options: NodeAddressWatchOptions) {
    this.#options = options;
    this.#addresses = this.#read();
  }

  /** The addresses as they were last read. */
  get current(): NodeAddresses {
    return this.#addresses;
  }

  /** Begins to listen. */
  start(): void {
    const open = this.#options.open ?? ((events) => new RouteMonitor(events));
    this.#monitor = open({
      onEvent: (event) => {
        if (this.#matters(event)) this.#soon();
      },
      onError: (error) => {
        this.#options.log.warn({ err: error }, 'new node addresses are found at the next audit only');
      },
    });
  }

  /** Reads the addresses and tells when they have changed. */
  refresh(): void {
    try {
      const addresses = this.#read();
      if (isEqual(addresses, this.#addresses)) return;
      this.#addresses = addresses;
      this.#options.log.info({ ...addresses }, 'the addresses of this node have changed');
      this.#options.changed(addresses);
    } catch (error) {
      this.#options.log.error(
        { err: error },
        'the addresses of this node could not be read: the last ones count',
      );
    }
  }

  /** Ends listening. */
  async stop(): Promise<void> {
    this.#cancelTimer?.();
    await this.#monitor?.close();
  }

  #read(): NodeAddresses {
    const { reader, cidrs, apiServers } = this.#options;
    this.#ownIndex = reader.link(serviceInterface)?.index;
    return nodeAddresses(reader, cidrs(), apiServers());
  }

  #matters(event: RouteEvent): boolean {
    if (event.kind === 'overrun' || event.kind === 'default-route-changed') return true;
    return 'address' in event && event.address.index !== this.#ownIndex;
  }

  #soon(): void {
    this.#cancelTimer ??= this.#options.clock.after(gatherTime, () => {
      this.#cancelTimer = undefined;
      this.refresh();
    });
  }
}

function isEqual(a: NodeAddresses, b: NodeAddresses): boolean {
  return isDeepStrictEqual(a, b);
}
