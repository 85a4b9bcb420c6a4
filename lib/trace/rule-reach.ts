import { readRule, type Target } from './rule.ts';
import type { RuleBook } from './rule-book.ts';
import type { RulePlace } from './step.ts';

/** Targets that change nothing of what becomes of a packet, as far as Services are concerned. */
const harmless: ReadonlySet<Target['kind']> = new Set(['note', 'mark']);

/**
 * Whether it may matter if a rule of others matches: by its target, or by the rules of the chain that it leads to.
 * @param target what it does, as far as that is known
 */
export function mayMatter({ table, rule }: RulePlace, target: Target | undefined, book: RuleBook): boolean {
  if (target === undefined) return / -[jg] /.test(` ${rule}`);
  return reaches(target, table, book, new Set());
}

function reaches(target: Target, table: RulePlace['table'], book: RuleBook, seen: Set<string>): boolean {
  if (target.kind !== 'chain') return !harmless.has(target.kind);
  const { chain: name } = target;
  if (seen.has(name)) return false;
  seen.add(name);
  return (book.chain(table, name)?.rules ?? []).some((rule) => {
    const read = readRule(rule);
    if (read.target === undefined) return 'unknown' in read && read.unknown === 'target';
    // The way back from a chain leads to where it would have gone on anyway.
    return read.target.kind !== 'return' && reaches(read.target, table, book, seen);
  });
}
