import type { Doubt } from './doubt.ts';
import { Undecidable } from './fault.ts';
import type { Flight } from './flight.ts';
import { judge } from './judge.ts';
import { readRule, type Match, type Target } from './rule.ts';
import { isOurRule, type RuleBook, type RuleTable } from './rule-book.ts';
import { mayMatter } from './rule-reach.ts';
import type { Hook, RulePlace, Step, Test } from './step.ts';
import type { Surroundings } from './surroundings.ts';
import type { Ending } from './verdict.ts';

/** How a chain was left: by its end, or by a rule that has the last word in its table; or the packet ended there. */
type Exit = 'end' | 'accepted' | Ending;

/** A list of rules that is being asked. */
interface Passage {
  readonly table: RuleTable;
  readonly hook: Hook;
  /** The chain, and before it those that led to it. */
  readonly chains: readonly string[];
}

/** A packet on its way, with all that it has met so far. Rules change it. */
export class Course {
  flight: Flight;
  readonly around: Surroundings;
  readonly steps: Step[] = [];
  /** Rules of others that could not be judged, and were taken for ones that do not match. */
  readonly doubts: Doubt[] = [];

  constructor(around: Surroundings, flight: Flight) {
    this.around = around;
    this.flight = flight;
  }

  /** The same packet with other features, from here on by itself. */
  fork(changes: Partial<Flight>): Course {
    return new Course(this.around, { ...this.flight, ...changes });
  }

  /** Changes features of the packet. */
  change(changes: Partial<Flight>): void {
    this.flight = { ...this.flight, ...changes };
  }

  /**
   * Asks the rules that tables have at a hook, one table after the other. What is not tracked, and what does not open a
   * connection, does not meet the nat table. The result says how the packet ended, if it did.
   * @throws {Undecidable} where that cannot be told
   */
  pass(hook: Hook, ...tables: readonly RuleTable[]): Ending | undefined {
    for (const table of tables) {
      if (table === 'nat' && !(this.flight.tracked && this.flight.state === 'NEW')) continue;
      const exit = this.#passTable(table, hook);
      if (typeof exit !== 'string') return exit;
    }
    return undefined;
  }

