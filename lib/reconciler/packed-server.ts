import type { SetEntry } from '../model/ip-set.ts';
import type { PlannedVirtualServer } from '../model/plan.ts';
import { type RealServer, realServerKey } from '../model/real-server.ts';
import type { VirtualServer } from '../model/virtual-server.ts';

/** All of a real server but where it is: a few of these stand for the many real servers of a node. */
type Settings = Pick<RealServer, 'port' | 'weight' | 'forwarding' | 'upperThreshold' | 'lowerThreshold'>;

/**
 * A virtual server with its real servers as they are kept: a real server costs the text of its address, where a
 * `RealServer` with its key costs 200 bytes and its place in a map 40 more. They are unpacked when something changes.
 */
export interface PackedServer {
  readonly server: VirtualServer;
  /** The addresses of all real servers, each behind a space but the first. */
  readonly addresses: string;
  /** The rest of each, in the same order; where it is the same for all, only once. None where there are no real servers. */
  readonly settings: readonly Settings[];
  /** By which packets to it are treated. */
  readonly setEntries: readonly SetEntry[];
}

/** No address has one in it. */
const separator = ' ';

const noSettings: readonly Settings[] = [];
const noEntries: readonly SetEntry[] = [];

/** How many values are remembered. */
const mostShared = 10_000;

/**
 * Packs virtual servers, and shares among them what their real servers have in common. What is shared is forgotten when
 * there is too much of it, so that what is no longer used does not stay.
 */
export class ServerPacker {
  readonly #shared = new Map<string, readonly [Settings]>();
  /** The last that were asked for: those of most real servers are the same. */
  #last: readonly [Settings] | undefined;

  pack({ server, realServers, setEntries = noEntries }: PlannedVirtualServer): PackedServer {
    const [first, ...others] = realServers;
    if (first === undefined) return { server, addresses: '', settings: noSettings, setEntries };
    const settings = others.every((other) => sameSettings(other, first))
      ? this.#share(first)
      : realServers.map((realServer) => this.#share(realServer)[0]);
    const addresses = realServers.map(({ address }) => address).join(separator);
    return { server, addresses, settings, setEntries };
  }

  #share(settings: Settings): readonly [Settings] {
    if (this.#last !== undefined && sameSettings(this.#last[0], settings)) return this.#last;
    this.#last = this.#known(settings);
    return this.#last;
  }

  #known({ port, weight, forwarding, upperThreshold, lowerThreshold }: Settings): readonly [Settings] {
    const key = `${port} ${weight} ${forwarding} ${upperThreshold} ${lowerThreshold}`;
    const known = this.#shared.get(key);
    if (known !== undefined) return known;
    if (this.#shared.size >= mostShared) this.#shared.clear();
    const settings = [{ port, weight, forwarding, upperThreshold, lowerThreshold }] as const;
    this.#shared.set(key, settings);
    return settings;
  }
}

/** The real servers that were packed, in the same order. */
export function realServersOf({ server, addresses, settings }: PackedServer): RealServer[] {
  const [first] = settings;
  if (first === undefined) return [];
  return addresses.split(separator).map((address, index) => {
    const { port, weight, forwarding, upperThreshold, lowerThreshold } = settings[index] ?? first;
    const key = realServerKey(server.key, address, port);
    return {
      ...{ key, virtualServer: server, address, port },
      ...{ weight, forwarding, upperThreshold, lowerThreshold },
    };
  });
}

/** How many real servers there are. */
export function realServerCount({ addresses, settings }: PackedServer): number {
  if (settings.length !== 1) return settings.length;
  let count = 1;
  for (let at = addresses.indexOf(separator); at !== -1; at = addresses.indexOf(separator, at + 1))
    count += 1;
  return count;
}

function sameSettings(a: Settings, b: Settings): boolean {
  return (
    a.port === b.port &&
    a.weight === b.weight &&
    a.forwarding === b.forwarding &&
    a.upperThreshold === b.upperThreshold &&
    a.lowerThreshold === b.lowerThreshold
  );
}
