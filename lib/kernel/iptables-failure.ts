import { commandStatus } from './command.ts';
import type { CommandResult } from './command.ts';

/** Why a run of iptables failed, in terms that a person can act on. */
export interface IptablesFailure {
  /** A code of this project's own, or `EPERM`. */
  readonly code:
    | 'iptables-missing'
    | 'iptables-timeout'
    | 'xtables-lock'
    | 'xtables-lock-file'
    | 'EPERM'
    | 'no-table'
    | 'incompatible-table'
    | 'missing-set'
    | 'missing-module'
    | 'iptables';
  /** What to do about it, in the imperative. */
  readonly advice: string;
}

/** Failures that a program tells by its exit status. */
const byStatus: Readonly<Record<number, IptablesFailure>> = {
  [commandStatus.notFound]: {
    code: 'iptables-missing',
    advice: 'install the iptables package (1.6.2 or newer) and have its programs in PATH',
  },
  [commandStatus.notAllowed]: {
    code: 'iptables-missing',
    advice: 'let this user execute the iptables programs',
  },
  [commandStatus.timedOut]: {
    code: 'iptables-timeout',
    advice: 'look for what keeps iptables from ending (a held lock, a stuck kernel module loader)',
  },
};

/**
 * Failures that only the text tells: iptables gives one exit status to nearly everything. The first that fits counts.
 * The texts are those of iptables 1.6 to 1.8, both flavours.
 */
const byText: readonly (readonly [RegExp, IptablesFailure])[] = [
  [
    /lock file|xtables\.lock.*(denied|read-only|no such)/i,
    {
      code: 'xtables-lock-file',
      advice: 'mount /run/xtables.lock of the node, writable, into the container',
    },
  ],
  [
    /xtables lock/i,
    {
      code: 'xtables-lock',
      advice: 'find out which program holds /run/xtables.lock for long; it is tried again',
    },
  ],
  [
    /is incompatible, use 'nft'/,
    {
      code: 'incompatible-table',
      advice:
        'remove the rules that the nft program added to the tables of iptables, or move them to a table of their own',
    },
  ],
  [
    /you must be root|permission denied|operation not permitted/i,
    {
      code: 'EPERM',
      advice: 'run as root with the capabilities NET_ADMIN and NET_RAW, in the network of the node',
    },
  ],
  [
    /^.*\bset \S+ doesn't exist/im,
    { code: 'missing-set', advice: 'make the set first; it is tried again once the set exists' },
  ],
  [
    /can't initialize|table does not exist|protocol not supported|unable to initialize/i,
    {
      code: 'no-table',
      advice:
        'load the kernel modules of the table (iptable_nat, iptable_filter and iptable_mangle, the same with ip6table, or nf_tables), or leave the family out',
    },
  ],
  [
    /missing kernel module|couldn't load (match|target)|no chain\/target\/match by that name|RULE_APPEND failed \(no such file/i,
    {
      code: 'missing-module',
      advice:
        'load the kernel modules that the rules use: xt_set xt_comment xt_mark xt_conntrack xt_addrtype xt_physdev xt_MASQUERADE ipt_REJECT ip6t_REJECT',
    },
  ],
];

/** Tells why a run failed; `undefined` when it did not. */
export function iptablesFailure(result: CommandResult): IptablesFailure | undefined {
  if (result.status === 0) return undefined;
  return (
    byStatus[result.status] ??
    byText.find(([pattern]) => pattern.test(result.stderr))?.[1] ?? {
      code: 'iptables',
      advice: 'run the same program by hand on the node to see more',
    }
  );
}

/** What the program itself said, on one line. Its notes about the other flavour's tables are left out. */
export function iptablesText(result: CommandResult): string {
  const lines = result.stderr
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('# Warning') && !line.startsWith('Try `'));
  return lines.length === 0 ? `exit status ${result.status}` : lines.join(' ');
}
