import type { Keyed } from '../model/keyed.ts';
import type { RealServer } from '../model/real-server.ts';
import { FakeTable, type FakeTableOptions } from './fake-table.ts';
import type { RealServerTable, RealServerUse } from './real-server-table.ts';

/** What the kernel counts of a real server. */
type Connections = Pick<RealServerUse, 'active' | 'inactive'>;

const none: Connections = { active: 0, inactive: 0 };

/** The real servers of the fake kernel, with connections that can be set. */
export class FakeRealServers extends FakeTable<RealServer> implements RealServerTable {
  /** Calls of `readUse` that did not fail. */
  useReads = 0;
  readonly #behind: (virtualServer: string) => readonly string[];
  readonly #connections: Map<string, Connections>;

  /** @param behind gives the keys of the real servers behind a virtual server */
  constructor(
    name: string,
    options: FakeTableOptions<RealServer>,
    behind: (virtualServer: string) => readonly string[],
  ) {
    const connections = new Map<string, Connections>();
    super(name, {
      ...options,
      removed(entry) {
        options.removed?.(entry);
        connections.delete(entry.key);
      },
    });
    this.#behind = behind;
    this.#connections = connections;
  }

  readUse(virtualServer: Keyed): readonly RealServerUse[] {
    if (this.readFailure !== undefined) throw this.readFailure;
    this.useReads += 1;
    return this.#behind(virtualServer.key).flatMap((key) => {
      const server = this.entries.get(key);
      return server === undefined ? [] : [{ server, ...(this.#connections.get(key) ?? none) }];
    });
  }

  /** The connections that a real server has; they are cut where it is removed. */
  connectionsOf(key: string): number {
    const { active, inactive } = this.#connections.get(key) ?? none;
    return active + inactive;
  }

  /** Gives a real server that is there so many connections from now on. */
  connect(key: string, active: number, inactive = 0): void {
    if (this.entries.has(key)) this.#connections.set(key, { active, inactive });
  }

  /** Every connection ends. */
  disconnectAll(): void {
    this.#connections.clear();
  }

  override resetCounts(): void {
    super.resetCounts();
    this.useReads = 0;
  }
}
