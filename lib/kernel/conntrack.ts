import { setImmediate as breathe } from 'node:timers/promises';
import type { ConntrackEntry, ConntrackFilter } from '../../native-bindings/conntrack-entry.ts';
import type { Conntrack } from '../../native-bindings/conntrack.ts';
import { isNotFound, type NetlinkError } from '../../native-bindings/error.ts';
import { protocolNumbers } from '../model/protocol.ts';
import { orTableError } from './batch-write.ts';
import type { Flow, FlowFilter, FlowTable } from './flow-table.ts';
import { TableError } from './table.ts';

/** Plural noun for logs. */
const tableName = 'flows';

/** Removals between two turns of the event loop. */
const removalsAtOnce = 256;

/**
 * What the kernel's connection tracking of this network namespace knows. With net/ipv4/vs/conntrack, IPVS connections
 * are in it: their original direction ends at the virtual server, their replies begin at the real server, whether they
 * are masqueraded or not. Entries of other zones than 0 are none of IPVS's and are left alone.
 */
export class ConntrackFlows implements FlowTable {
  readonly #conntrack: Pick<Conntrack, 'entries' | 'deleteAll'>;

  constructor(conntrack: Pick<Conntrack, 'entries' | 'deleteAll'>) {
    this.#conntrack = conntrack;
  }

  async forget(filter: FlowFilter, isStale: (flow: Flow) => boolean): Promise<number> {
    const entries = orTableError(tableName, () => this.#conntrack.entries(entryFilter(filter)));
    const stale = entries.filter((entry) => entry.zone === 0 && isStale(flowOf(entry, filter)));
    let removed = 0;
    for (let from = 0; from < stale.length; from += removalsAtOnce) {
      if (from > 0) await breathe();
      removed += this.#remove(stale.slice(from, from + removalsAtOnce));
    }
    return removed;
  }

  /** One that has gone by itself, or whose place another has taken, counts for nothing and is no error. */
  #remove(entries: readonly ConntrackEntry[]): number {
    const outcomes = orTableError(tableName, () => this.#conntrack.deleteAll(entries));
    const failure = outcomes.find((outcome) => outcome !== undefined && !isNotFound(outcome));
    if (failure !== undefined) throw removalError(failure);
    return outcomes.filter((outcome) => outcome === undefined).length;
  }
}

function entryFilter({ family, protocol, address, port }: FlowFilter): ConntrackFilter {
  return {
    family,
    protocol: protocolNumbers[protocol],
    ...(address !== undefined && { destination: address }),
    ...(port !== undefined && { destinationPort: port }),
  };
}

function flowOf({ original, reply }: ConntrackEntry, { protocol }: FlowFilter): Flow {
  return {
    protocol,
    destination: { address: original.destination, port: original.destinationPort },
    server: { address: reply.source, port: reply.sourcePort },
  };
}

function removalError(error: NetlinkError): TableError {
  return new TableError(tableName, error.code, error.message, { cause: error });
}
