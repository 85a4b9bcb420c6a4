import type { IpFamily } from '../model/family.ts';
import type {
  FirewallChain,
  FirewallJump,
  FirewallProgram,
  FirewallTable,
} from '../model/firewall-program.ts';
import { isKubeChain, kubeChains, sharedChain } from '../model/kube-chains.ts';
import { ruleTarget } from './iptables-rule.ts';

/** The chains of one table with their rules (the text behind `-A CHAIN `), built-in and foreign chains included. */
export type SavedTable = ReadonlyMap<string, readonly string[]>;

/** What iptables-save said of the tables that matter here. A table that does not exist is empty. */
export type SavedTables = Readonly<Record<FirewallTable, SavedTable>>;

/** The tables in the order in which they are written. */
export const firewallTables = Object.keys(kubeChains) as FirewallTable[];

/** Reads the output of iptables-save. */
export function parseSave(text: string): SavedTables {
  const tables = {
    nat: new Map<string, string[]>(),
    filter: new Map<string, string[]>(),
    mangle: new Map<string, string[]>(),
  };
  let chains: Map<string, string[]> | undefined;
  for (const line of text.split('\n')) {
    if (line.startsWith('*')) chains = new Map(Object.entries(tables)).get(line.slice(1));
    else if (chains !== undefined) addLine(chains, line);
  }
  return tables;
}

/** Adds a chain (`:CHAIN POLICY COUNTERS`) or a rule (`-A CHAIN RULE`); other lines say nothing. */
function addLine(chains: Map<string, string[]>, line: string): void {
  const [chain = '', rule = ''] = line.replace(/^(:|-A )/, '').split(/ (.*)/);
  if (line.startsWith(':')) chains.set(chain, []);
  else if (line.startsWith('-A ')) chains.get(chain)?.push(rule);
}

/** The hooks that a packet enters a table by; every other chain is entered by a rule. */
const hooks = new Set(['PREROUTING', 'INPUT', 'FORWARD', 'OUTPUT', 'POSTROUTING']);

/** Whether a chain is the kernel's own. */
export function isHook(chain: string): boolean {
  return hooks.has(chain);
}

/**
 * Whether a rule of a hook is ours: it leads into a chain of ours. Others may mark packets for masquerading, so a jump
 * into the shared chain is theirs.
 */
export function isOurJump(table: FirewallTable, rule: string): boolean {
  const target = ruleTarget(rule);
  return target !== undefined && target !== sharedChain && isKubeChain(table, target);
}

/** Our chains of a table to which rules of foreign chains refer, so that they cannot be removed. */
export function referredChains(table: FirewallTable, saved: SavedTable): ReadonlySet<string> {
  const targets = [...saved]
    .filter(([chain]) => !isKubeChain(table, chain))
    .flatMap(([chain, rules]) => rules.filter((rule) => !isHook(chain) || !isOurJump(table, rule)))
    .map((rule) => ruleTarget(rule) ?? '');
  return new Set(targets.filter((target) => isKubeChain(table, target)));
}

/**
 * The part of the saved tables that is ours, `undefined` where there is none: no jump of ours, and no chain of ours
 * with a rule but the shared one, which others may have made.
 */
export function ourProgram(family: IpFamily, tables: SavedTables): FirewallProgram | undefined {
  const chains: FirewallChain[] = [];
  const jumps: FirewallJump[] = [];
  for (const table of firewallTables) {
    for (const [name, rules] of tables[table]) {
      if (isKubeChain(table, name)) chains.push({ table, name, rules });
      if (!isHook(name)) continue;
      const ours = rules.filter((rule) => isOurJump(table, rule));
      jumps.push(...ours.map((rule) => ({ table, hook: name, rule })));
    }
  }
  const present =
    jumps.length > 0 || chains.some(({ name, rules }) => name !== sharedChain && rules.length > 0);
  return present ? { key: family, family, chains, jumps } : undefined;
}
