import { canonicalRule } from '../../kernel/iptables-rule.ts';
import type { FirewallProgram } from '../../model/firewall-program.ts';

/**
 * The rules by which two iptables programs differ, one line each, as iptables-save writes them with the table in front:
 * `- nat -A KUBE-SERVICES -j ACCEPT`. Where only their order differs, one line says so.
 */
export function firewallDifference(before: FirewallProgram, after: FirewallProgram): string[] {
  const [old, next] = [rulesOf(before), rulesOf(after)];
  const [inOld, inNext] = [new Set(old), new Set(next)];
  const lines = [
    ...old.filter((rule) => !inNext.has(rule)).map((rule) => `- ${rule}`),
    ...next.filter((rule) => !inOld.has(rule)).map((rule) => `+ ${rule}`),
  ];
  return lines.length === 0 ? ['~ the order of the rules'] : lines;
}

function rulesOf({ chains, jumps }: FirewallProgram): string[] {
  return [
    ...chains.flatMap(({ table, name, rules }) => [
      `${table} -N ${name}`,
      ...rules.map((rule) => `${table} -A ${name} ${canonicalRule(rule)}`),
    ]),
    ...jumps.map(({ table, hook, rule }) => `${table} -A ${hook} ${canonicalRule(rule)}`),
  ];
}
