import type { Outcomes } from './batch.ts';
import { connect, type Connection, type OpenOptions } from './connection.ts';
import { conntrackAttributes, conntrackCommands, type ConntrackValues } from './conntrack-attributes.ts';
import {
  type ConntrackEntry,
  type ConntrackFilter,
  entryOf,
  familyNumber,
  filterValues,
  idValues,
  passes,
} from './conntrack-entry.ts';
import { isNotFound } from './error.ts';
import type { Request } from './message.ts';
import {
  netfilterCommand,
  netfilterFamily,
  netfilterHeader,
  netfilterSubsystems,
  netfilterType,
  writeNetfilterHeader,
} from './nfnetlink.ts';
import { protocols } from './socket.ts';
import type { Dialect } from './trace.ts';

/** The connection table of the current network namespace. Every method throws a `NetlinkError` where the kernel refuses. */
export class Conntrack {
  readonly #connection: Connection;

  private constructor(connection: Connection) {
    this.#connection = connection;
  }

  /** Opens a socket. A kernel without nf_conntrack_netlink refuses the first request with `EINVAL`. */
  static open(options: OpenOptions = {}): Conntrack {
    return new Conntrack(connect(protocols.netfilter, { ...options, dialect: conntrackDialect }));
  }

  /**
   * The entries that the filter lets pass. Kernels since 5.8 look for them themselves; older ones give everything and
   * the looking is done here.
   */
  entries(filter: ConntrackFilter = {}): ConntrackEntry[] {
    const request = conntrackRequest(
      'list connections',
      conntrackCommands.GET,
      familyNumber(filter),
      filterValues(filter),
    );
    return this.#connection.dump(request, (frame, message) => {
      const values = conntrackAttributes.decode(frame, message.payload + netfilterHeader, message.end);
      const entry = entryOf(netfilterFamily(frame, message), values);
      return entry !== undefined && passes(entry, filter) ? entry : undefined;
    });
  }

  /** Removes an entry; false where it was gone, or another connection had taken its place. */
  delete(entry: ConntrackEntry): boolean {
    try {
      this.#connection.execute(deleteRequest(entry));
      return true;
    } catch (error) {
      if (isNotFound(error)) return false;
      throw error;
    }
  }

  /** Removes many entries in few writes and gives the result of each; `ENOENT` for one that was gone. */
  deleteAll(entries: readonly ConntrackEntry[]): Outcomes {
    const batch = this.#connection.batch();
    for (const entry of entries) batch.add(deleteRequest(entry));
    return batch.run();
  }

  close(): void {
    this.#connection.close();
  }
}

/** The original tuple is always there: a request without one removes everything. */
function deleteRequest(entry: ConntrackEntry): Request {
  return conntrackRequest(
    'delete connection',
    conntrackCommands.DELETE,
    familyNumber(entry),
    idValues(entry),
  );
}

function conntrackRequest(
  operation: string,
  command: number,
  family: number,
  values: ConntrackValues,
): Request {
  return {
    operation,
    type: netfilterType(netfilterSubsystems.conntrack, command),
    write(writer) {
      writeNetfilterHeader(writer, family);
      conntrackAttributes.encode(writer, values);
    },
  };
}

const commandNames = new Map<number, string>(
  Object.entries(conntrackCommands).map(([name, number]) => [number, name]),
);

/** How a trace shows messages of connection tracking. */
const conntrackDialect: Dialect = {
  name: 'conntrack',
  describe: (_frame, message) => ({
    name: commandNames.get(netfilterCommand(message.type)) ?? `command ${netfilterCommand(message.type)}`,
    fixedPart: netfilterHeader,
    attributes: conntrackAttributes,
  }),
};
