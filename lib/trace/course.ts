import type { FirewallTable } from '../model/firewall-program.ts';
import { Undecidable } from './fault.ts';
import type { Flight } from './flight.ts';
import { readRule, type Rule, type Target } from './rule.ts';
import { judge } from './judge.ts';
import type { Hook, RulePlace, Step, Test } from './step.ts';
import type { Surroundings } from './surroundings.ts';
import type { Ending } from './verdict.ts';

/** How a chain was left: by its end, or by a rule that has the last word in its table; or the packet ended there. */
type Exit = 'end' | 'accepted' | Ending;

/** A list of rules that is being asked. */
interface Passage {
  readonly table: FirewallTable;
  readonly hook: Hook;
  /** The chain, and before it those that led to it. */
  readonly chains: readonly string[];
}

/** A packet on its way, with all that it has met so far. Rules change it. */
export class Course {
  flight: Flight;
  readonly around: Surroundings;
  readonly steps: Step[] = [];

  constructor(around: Surroundings, flight: Flight) {
    this.around = around;
    this.flight = flight;
  }

  /** The same packet with other features, from here on by itself. */
  fork(changes: Partial<Flight>): Course {
    return new Course(this.around, { ...this.flight, ...changes });
  }

  /**
   * Asks the rules that tables have at a hook, one table after the other. What is not tracked does not meet the nat
   * table. The result says how the packet ended, if it did.
   * @throws {Undecidable} where that cannot be told
   */
  pass(hook: Hook, ...tables: readonly FirewallTable[]): Ending | undefined {
    for (const table of tables) {
      if (table === 'nat' && !this.flight.tracked) continue;
      const exit = this.#ask({ table, hook, chains: [hook] }, this.#jumps(table, hook));
      if (typeof exit !== 'string') return exit;
    }
    return undefined;
  }

  #jumps(table: FirewallTable, hook: Hook): readonly string[] {
    const jumps = this.around.tables.firewall.get(this.flight.family)?.jumps ?? [];
    return jumps.filter((jump) => jump.table === table && jump.hook === hook).map(({ rule }) => rule);
  }

  #ask(passage: Passage, rules: readonly string[]): Exit {
    const { table, chains } = passage;
    for (const [index, rule] of rules.entries()) {
      const place = { table, chain: chains.at(-1) ?? '', number: index + 1, rule };
      const target = this.#judge(place, passage.hook);
      if (target?.kind === 'return') return 'end';
      const exit = target === undefined ? 'end' : this.#follow(target, place, passage);
      if (exit !== 'end') return exit;
    }
    return 'end';
  }

  /** What a rule does with the packet; nothing where it does not match. */
  #judge(place: RulePlace, hook: Hook): Target | undefined {
    const { matches, target } = ruleAt(place);
    const tests: Test[] = [];
    for (const match of matches) {
      tests.push(judge(match, place, this.flight, this.around));
      if (tests.at(-1)?.holds === false) break;
    }
    const matched = tests.every(({ holds }) => holds);
    const does = matched ? target : undefined;
    this.steps.push({ kind: 'rule', hook, place, tests, matched, ...(does && { target: does }) });
    return does;
  }

  #follow(target: Exclude<Target, { kind: 'return' }>, place: RulePlace, passage: Passage): Exit {
    switch (target.kind) {
      case 'accept':
        return 'accepted';
      case 'drop':
        return { kind: 'dropped', by: place };
      case 'reject':
        return { kind: 'refused', by: place, with: target.with };
      case 'mark':
        this.flight = { ...this.flight, mark: ((this.flight.mark & ~target.clear) ^ target.flip) >>> 0 };
        return 'end';
      case 'masquerade': {
        const source = this.around.ownAddress(this.flight.family) ?? this.flight.source;
        this.flight = { ...this.flight, source, masqueraded: true };
        return 'accepted';
      }
      case 'chain':
        return this.#enter(target.chain, place, passage);
    }
  }

  #enter(name: string, place: RulePlace, { table, hook, chains }: Passage): Exit {
    if (chains.includes(name)) throw new Undecidable({ kind: 'endless-chain', place, chain: name });
    const program = this.around.tables.firewall.get(this.flight.family);
    const chain = program?.chains.find((one) => one.table === table && one.name === name);
    if (chain === undefined) throw new Undecidable({ kind: 'unknown-target', place, target: `-j ${name}` });
    return this.#ask({ table, hook, chains: [...chains, name] }, chain.rules);
  }
}

function ruleAt(place: RulePlace): Rule {
  const rule = readRule(place.rule);
  if (!('unknown' in rule)) return rule;
  throw new Undecidable(
    rule.unknown === 'match'
      ? { kind: 'unknown-match', place, match: rule.text }
      : { kind: 'unknown-target', place, target: rule.text },
  );
}
