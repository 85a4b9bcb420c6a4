import type { BoundAddress } from '../model/bound-address.ts';
import type { FirewallProgram } from '../model/firewall-program.ts';
import type { IpSet, SetEntry } from '../model/ip-set.ts';
import type { Keyed } from '../model/keyed.ts';
import type { RealServer } from '../model/real-server.ts';
import type { Sysctl } from '../model/sysctl.ts';
import type { VirtualServer } from '../model/virtual-server.ts';
import { Dependants } from './dependants.ts';
import {
  alwaysSame,
  sameFirewall,
  sameRealServer,
  sameSet,
  sameSysctl,
  sameVirtualServer,
} from './equality.ts';
import { FakeRealServers } from './fake-real-servers.ts';
import { FakeTable, type FakeTableOptions } from './fake-table.ts';
import type { KernelTables } from './kernel-tables.ts';
import type { Refusal } from './table.ts';

/** Every table of a node in memory. */
export interface FakeKernel extends KernelTables {
  readonly sysctls: FakeTable<Sysctl>;
  readonly sets: FakeTable<IpSet>;
  readonly firewall: FakeTable<FirewallProgram>;
  readonly setEntries: FakeTable<SetEntry>;
  readonly virtualServers: FakeTable<VirtualServer>;
  readonly realServers: FakeRealServers;
  readonly addresses: FakeTable<BoundAddress>;
}

/**
 * A kernel in memory, empty. Its tables depend on each other as the real ones do: a real server needs its virtual
 * server and an element its set, and both go with what they need.
 */
export function fakeKernel(): FakeKernel {
  const [virtualServers, realServers] = parentAndChild<VirtualServer, RealServer, FakeRealServers>(
    { name: 'virtual-servers', equals: sameVirtualServer },
    { name: 'real-servers', equals: sameRealServer, parentOf: (server) => server.virtualServer.key },
    { code: 'ESRCH', operation: 'add real server' },
    (name, options, behind) => new FakeRealServers(name, options, behind),
  );
  const [sets, setEntries] = parentAndChild<IpSet, SetEntry, FakeTable<SetEntry>>(
    { name: 'sets', equals: sameSet },
    { name: 'set-entries', equals: alwaysSame, parentOf: (entry) => entry.set },
    { code: 'ENOENT', operation: 'add set entry' },
    (name, options) => new FakeTable(name, options),
  );
  return {
    sysctls: new FakeTable<Sysctl>('sysctls', { equals: sameSysctl }),
    sets,
    firewall: new FakeTable<FirewallProgram>('firewall', { equals: sameFirewall }),
    setEntries,
    virtualServers,
    realServers,
    addresses: new FakeTable<BoundAddress>('addresses', { equals: alwaysSame }),
  };
}

interface Parent<Entry extends Keyed> {
  readonly name: string;
  readonly equals: (a: Entry, b: Entry) => boolean;
}

interface Child<Entry extends Keyed> extends Parent<Entry> {
  readonly parentOf: (entry: Entry) => string;
}

/** Two tables of which an entry of the second needs one of the first. */
function parentAndChild<P extends Keyed, C extends Keyed, Children extends FakeTable<C>>(
  parent: Parent<P>,
  child: Child<C>,
  orphan: Omit<Refusal, 'message'>,
  make: (
    name: string,
    options: FakeTableOptions<C>,
    keysOf: (parent: string) => readonly string[],
  ) => Children,
): readonly [FakeTable<P>, Children] {
  const options: FakeTableOptions<C> = {
    equals: child.equals,
    admit: (entry) => missingParent(parents, child.parentOf(entry), orphan),
    wrote(entry) {
      dependants.wrote(entry);
    },
    removed(entry) {
      dependants.removed(entry);
    },
  };
  const children = make(child.name, options, (key) => dependants.of(key));
  const dependants = new Dependants(children.entries, child.parentOf);
  const parents = new FakeTable<P>(parent.name, {
    equals: parent.equals,
    removed(entry) {
      children.unload(dependants.of(entry.key));
    },
  });
  return [parents, children];
}

function missingParent(
  parents: { readonly entries: ReadonlyMap<string, Keyed>; readonly name: string },
  key: string,
  orphan: Omit<Refusal, 'message'>,
): Refusal | undefined {
  if (parents.entries.has(key)) return undefined;
  return { ...orphan, message: `expected ${key} among the ${parents.name}, got no such entry` };
}
