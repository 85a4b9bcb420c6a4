import { release } from 'node:os';
import { Conntrack } from '../../native-bindings/conntrack.ts';
import { hasCode, isPermissionDenied } from '../../native-bindings/error.ts';
import { IpSets } from '../../native-bindings/ipset.ts';
import { Ipvs } from '../../native-bindings/ipvs.ts';
import { Route } from '../../native-bindings/route.ts';
import type { OpenOptions } from '../../native-bindings/connection.ts';
import { Addresses } from '../kernel/addresses.ts';
import { ConntrackFlows } from '../kernel/conntrack.ts';
import { Firewall } from '../kernel/firewall.ts';
import type { FlowTable } from '../kernel/flow-table.ts';
import type { KernelTables } from '../kernel/kernel-tables.ts';
import { RealServers } from '../kernel/real-servers.ts';
import { ServerStatistics } from '../kernel/server-statistics.ts';
import { SetEntries } from '../kernel/set-entries.ts';
import { Sets } from '../kernel/sets.ts';
import { Sysctls } from '../kernel/sysctls.ts';
import { VirtualServers } from '../kernel/virtual-servers.ts';
import type { ReservedAddress } from '../model/node-facts.ts';
import type { Sysctl } from '../model/sysctl.ts';
import { Failure } from './failure.ts';
import type { NetlinkMeters } from './netlink-meters.ts';
import { type NodeAddresses, nodeAddresses, serviceInterface } from './node-addresses.ts';
import type { Terminal } from './terminal.ts';

/** Takes one line for each message to and from the kernel. */
export type Trace = ((line: string) => void) | undefined;

/** A trace that writes to standard error. */
export function traceTo(terminal: Terminal): Trace {
  return (line) => {
    terminal.err(`${line}\n`);
  };
}

/** The running kernel, in the network namespace of this process. */
export interface Kernel extends Omit<KernelTables, 'sysctls'> {
  readonly addresses: Addresses;
  /** For what is no table: what IPVS is and what it can do. */
  readonly ipvs: Ipvs;
  readonly route: Route;
  readonly firewall: Firewall;
  readonly flows: FlowTable;
  readonly statistics: ServerStatistics;
  close(): void;
}

/**
 * Opens everything through which the kernel is read and written.
 *
 * @param meters count what goes to and fro, each table by itself: for this each has a connection of its own
 * @throws Failure where the addon cannot be loaded, the kernel has no IPVS, or this process may not administer it
 */
export function openKernel(trace: Trace, meters?: NetlinkMeters): Kernel {
  const opened: { close(): void }[] = [];
  const open = <Client extends { close(): void }>(
    client: { open(options: OpenOptions): Client },
    table: string,
  ): Client => {
    const one = client.open({ trace, meter: meters?.of(table) });
    opened.push(one);
    return one;
  };
  const ipvs = open({ open: openIpvsWith }, 'node');
  return {
    ipvs,
    route: open(Route, 'node'),
    sets: new Sets(open(IpSets, 'sets')),
    firewall: new Firewall(),
    setEntries: new SetEntries(open(IpSets, 'setEntries')),
    virtualServers: new VirtualServers(open(Ipvs, 'virtualServers')),
    realServers: new RealServers(open(Ipvs, 'realServers')),
    addresses: new Addresses(open(Route, 'addresses'), serviceInterface),
    flows: new ConntrackFlows(open(Conntrack, 'flows')),
    statistics: new ServerStatistics(open(Ipvs, 'statistics')),
    close: () => {
      for (const one of opened) one.close();
    },
  };
}

/**
 * Opens IPVS alone and sees that this process may read it.
 *
 * @throws Failure as `openKernel` does
 */
export function openIpvs(trace: Trace): Ipvs {
  return openIpvsWith({ trace });
}

function openIpvsWith(options: OpenOptions): Ipvs {
  try {
    const ipvs = Ipvs.open(options);
    ipvs.timeouts();
    return ipvs;
  } catch (error) {
    throw ipvsFailure(error) ?? error;
  }
}

/** The node's own addresses as `nodeAddresses` tells them. Reading them takes no privilege. */
export function readNodeAddresses(
  cidrs: readonly string[],
  apiServers: readonly ReservedAddress[] = [],
): NodeAddresses {
  const route = Route.open();
  try {
    return nodeAddresses(route, cidrs, apiServers);
  } finally {
    route.close();
  }
}

/** Every table of the kernel. `sysctls` are the settings that matter: there is no telling which of thousands do. */
export function kernelTables(
  kernel: Omit<KernelTables, 'sysctls'>,
  sysctls: readonly Sysctl[],
): KernelTables {
  const { sets, firewall, setEntries, virtualServers, realServers, addresses } = kernel;
  return {
    sysctls: new Sysctls({ keys: sysctls.map(({ key }) => key) }),
    ...{ sets, firewall, setEntries, virtualServers, realServers, addresses },
  };
}

/** The failure of a kernel that has no IPVS. */
export function noIpvs(cause: unknown): Failure {
  return new Failure(
    'no-ipvs',
    `expected a kernel with IPVS, got ${release()} without`,
    'load the module on the node: modprobe ip_vs',
    { cause },
  );
}

function ipvsFailure(error: unknown): Failure | undefined {
  if (hasCode(error, 'family-missing')) return noIpvs(error);
  return isPermissionDenied(error) ? noPermission('IPVS', error) : undefined;
}

/** The failure of who may not read something of the kernel. */
export function noPermission(what: string, cause: unknown): Failure {
  return new Failure(
    'no-permission',
    `expected the capability NET_ADMIN, got EPERM from ${what}`,
    'run as root, or with CAP_NET_ADMIN in the network namespace of the node',
    { cause },
  );
}
