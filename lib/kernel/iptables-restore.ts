import type { FirewallChain, FirewallProgram, FirewallTable } from '../model/firewall-program.ts';
import { isKubeChain, sharedChain } from '../model/kube-chains.ts';
import { canonicalRule } from './iptables-rule.ts';
import { firewallTables, isHook, isOurJump, referredChains } from './iptables-save.ts';
import type { SavedTable, SavedTables } from './iptables-save.ts';

/**
 * The input of `iptables-restore --noflush` that makes our part of the tables equal to the program, or removes it
 * where there is no program; empty when there is nothing to do. Foreign rules and chains are not mentioned in it.
 *
 * A chain that is declared is made or emptied, so that none of its rules need be deleted one by one. The kernel takes
 * each table over in one step. Jumps that stand right are left where they are among foreign rules.
 */
export function restoreInput(saved: SavedTables, wanted: FirewallProgram | undefined): string {
  return firewallTables.map((table) => tableInput(table, saved[table], wanted)).join('');
}

function tableInput(table: FirewallTable, saved: SavedTable, wanted: FirewallProgram | undefined): string {
  const chains = wanted?.chains.filter((chain) => chain.table === table) ?? [];
  const stale = staleChains(table, saved, chains);
  const lines = [
    ...[...chains.map((chain) => chain.name), ...stale.emptied].map((name) => `:${name} - [0:0]`),
    ...chains.flatMap(({ name, rules }) => rules.map((rule) => `-A ${name} ${rule}`)),
    ...jumpLines(table, saved, wanted),
    ...stale.removed.map((name) => `-X ${name}`),
  ];
  return lines.length === 0 ? '' : [`*${table}`, ...lines, 'COMMIT', ''].join('\n');
}

/**
 * Our chains that the program does not have. One that foreign rules refer to cannot be removed and is emptied only,
 * and the shared one is then left as it is: others rely on its rules.
 */
function staleChains(
  table: FirewallTable,
  saved: SavedTable,
  wanted: readonly FirewallChain[],
): { emptied: string[]; removed: string[] } {
  const names = new Set(wanted.map((chain) => chain.name));
  const referred = referredChains(table, saved);
  const stale = [...saved.keys()].filter((name) => isKubeChain(table, name) && !names.has(name));
  return {
    emptied: stale.filter((name) => name !== sharedChain || !referred.has(name)),
    removed: stale.filter((name) => !referred.has(name)),
  };
}

/** Lines that delete the jumps of ours that stand wrong and insert the missing ones, for every hook of a table. */
function jumpLines(table: FirewallTable, saved: SavedTable, program: FirewallProgram | undefined): string[] {
  const jumps = program?.jumps.filter((jump) => jump.table === table) ?? [];
  const hooks = new Set([...[...saved.keys()].filter(isHook), ...jumps.map((jump) => jump.hook)]);
  return [...hooks].flatMap((hook) =>
    hookLines(
      hook,
      (saved.get(hook) ?? []).filter((rule) => isOurJump(table, rule)),
      jumps.filter((jump) => jump.hook === hook).map((jump) => jump.rule),
    ),
  );
}

/**
 * New jumps go to the top of the hook, so the present ones can stay where they are only when they are the last of the
 * wanted ones, in order; otherwise all are made anew.
 */
function hookLines(hook: string, present: readonly string[], wanted: readonly string[]): string[] {
  const missing = wanted.length - present.length;
  const fits =
    missing >= 0 &&
    present.every((rule, index) => canonicalRule(rule) === canonicalRule(wanted[missing + index] ?? ''));
  const deleted = fits ? [] : present;
  const inserted = fits ? wanted.slice(0, missing) : wanted;
  return [
    ...deleted.map((rule) => `-D ${hook} ${rule}`),
    ...inserted.toReversed().map((rule) => `-I ${hook} ${rule}`),
  ];
}
