import type { Change } from '../../kernel/table.ts';
import type { BoundAddress } from '../../model/bound-address.ts';
import type { FirewallProgram } from '../../model/firewall-program.ts';
import type { IpSet, SetEntry } from '../../model/ip-set.ts';
import type { Keyed } from '../../model/keyed.ts';
import type { RealServer } from '../../model/real-server.ts';
import type { Sysctl } from '../../model/sysctl.ts';
import type { VirtualServer } from '../../model/virtual-server.ts';
import { virtualServerFlags } from '../../model/virtual-server.ts';
import type { EntryOf, TableName } from '../../reconciler/table-name.ts';
import type { TableChanges } from '../../reconciler/transaction.ts';
import { firewallDifference } from './firewall-difference.ts';
import { flagNames } from './scheduler-flags.ts';

/** One change in words. */
export interface ChangeLine {
  /** `+` it is made, `-` it is removed, `~` it becomes another. */
  readonly sign: '+' | '-' | '~';
  readonly table: TableName;
  readonly key: string;
  /** What it is, and of a changed one what it was and what it becomes. */
  readonly text: string;
  /** The parts by which it changes, where it has many: lines with signs of their own. */
  readonly details?: readonly string[];
}

/** How the entries of a table are told. */
interface Words<Entry> {
  readonly noun: string;
  /** What the entry is beyond its key; empty where the key says all. */
  readonly describe: (entry: Entry) => string;
  /** The parts by which two entries differ, for those that are too long to tell whole. */
  readonly difference?: (before: Entry, after: Entry) => readonly string[];
}

const words: { readonly [Name in TableName]: Words<EntryOf<Name>> } = {
  sysctls: { noun: 'sysctl', describe: ({ value }: Sysctl) => `= ${value}` },
  sets: { noun: 'set', describe: ({ type, family }: IpSet) => `${type} ${family}` },
  firewall: { noun: 'iptables program', describe: firewallSize, difference: firewallDifference },
  setEntries: { noun: 'set entry', describe: (_entry: SetEntry) => '' },
  virtualServers: { noun: 'virtual server', describe: virtualServerWords },
  realServers: { noun: 'real server', describe: realServerWords },
  addresses: { noun: 'address', describe: (_address: BoundAddress) => 'on kube-ipvs0' },
};

/** Every change of a transaction in words, in the order of the tables. */
export function describeChanges(changes: TableChanges): ChangeLine[] {
  return [
    ...linesOf('sysctls', changes.sysctls, words.sysctls),
    ...linesOf('sets', changes.sets, words.sets),
    ...linesOf('firewall', changes.firewall, words.firewall),
    ...linesOf('setEntries', changes.setEntries, words.setEntries),
    ...linesOf('virtualServers', changes.virtualServers, words.virtualServers),
    ...linesOf('realServers', changes.realServers, words.realServers),
    ...linesOf('addresses', changes.addresses, words.addresses),
  ];
}

/** Writes changes as lines: `+ virtual server TCP 10.96.0.1:443 rr`. */
export function formatChanges(lines: readonly ChangeLine[]): string {
  return lines
    .map(({ sign, text, details = [] }) => [`${sign} ${text}`, ...details.map((detail) => `    ${detail}`)])
    .flat()
    .map((line) => `${line}\n`)
    .join('');
}

function linesOf<Entry extends Keyed>(
  table: TableName,
  changes: readonly Change<Entry>[],
  { noun, describe, difference }: Words<Entry>,
): ChangeLine[] {
  return changes.flatMap(({ key, before, after }): readonly ChangeLine[] => {
    const told = (entry: Entry): string => `${noun} ${key} ${describe(entry)}`.trimEnd();
    if (after === undefined)
      return before === undefined ? [] : [{ sign: '-', table, key, text: told(before) }];
    if (before === undefined) return [{ sign: '+', table, key, text: told(after) }];
    const changed = { sign: '~', table, key, text: `${told(before)} => ${describe(after)}` } as const;
    return [difference === undefined ? changed : { ...changed, details: difference(before, after) }];
  });
}

function virtualServerWords({ scheduler, flags, timeout }: VirtualServer): string {
  const options = flagNames(scheduler, flags);
  const persistence = (flags & virtualServerFlags.persistent) === 0 ? [] : [`persistent ${timeout}`];
  const onePacket = (flags & virtualServerFlags.onePacket) === 0 ? [] : ['ops'];
  return [
    scheduler,
    ...(options.length === 0 ? [] : [`(${options.join(',')})`]),
    ...persistence,
    ...onePacket,
  ].join(' ');
}

function realServerWords({ weight, forwarding, upperThreshold, lowerThreshold }: RealServer): string {
  const limits = upperThreshold === 0 ? '' : ` limits ${lowerThreshold}-${upperThreshold}`;
  return `${forwarding} weight ${weight}${limits}`;
}

function firewallSize({ chains, jumps }: FirewallProgram): string {
  const rules = chains.reduce((sum, chain) => sum + chain.rules.length, 0);
  return `${chains.length} chains, ${rules} rules, ${jumps.length} jumps`;
}
