import { access } from 'node:fs/promises';
import { join } from 'node:path';
import type { IpFamily } from '../model/family.ts';
import { ipFamilies } from '../model/family.ts';
import type { FirewallProgram } from '../model/firewall-program.ts';
import type { CommandResult, Run } from './command.ts';
import { commandRunner } from './command.ts';
import { iptablesFailure, iptablesText } from './iptables-failure.ts';
import type { IptablesFailure } from './iptables-failure.ts';
import { findFlavour, iptablesProgram, knowsRandomFully } from './iptables-flavour.ts';
import type { FoundFlavour, IptablesFlavour } from './iptables-flavour.ts';
import { restoreInput } from './iptables-restore.ts';
import { canonicalRule } from './iptables-rule.ts';
import { ourProgram, parseSave } from './iptables-save.ts';
import type { SavedTables } from './iptables-save.ts';
import { parseRules, type SavedRules } from './saved-rules.ts';
import { TableError } from './table.ts';
import type { Change, Refusal, Refusals, Table } from './table.ts';

/** What the firewall needs of its surroundings. */
export interface FirewallOptions {
  /** Runs the programs of iptables; real processes unless told otherwise. */
  readonly run?: Run;
  /** Where the proc file system is mounted: `/proc`. */
  readonly proc?: string;
  /** The flavour of iptables; found out on first use unless told. */
  readonly flavour?: IptablesFlavour;
  /** Milliseconds on a clock that only goes forward; `performance.now` unless told otherwise. */
  readonly now?: () => number;
}

/** Seconds to wait for the lock that every user of legacy iptables takes. */
const lockWait = '5';

/** Milliseconds for which rules that were read ahead count as what the kernel has. */
const aheadFor = 10_000;

/** Rules of a family that were read ahead. */
interface Ahead {
  readonly saved: SavedTables | Refusal;
  readonly until: number;
  /** Whether a reading has used them; one may, and the write behind it. */
  read: boolean;
}

/**
 * The iptables programs of both families, by family. A program is written by one `iptables-restore --noflush` and only
 * our chains (`kubeChains`) and the jumps into them are read, changed or removed. Removing a program leaves
 * KUBE-MARK-MASQ to those who still refer to it.
 *
 * A family that the kernel does not have reads as absent, and writing it is refused.
 */
export class Firewall implements Table<FirewallProgram> {
  readonly name = 'firewall';
  readonly #run: Run;
  readonly #proc: string;
  readonly #now: () => number;
  readonly #ahead = new Map<IpFamily, Ahead>();
  #found: Promise<FoundFlavour> | undefined;
  #flavour: IptablesFlavour | undefined;
  /** Until when the saves that the flavour was found by count as what the kernel has. */
  #surveyedUntil = -Infinity;

  constructor(options: FirewallOptions = {}) {
    this.#run = options.run ?? commandRunner();
    this.#proc = options.proc ?? '/proc';
    this.#now = options.now ?? (() => performance.now());
    const { flavour } = options;
    this.#flavour = flavour;
    this.#found = flavour && Promise.resolve({ flavour, saves: undefined });
  }

