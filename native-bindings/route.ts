import { addressFamilies } from './address.ts';
import type { Frame } from './byte-writer.ts';
import { connect, type Connection, type OpenOptions } from './connection.ts';
import {
  decodeDefaultRoute,
  type DefaultRoute,
  readRouteHeader,
  routeAttributes,
  routeHeader,
  writeRouteHeader,
} from './default-route.ts';
import { isNotFound } from './error.ts';
import type { Message } from './message.ts';
import { interfaceAddressAttributes, linkAttributes, routeTypes } from './route-attributes.ts';
import { RouteBatch } from './route-batch.ts';
import { decodeFoundRoute, type FoundRoute, writeRouteLookup } from './route-lookup.ts';
import {
  decodeInterfaceAddress,
  decodeLink,
  type InterfaceAddress,
  interfaceAddressHeader,
  type Link,
  linkHeader,
  readInterfaceAddressHeader,
  readLinkHeader,
  writeInterfaceAddressHeader,
  writeLinkHeader,
} from './route-values.ts';
import { protocols } from './socket.ts';
import type { Dialect, MessageDescription } from './trace.ts';

/** Which addresses to list; every one where nothing is given. */
export interface AddressFilter {
  /** Index of the interface. Kernels before 4.20 send all of them; the rest is left out here then. */
  readonly index?: number;
  readonly family?: 'IPv4' | 'IPv6';
}

/** Links, their addresses and the routes in the current network namespace. Every method throws a `NetlinkError` where the kernel refuses. */
export class Route {
  readonly #connection: Connection;

  private constructor(connection: Connection) {
    this.#connection = connection;
  }

  /** Opens a socket; throws what `NetlinkSocket` throws. */
  static open(options: OpenOptions = {}): Route {
    return new Route(connect(protocols.route, { ...options, dialect: routeDialect }));
  }

  /** Every link. */
  links(): Link[] {
    return this.#connection.dump(
      {
        operation: 'list interfaces',
        type: routeTypes.GETLINK,
        write: (writer) => {
          writeLinkHeader(writer, 0, 0, 0);
        },
      },
      decodeLink,
    );
  }

  /** The link of a name, `undefined` where there is none. */
  link(name: string): Link | undefined {
    try {
      return this.#connection.request(
        {
          operation: `read interface ${name}`,
          type: routeTypes.GETLINK,
          write(writer) {
            writeLinkHeader(writer, 0, 0, 0);
            linkAttributes.encode(writer, { name });
          },
        },
        decodeLink,
      )[0];
    } catch (error) {
      if (isNotFound(error)) return undefined;
      throw error;
    }
  }

  /** Addresses, of every interface or of one; none where there is no such interface. */
  addresses(filter: AddressFilter = {}): InterfaceAddress[] {
    const { index, family } = filter;
    const header = {
      family: family === undefined ? 0 : addressFamilies[family],
      prefix: 0,
      scope: 0,
      index: index ?? 0,
    };
    try {
      return this.#connection.dump(
        {
          operation: 'list addresses',
          type: routeTypes.GETADDR,
          write: (writer) => {
            writeInterfaceAddressHeader(writer, header);
          },
        },
        (frame, message) => {
          const found = decodeInterfaceAddress(frame, message);
          return index === undefined || found?.index === index ? found : undefined;
        },
      );
    } catch (error) {
      if (isNotFound(error)) return [];
      throw error;
    }
  }

  /** The default routes of the main table, those of IPv4 first; none of a family that the host does not have. */
  defaultRoutes(): DefaultRoute[] {
    return (['IPv4', 'IPv6'] as const).flatMap((family) => this.#defaultRoutesOf(family));
  }

  #defaultRoutesOf(family: DefaultRoute['family']): DefaultRoute[] {
    try {
      return this.#connection.dump(
        {
          operation: `list ${family} routes`,
          type: routeTypes.GETROUTE,
          write: (writer) => {
            writeRouteHeader(writer, addressFamilies[family]);
          },
        },
        (frame, message) => {
          const found = decodeDefaultRoute(frame, message);
          // Asked for a family that it does not have, the kernel tells of those that it has.
          return found?.family === family ? found : undefined;
        },
      );
    } catch (error) {
      // A table without a route may not be there.
      if (isNotFound(error)) return [];
      throw error;
    }
  }

  /**
   * The way to an address in canonical text. `ENETUNREACH`, `EHOSTUNREACH`, `EACCES` or `EINVAL` where there is none, or a
   * route says that there shall be none.
   */
  lookUp(destination: string): FoundRoute | undefined {
    const family = destination.includes(':') ? 'IPv6' : 'IPv4';
    return this.#connection.request(
      {
        operation: `look up the route to ${destination}`,
        type: routeTypes.GETROUTE,
        write: (writer) => {
          writeRouteLookup(writer, destination, family);
        },
      },
      decodeFoundRoute,
    )[0];
  }

  /** A new, empty batch. */
  batch(): RouteBatch {
    return new RouteBatch(this.#connection.batch());
  }

  close(): void {
    this.#connection.close();
  }
}

const typeNames = new Map<number, string>(Object.entries(routeTypes).map(([name, type]) => [type, name]));

/** How a trace shows the messages of a route connection. */
export const routeDialect: Dialect = {
  name: 'route',
  describe(frame, message) {
    const name = typeNames.get(message.type) ?? `type ${message.type}`;
    if (message.type < routeTypes.NEWADDR) return { name, ...describeLink(frame, message) };
    return message.type < routeTypes.NEWROUTE
      ? { name, ...describeAddress(frame, message) }
      : { name, ...describeRoute(frame, message) };
  },
};

type RouteDescription = Omit<MessageDescription, 'name'>;

function describeLink(frame: Frame, message: Message): RouteDescription {
  const { index, flags, mask } = readLinkHeader(frame, message);
  const fixed = `index=${index} flags=0x${flags.toString(16)}${mask === 0 ? '' : `/0x${mask.toString(16)}`}`;
  return { fixedPart: linkHeader, fixed, attributes: linkAttributes };
}

function describeAddress(frame: Frame, message: Message): RouteDescription {
  const { family, prefix, scope, index } = readInterfaceAddressHeader(frame, message);
  const fixed = `index=${index} family=${family} prefix=${prefix} scope=${scope}`;
  return { fixedPart: interfaceAddressHeader, fixed, attributes: interfaceAddressAttributes };
}

function describeRoute(frame: Frame, message: Message): RouteDescription {
  const { family, prefix, table, type } = readRouteHeader(frame, message);
  const fixed = `family=${family} prefix=${prefix} table=${table} type=${type}`;
  return { fixedPart: routeHeader, fixed, attributes: routeAttributes };
}
