import type { Keyed } from '../model/keyed.ts';
import type { RealServer } from '../model/real-server.ts';
import type { VirtualServerId } from '../model/virtual-server.ts';
import type { Table } from './table.ts';

/** A real server with what the kernel counts of it. */
export interface RealServerUse {
  readonly server: RealServer;
  /** Connections that carry data. */
  readonly active: number;
  /** Connections that are being closed, or are not open yet. */
  readonly inactive: number;
}

/** The table of real servers, which can also tell how many connections they have. */
export interface RealServerTable extends Table<RealServer> {
  /**
   * The real servers of one virtual server with their connections, for draining. None where there is no such virtual
   * server. Throws a `TableError` where it cannot be known.
   */
  readUse(virtualServer: VirtualServerId & Keyed): readonly RealServerUse[];
}
