import { frameOf } from './byte-writer.ts';
import { defaultRouteFamily } from './default-route.ts';
import { hasCode } from './error.ts';
import type { Libc } from './libc.ts';
import { forEachMessage, type Message } from './message.ts';
import { routeGroups, routeTypes } from './route-attributes.ts';
import { decodeInterfaceAddress, decodeLink, type InterfaceAddress, type Link } from './route-values.ts';
import { NetlinkSocket, protocols } from './socket.ts';

/** Something that happened to the links, addresses or default routes of the namespace. */
export type RouteEvent =
  | { readonly kind: 'link-changed' | 'link-removed'; readonly link: Link }
  | { readonly kind: 'address-changed' | 'address-removed'; readonly address: InterfaceAddress }
  /** A default route of the main table came, went or became another one. */
  | { readonly kind: 'default-route-changed'; readonly family: 'IPv4' | 'IPv6' }
  /** The kernel had more to tell than fitted: read links, addresses and routes again. */
  | { readonly kind: 'overrun' };

/** What a monitor takes. */
export interface RouteMonitorOptions {
  /** Called for each event, in the kernel's order. It must not throw. */
  readonly onEvent: (event: RouteEvent) => void;
  /** Called once where the monitor cannot go on; it is closed then. */
  readonly onError: (error: unknown) => void;
  /** Milliseconds after which a closing monitor is gone at the latest; 1000 where it is left out. */
  readonly closeWithin?: number;
  /** See `SocketOptions.receiveBuffer`. */
  readonly receiveBuffer?: number;
  readonly libc?: Libc;
}

const datagramRoom = 64 * 1024;
const defaultCloseWithin = 1000;

/**
 * Tells of every change of links, addresses and default routes in the current network namespace, from the moment of its
 * construction on. It holds one thread of Node's pool while it waits; `close` gives it back.
 */
export class RouteMonitor {
  readonly #socket: NetlinkSocket;
  readonly #options: RouteMonitorOptions;
  readonly #frame = frameOf(Buffer.allocUnsafeSlow(datagramRoom));
  readonly #finished: Promise<void>;
  #closing = false;

  /** Opens a socket; throws what `NetlinkSocket` throws. */
  constructor(options: RouteMonitorOptions) {
    this.#options = options;
    this.#socket = new NetlinkSocket({
      protocol: protocols.route,
      groups: Object.values(routeGroups),
      receiveTimeout: options.closeWithin ?? defaultCloseWithin,
      ...(options.receiveBuffer === undefined ? {} : { receiveBuffer: options.receiveBuffer }),
      ...(options.libc === undefined ? {} : { libc: options.libc }),
    });
    this.#finished = this.#run();
  }

  /** Ends it. No event comes after the call; what resolves tells that the thread and the socket are given back. */
  close(): Promise<void> {
    this.#closing = true;
    return this.#finished;
  }

  async #run(): Promise<void> {
    try {
      while (!this.#closing) await this.#next();
    } catch (error) {
      if (!this.#closing) this.#options.onError(error);
    } finally {
      this.#closing = true;
      this.#socket.close();
    }
  }

  async #next(): Promise<void> {
    const length = await this.#wait();
    if (length === undefined) return;
    forEachMessage(this.#frame, 0, length, (message) => {
      const event = this.#eventOf(message);
      if (event !== undefined) this.#tell(event);
    });
  }

  /** `undefined` where nothing came, or where the kernel dropped what should have come. */
  async #wait(): Promise<number | undefined> {
    try {
      return await this.#socket.wait(this.#frame.bytes);
    } catch (error) {
      if (!hasCode(error, 'overrun', 'truncated')) throw error;
      this.#tell({ kind: 'overrun' });
      return undefined;
    }
  }

  #tell(event: RouteEvent): void {
    if (!this.#closing) this.#options.onEvent(event);
  }

  #eventOf(message: Message): RouteEvent | undefined {
    switch (message.type) {
      case routeTypes.NEWLINK:
        return { kind: 'link-changed', link: decodeLink(this.#frame, message) };
      case routeTypes.DELLINK:
        return { kind: 'link-removed', link: decodeLink(this.#frame, message) };
      case routeTypes.NEWADDR:
      case routeTypes.DELADDR:
        return this.#addressEvent(message);
      case routeTypes.NEWROUTE:
      case routeTypes.DELROUTE:
        return this.#routeEvent(message);
      default:
        return undefined;
    }
  }

  #addressEvent(message: Message): RouteEvent | undefined {
    const address = decodeInterfaceAddress(this.#frame, message);
    const kind = message.type === routeTypes.NEWADDR ? 'address-changed' : 'address-removed';
    return address === undefined ? undefined : { kind, address };
  }

  #routeEvent(message: Message): RouteEvent | undefined {
    const family = defaultRouteFamily(this.#frame, message);
    return family === undefined ? undefined : { kind: 'default-route-changed', family };
  }
}
