import type { IpFamily } from '../model/family.ts';
import { familyOf } from '../model/family.ts';
import type { Protocol } from '../model/protocol.ts';
import type { TracedTables } from '../trace/traced-tables.ts';

/** A packet of a service at a hook of the filter table, as far as it is known: the client is not. */
export interface Sample {
  /** What it is, for people. */
  readonly words: string;
  readonly hook: 'INPUT' | 'FORWARD' | 'OUTPUT';
  readonly family: IpFamily;
  readonly protocol: Protocol;
  readonly state: 'NEW' | 'ESTABLISHED';
  readonly source?: { readonly address: string; readonly port: number };
  readonly destination?: { readonly address: string; readonly port: number };
}

/** Virtual servers that samples are taken of. */
const most = 64;

/**
 * The packets that services live by: a client's to a virtual server, which passes INPUT; what IPVS sends on to a real
 * server, which passes OUTPUT; and the real server's answer, which passes FORWARD. Of some virtual servers that have
 * real servers elsewhere than on this node.
 *
 * @param own the addresses of this node
 */
export function samplesOf(tables: TracedTables, own: ReadonlySet<string>): readonly Sample[] {
  const found: Sample[] = [];
  const taken = new Set<string>();
  for (const { virtualServer, address, port, weight } of tables.realServers.values()) {
    if (taken.size === most) break;
    if (taken.has(virtualServer.key) || weight === 0 || own.has(address)) continue;
    taken.add(virtualServer.key);
    const common = { family: familyOf(address), protocol: virtualServer.protocol };
    const server = { address, port };
    found.push(
      {
        ...common,
        words: `packets to ${virtualServer.key}`,
        hook: 'INPUT',
        state: 'NEW',
        destination: virtualServer,
      },
      {
        ...common,
        words: `packets of ${virtualServer.key} to ${address}`,
        hook: 'OUTPUT',
        state: 'NEW',
        destination: server,
      },
      {
        ...common,
        words: `answers of ${address} for ${virtualServer.key}`,
        hook: 'FORWARD',
        state: 'ESTABLISHED',
        source: server,
      },
    );
  }
  return found;
}
