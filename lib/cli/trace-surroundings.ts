import { readFile } from 'node:fs/promises';
import { hasCode, NetlinkError } from '../../native-bindings/error.ts';
import type { FoundRoute } from '../../native-bindings/route-lookup.ts';
import type { Route } from '../../native-bindings/route.ts';
import type { SavedRules } from '../kernel/saved-rules.ts';
import { type IpFamily, ipFamilies } from '../model/family.ts';
import type { RouteFound, Routes } from '../trace/routes.ts';
import type { TracedNode } from '../trace/surroundings.ts';
import { type ConntrackFill, readTables, type TracedTables } from '../trace/traced-tables.ts';
import { kernelTables, type Kernel } from './kernel.ts';
import { nodeAddresses } from './node-addresses.ts';

/** All that a packet meets on this node, as it is at this moment. */
export interface ReadSurroundings {
  readonly tables: TracedTables;
  readonly node: TracedNode;
  /** Interfaces that are bridges whose packets go through iptables. */
  readonly bridges: ReadonlySet<string>;
}

/** Settings that decide where packets go, besides those of each interface. */
const settings = [
  'net/ipv4/vs/conntrack',
  'net/ipv4/ip_forward',
  'net/ipv6/conf/all/forwarding',
  'net/bridge/bridge-nf-call-iptables',
  'net/bridge/bridge-nf-call-ip6tables',
] as const;

/** Reads every table, rule and route that decides what becomes of a packet. Rejects where one cannot be read. */
export async function readSurroundings(kernel: Kernel): Promise<ReadSurroundings> {
  const links = kernel.route.links();
  const keys = [...settings, ...links.map(({ name }) => `net/ipv4/conf/${name}/forwarding`)];
  const [held, rules, conntrackFill] = await Promise.all([
    readTables(
      kernelTables(
        kernel,
        keys.map((key) => ({ key, value: '' })),
      ),
    ),
    readRules(kernel),
    readFill(),
  ]);
  const names = new Map(links.map(({ index, name }) => [index, name]));
  const { addresses, localAddresses } = nodeAddresses(kernel.route, []);
  return {
    tables: { ...held, rules, ...(conntrackFill && { conntrackFill }) },
    node: { addresses, localAddresses, routes: routesOf(kernel.route, names) },
    bridges: new Set(links.filter(({ kind }) => kind === 'bridge').map(({ name }) => name)),
  };
}

async function readRules({ firewall }: Kernel): Promise<ReadonlyMap<IpFamily, SavedRules>> {
  const read = await Promise.all(
    ipFamilies.map(async (family) => [family, await firewall.everything(family)] as const),
  );
  return new Map(read.flatMap(([family, rules]) => (rules === undefined ? [] : [[family, rules] as const])));
}

/** How full the table of connections is; `undefined` where connections are not tracked. */
async function readFill(): Promise<ConntrackFill | undefined> {
  try {
    const [count, maximum] = await Promise.all(
      ['count', 'max'].map(async (name) =>
        Number(await readFile(`/proc/sys/net/netfilter/nf_conntrack_${name}`, 'utf8')),
      ),
    );
    return count === undefined || maximum === undefined ? undefined : { count, maximum };
  } catch {
    return undefined;
  }
}

/** RTN_LOCAL (linux/rtnetlink.h). */
const toItself = 2;

function routesOf(route: Route, names: ReadonlyMap<number, string>): Routes {
  return (address) => {
    try {
      const found = route.lookUp(address);
      return found === undefined ? { kind: 'none', code: 'ENETUNREACH' } : wayOf(found, names);
    } catch (error) {
      if (!(error instanceof NetlinkError) || hasCode(error, 'reply-lost')) throw error;
      return { kind: 'none', code: error.code };
    }
  };
}

function wayOf({ type, index, gateway, source }: FoundRoute, names: ReadonlyMap<number, string>): RouteFound {
  const name = names.get(index) ?? `interface ${index}`;
  return {
    ...{ kind: 'way', interface: type === toItself ? 'lo' : name },
    ...(gateway !== undefined && { gateway }),
    ...(source !== undefined && { source }),
  };
}