  #passTable(table: RuleTable, hook: Hook): Exit {
    const chain = this.#book.chain(table, hook);
    if (chain === undefined) return 'accepted';
    const exit = this.#ask({ table, hook, chains: [hook] }, chain.rules);
    if (exit !== 'end' || chain.policy !== 'DROP') return exit;
    const place = { table, chain: hook, number: chain.rules.length + 1, rule: `-P ${hook} DROP` };
    this.steps.push({ kind: 'rule', hook, place, tests: [], matched: true, target: { kind: 'drop' } });
    return { kind: 'dropped', by: place };
  }

  get #book(): RuleBook {
    return this.around.rules(this.flight.family);
  }

  #ask(passage: Passage, rules: readonly string[]): Exit {
    const { table, chains } = passage;
    for (const [index, rule] of rules.entries()) {
      const place = { table, chain: chains.at(-1) ?? '', number: index + 1, rule };
      const target = this.#judge(place, passage.hook);
      if (target === undefined) continue;
      if (target.kind === 'return') return 'end';
      const exit = this.#follow(target, place, passage);
      if (exit !== 'end' || (target.kind === 'chain' && target.goto === true)) return exit;
    }
    return 'end';
  }

  /** What a rule does with the packet; nothing where it does not match. */
  #judge(place: RulePlace, hook: Hook): Target | undefined {
    const { matches, target } = this.#read(place);
    const tests = this.#test(matches, place);
    const matched = tests?.every(({ holds }) => holds) === true;
    const does = matched ? target : undefined;
    this.steps.push({
      kind: 'rule',
      hook,
      place,
      tests: tests ?? [],
      matched,
      ...(does && { target: does }),
    });
    return does;
  }

  /** A rule as far as it is known. One of others that is not, but for its target, is taken for one that never matches. */
  #read(place: RulePlace): { readonly matches: readonly Match[]; readonly target?: Target } {
    const rule = readRule(place.rule);
    if (!('unknown' in rule)) return rule;
    const { unknown, text: part, matches, target } = rule;
    const fault =
      unknown === 'match'
        ? ({ kind: 'unknown-match', place, match: part } as const)
        : ({ kind: 'unknown-target', place, target: part } as const);
    if (this.#isOurs(place)) throw new Undecidable(fault);
    const tests = this.#test(matches, place);
    if (tests?.every(({ holds }) => holds) === true) this.#doubt(place, part, target);
    return { matches: [never] };
  }

  /** The matches up to the first that does not hold; `undefined` where one of a rule of others cannot be judged. */
  #test(matches: readonly Match[], place: RulePlace): Test[] | undefined {
    const tests: Test[] = [];
    for (const match of matches) {
      try {
        tests.push(judge(match, place, this.flight, this.around));
      } catch (error) {
        if (!(error instanceof Undecidable) || this.#isOurs(place)) throw error;
        const { target } = readRule(place.rule);
        this.#doubt(place, match.text, target);
        return undefined;
      }
      if (tests.at(-1)?.holds === false) break;
    }
    return tests;
  }

  #isOurs({ table, chain, rule }: RulePlace): boolean {
    return !this.#book.whole || isOurRule(table, chain, rule);
  }

  #doubt(place: RulePlace, part: string, target: Target | undefined): void {
    const matters = mayMatter(place, target, this.#book);
    const known = this.doubts.some(
      ({ place: { rule, chain } }) => rule === place.rule && chain === place.chain,
    );
    if (matters && !known) this.doubts.push({ place, part });
  }

  #follow(target: Exclude<Target, { kind: 'return' }>, place: RulePlace, passage: Passage): Exit {
    switch (target.kind) {
      case 'accept':
        return 'accepted';
      case 'drop':
        return { kind: 'dropped', by: place };
      case 'reject':
        return { kind: 'refused', by: place, with: target.with };
      case 'chain':
        return this.#enter(target.chain, place, passage);
      default:
        return this.#alter(target);
    }
  }

  /** What changes the packet. Who translates an address has the last word in its table. */
  #alter(target: Extract<Target, { kind: 'mark' | 'masquerade' | 'translate' | 'untrack' | 'note' }>): Exit {
    switch (target.kind) {
      case 'mark':
        this.change({ mark: ((this.flight.mark & ~target.clear) ^ target.flip) >>> 0 });
        return 'end';
      case 'masquerade': {
        const { family, destination, source } = this.flight;
        this.change({ source: this.around.sourceTo(destination, family) ?? source, masqueraded: true });
        return 'accepted';
      }
      case 'translate':
        this.#translate(target);
        return 'accepted';
      case 'untrack':
        this.change({ tracked: false });
        return 'end';
      case 'note':
        return 'end';
    }
  }

  #translate({ side, address, port }: Extract<Target, { kind: 'translate' }>): void {
    if (side === 'source') this.change({ source: address });
    else this.change({ destination: address, ...(port === undefined ? {} : { port }) });
  }

  #enter(name: string, place: RulePlace, { table, hook, chains }: Passage): Exit {
    if (chains.includes(name)) throw new Undecidable({ kind: 'endless-chain', place, chain: name });
    const chain = this.#book.chain(table, name);
    if (chain !== undefined) return this.#ask({ table, hook, chains: [...chains, name] }, chain.rules);
    if (this.#isOurs(place)) throw new Undecidable({ kind: 'unknown-target', place, target: `-j ${name}` });
    this.#doubt(place, `-j ${name}`, undefined);
    return 'end';
  }
}

/** In the place of a match that is not known. */
const never: Match = { text: '', negated: false, condition: { kind: 'never' } };
