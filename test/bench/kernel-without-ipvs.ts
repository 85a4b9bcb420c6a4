/**
 * Stands in for lib/cli/kernel.ts in the program that is measured on a machine without IPVS: sets, iptables and the
 * connection table are the machine's own; virtual servers, real servers, the addresses of kube-ipvs0 and sysctls, most of
 * them those of IPVS, are tables in memory. It says on standard error when the first real server is there and when the
 * first address is, tells a probe of every write of real servers, and on SIGUSR2 writes the virtual and real servers to the
 * file that DUMP_FILE names, as sorted lines of `ipvsadm -Sn`.
 */
import { channel } from 'node:diagnostics_channel';
import { writeFileSync } from 'node:fs';
import { Conntrack } from '../../native-bindings/conntrack.ts';
import { IpSets } from '../../native-bindings/ipset.ts';
import { Route } from '../../native-bindings/route.ts';
import { ConntrackFlows } from '../../lib/kernel/conntrack.ts';
import { fakeKernel, type FakeKernel } from '../../lib/kernel/fake-kernel.ts';
import { Firewall } from '../../lib/kernel/firewall.ts';
import type { KernelTables } from '../../lib/kernel/kernel-tables.ts';
import { SetEntries } from '../../lib/kernel/set-entries.ts';
import type { VirtualServerTraffic } from '../../lib/kernel/server-statistics.ts';
import { Sets } from '../../lib/kernel/sets.ts';
import type { Change, Refusals, Table } from '../../lib/kernel/table.ts';
import type { Keyed } from '../../lib/model/keyed.ts';
import type { RealServer } from '../../lib/model/real-server.ts';
import type { VirtualServerId } from '../../lib/model/virtual-server.ts';
import type { WrittenServer } from './probe.ts';

export { noIpvs, noPermission, readNodeAddresses, traceTo } from '../../lib/cli/kernel.ts';

/** On which a probe hears of writes of real servers. */
const realServerWrites = channel('measured:real-servers');

/** Tells a probe of a write of real servers. */
function tellProbe(changes: readonly Change<RealServer>[]): void {
  if (realServerWrites.hasSubscribers) realServerWrites.publish(changes.map(writtenOf));
}

/** What is told of a write. */
function writtenOf({ before, after }: Change<RealServer>): WrittenServer {
  const verb = after === undefined ? 'remove' : before === undefined ? 'new' : 'set';
  return { address: (after ?? before)?.address ?? '', verb };
}

/** Tells when a table is written to for the first time, and hands on what is written to it. */
function told<Entry extends Keyed, Wrapped extends Table<Entry>>(
  table: Wrapped,
  handOn: (changes: readonly Change<Entry>[]) => void = () => undefined,
): Wrapped {
  const apply = table.apply.bind(table);
  let written = false;
  const tellingApply = async (changes: readonly Change<Entry>[]): Promise<Refusals> => {
    const refusals = await apply(changes);
    handOn(changes);
    if (!written && changes.length > 0) {
      written = true;
      process.stderr.write(`measured: ${table.name} at ${performance.timeOrigin + performance.now()}\n`);
    }
    return refusals;
  };
  return Object.assign(table, { apply: tellingApply });
}

function dump({ virtualServers, realServers }: FakeKernel): void {
  const lines = [
    ...[...virtualServers.entries.values()].map(
      ({ address, port, scheduler }) => `-A -t ${address}:${port} -s ${scheduler}`,
    ),
    ...[...realServers.entries.values()].map(
      ({ virtualServer, address, port, weight }) =>
        `-a -t ${virtualServer.address}:${virtualServer.port} -r ${address}:${port} -m -w ${weight}`,
    ),
  ];
  writeFileSync(process.env['DUMP_FILE'] ?? '/dev/null', `${lines.sort().join('\n')}\n`);
  process.stderr.write('measured: dumped\n');
}

const nothing = { connections: 0, inPackets: 0, outPackets: 0, inBytes: 0, outBytes: 0 };

/** What IPVS would tell of a virtual server that nobody has asked for anything. */
function trafficOf({ realServers }: FakeKernel, id: VirtualServerId & Keyed): VirtualServerTraffic {
  const endpoints = realServers.readUse(id).map(({ server, active, inactive }) => {
    const { address, port, weight } = server;
    return { ...nothing, ...{ address, port, weight, active, inactive } };
  });
  return { ...nothing, endpoints };
}

/** IPVS as far as it is looked at besides its tables: it is there, and takes every scheduler. */
const ipvs = {
  info: () => ({ version: 'none', connectionTableSize: 0 }),
  timeouts: () => ({ tcp: 0, tcpFin: 0, udp: 0 }),
  setTimeouts: (): void => undefined,
  services: () => [],
  batch: () => ({ newService: (): void => undefined, deleteService: (): void => undefined, run: () => [] }),
  close: (): void => undefined,
};

/** As its namesake. */
export const openIpvs = (): typeof ipvs => ipvs;

/** As its namesake; what it gives differs in IPVS and the addresses. */
export function openKernel(): Record<string, unknown> {
  const route = Route.open();
  const ipSets = IpSets.open();
  const conntrack = Conntrack.open();
  const fake = fakeKernel();
  process.on('SIGUSR2', () => {
    dump(fake);
  });
  return {
    ipvs,
    route,
    sets: new Sets(ipSets),
    setEntries: new SetEntries(ipSets),
    fake,
    firewall: new Firewall(),
    addresses: told(fake.addresses),
    // Once, for it is the same table whoever asks for it.
    realServers: told(fake.realServers, tellProbe),
    flows: new ConntrackFlows(conntrack),
    statistics: { read: (id: VirtualServerId & Keyed) => trafficOf(fake, id) },
    close: () => {
      route.close();
      ipSets.close();
      conntrack.close();
    },
  };
}

/** As its namesake. */
export function kernelTables(kernel: {
  readonly sets: Sets;
  readonly setEntries: SetEntries;
  readonly firewall: Firewall;
  readonly realServers: FakeKernel['realServers'];
  readonly fake: FakeKernel;
}): KernelTables {
  const { sysctls, virtualServers, addresses } = kernel.fake;
  return {
    sysctls,
    sets: kernel.sets,
    firewall: kernel.firewall,
    setEntries: kernel.setEntries,
    virtualServers,
    realServers: kernel.realServers,
    addresses,
  };
}