  /**
   * Reads now what the next `read`, and the `apply` behind it, would each start programs for, if they come within
   * seconds: a start looks at the rules early, while it waits for other things. Rejects as `read` does.
   */
  async readAhead(): Promise<void> {
    const { saves } = await this.#find();
    const surveyed = this.#now() <= this.#surveyedUntil;
    const until = this.#now() + aheadFor;
    this.#surveyedUntil = -Infinity;
    await Promise.all(
      ipFamilies.map(async (family) => {
        if (!(await this.#hasFamily(family))) return;
        const told = surveyed ? saves?.get(family) : undefined;
        const saved = await (told === undefined ? this.#save(family) : this.#parse(family, told));
        this.#tablesOf(saved);
        this.#ahead.set(family, { saved, until, read: false });
      }),
    );
  }

  async read(): Promise<ReadonlyMap<string, FirewallProgram>> {
    const programs = new Map<string, FirewallProgram>();
    const all = await Promise.all(ipFamilies.map((family) => this.#readFamily(family)));
    for (const program of all) {
      if (program !== undefined) programs.set(program.key, program);
    }
    return programs;
  }

  async apply(changes: readonly Change<FirewallProgram>[]): Promise<Refusals> {
    const refusals = new Map<string, Refusal>();
    for (const { key, after } of changes) {
      const refusal = await this.#write(key as IpFamily, after);
      if (refusal !== undefined) refusals.set(key, refusal);
    }
    return refusals;
  }

  equals(a: FirewallProgram, b: FirewallProgram): boolean {
    return meaning(a) === meaning(b);
  }

  /** The flavour of iptables that the node uses. Found once: two flavours at a time would both judge every packet. */
  async flavour(): Promise<IptablesFlavour> {
    return (await this.#find()).flavour;
  }

  /** The same, undefined before it has been found. */
  get knownFlavour(): IptablesFlavour | undefined {
    return this.#flavour;
  }

  /** Whether the MASQUERADE target of this node's iptables takes `--random-fully`. */
  async supportsRandomFully(): Promise<boolean> {
    const version = await this.#run(iptablesProgram('IPv4', await this.flavour()), ['--version']);
    return version.status === 0 && knowsRandomFully(version.stdout);
  }

  /**
   * Every rule of a family in the flavour that the node uses, those of others among them; `undefined` where the kernel
   * does not have the family. Rejects where they cannot be read.
   */
  async everything(family: IpFamily): Promise<SavedRules | undefined> {
    if (!(await this.#hasFamily(family))) return undefined;
    const command = iptablesProgram(family, await this.flavour(), 'save');
    const result = await this.#run(command, []);
    this.#tablesOf(await this.#parse(family, result));
    return parseRules(result.stdout);
  }

  #find(): Promise<FoundFlavour> {
    this.#found ??= findFlavour(this.#run).then((found) => {
      this.#surveyedUntil = this.#now() + aheadFor;
      this.#flavour = found.flavour;
      return found;
    });
    return this.#found;
  }

  async #readFamily(family: IpFamily): Promise<FirewallProgram | undefined> {
    if (!(await this.#hasFamily(family))) return undefined;
    const ahead = this.#ahead.get(family);
    const usable = ahead !== undefined && !ahead.read && this.#now() <= ahead.until;
    if (usable) ahead.read = true;
    else this.#ahead.delete(family);
    const tables = this.#tablesOf(usable ? ahead.saved : await this.#save(family));
    return tables && ourProgram(family, tables);
  }

  /** What was read ahead of a write, which makes it out of date. */
  #takeAhead(family: IpFamily): SavedTables | Refusal | undefined {
    const ahead = this.#ahead.get(family);
    this.#ahead.delete(family);
    return ahead !== undefined && this.#now() <= ahead.until ? ahead.saved : undefined;
  }

  /** Undefined where there are no tables. Throws where that cannot be known. */
  #tablesOf(saved: SavedTables | Refusal): SavedTables | undefined {
    if (!('code' in saved)) return saved;
    if (saved.code === 'no-table') return undefined;
    throw new TableError(this.name, saved.code, saved.message);
  }

  async #write(family: IpFamily, wanted: FirewallProgram | undefined): Promise<Refusal | undefined> {
    if (!(await this.#hasFamily(family))) return wanted === undefined ? undefined : familyMissing(family);
    const saved = this.#takeAhead(family) ?? (await this.#save(family));
    if ('code' in saved && saved.code !== 'no-table') return saved;
    const input = restoreInput('code' in saved ? parseSave('') : saved, wanted);
    if (input === '') return undefined;
    const command = iptablesProgram(family, await this.flavour(), 'restore');
    return this.#restore(command, input);
  }

  async #restore(command: string, input: string): Promise<Refusal | undefined> {
    const result = await this.#run(command, ['--noflush', '-w', lockWait], input);
    const failure = iptablesFailure(result);
    return failure && refusal(command, 'write firewall rules', failure, result);
  }

  async #save(family: IpFamily): Promise<SavedTables | Refusal> {
    const command = iptablesProgram(family, await this.flavour(), 'save');
    return this.#parse(family, await this.#run(command, []));
  }

  /** What a save of a family said. */
  async #parse(family: IpFamily, result: CommandResult): Promise<SavedTables | Refusal> {
    const command = iptablesProgram(family, await this.flavour(), 'save');
    const failure = iptablesFailure(result) ?? iptablesFailure(incompatible(result));
    return failure ? refusal(command, 'read firewall rules', failure, result) : parseSave(result.stdout);
  }

  /** Whether the kernel has a family: without IPv6 (`ipv6.disable=1`) ip6tables may work and mean nothing. */
  async #hasFamily(family: IpFamily): Promise<boolean> {
    if (family === 'IPv4') return true;
    return access(join(this.#proc, 'net/if_inet6')).then(
      () => true,
      () => false,
    );
  }
}

/**
 * iptables-nft-save succeeds over a table that it cannot read and says so in a comment among the rules; here it is a
 * failure of the run, as our rules may be in there.
 */
function incompatible(result: CommandResult): CommandResult {
  const note = /^# Table `(nat|filter|mangle)' is incompatible, use 'nft' tool\.$/m.exec(result.stdout);
  return note === null ? result : { ...result, status: 1, stderr: note[0] };
}

function refusal(
  command: string,
  operation: string,
  failure: IptablesFailure,
  result: CommandResult,
): Refusal {
  return {
    code: failure.code,
    operation,
    message: `expected ${command} to succeed, got "${iptablesText(result)}"; ${failure.advice}`,
  };
}

function familyMissing(family: IpFamily): Refusal {
  return {
    code: 'no-family',
    operation: 'write firewall rules',
    message: `expected a kernel with ${family}, got one without (no /proc/net/if_inet6); enable it on the node or leave the family out of the configuration`,
  };
}

/** A text that is equal for two programs when the kernel does the same with both. */
function meaning(program: FirewallProgram): string {
  const hookOrder = new Map<string, string[]>();
  for (const { table, hook, rule } of program.jumps) {
    const place = `${table} ${hook}`;
    hookOrder.set(place, [...(hookOrder.get(place) ?? []), canonicalRule(rule)]);
  }
  const chains = program.chains.map(({ table, name, rules }) =>
    [table, name, ...rules.map(canonicalRule)].join('\n'),
  );
  const hooks = [...hookOrder].map(([place, rules]) => [place, ...rules].join('\n'));
  return [...chains.sort(), ...hooks.sort()].join('\n\n');
}
