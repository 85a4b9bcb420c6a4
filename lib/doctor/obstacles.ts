import type { FirewallTable } from '../model/firewall-program.ts';
import { isKubeChain } from '../model/kube-chains.ts';
import type { Target } from '../trace/rule.ts';
import type { TracedTables } from '../trace/traced-tables.ts';
import type { SavedRules } from './examined-node.ts';
import { readFor } from './likelihood.ts';
import type { Sample } from './sample.ts';

/** A rule of somebody else, or the policy of a hook, that takes a packet off its way. */
export interface Obstacle {
  readonly table: FirewallTable;
  readonly chain: string;
  /** As iptables-save writes it behind `-A CHAIN `; `undefined` for the policy. */
  readonly rule: string | undefined;
  /** Whether it does so for certain, as far as rules tell; it may otherwise. */
  readonly certain: boolean;
}

/** The one chain of ours that ends something with an ACCEPT. What the others refuse is meant. */
const accepting = 'KUBE-FORWARD';

/** Targets that end a chain or the packet's way, and those that take it. */
const deciding: ReadonlySet<string> = new Set(['accept', 'return', 'drop', 'reject']);
const taking: ReadonlySet<string> = new Set(['drop', 'reject']);

/** How a chain was left. */
type Exit = 'end' | 'ended';

/** What takes a packet off its way at a hook, in the order in which the kernel asks. */
export function obstaclesTo(sample: Sample, rules: SavedRules, tables: TracedTables): readonly Obstacle[] {
  const walk = new Walk(sample, rules, tables);
  if (walk.pass('mangle') === 'end') walk.pass('filter');
  return walk.obstacles;
}

class Walk {
  readonly obstacles: Obstacle[] = [];
  readonly #sample: Sample;
  readonly #rules: SavedRules;
  readonly #tables: TracedTables;
  /** Whether the packet is here for certain: a rule that may match may have ended its way before. */
  #certain = true;
  /** How often that was put in doubt. */
  #doubts = 0;

  constructor(sample: Sample, rules: SavedRules, tables: TracedTables) {
    this.#sample = sample;
    this.#rules = rules;
    this.#tables = tables;
  }

  pass(table: FirewallTable): Exit {
    const { hook } = this.#sample;
    if (this.#ask(table, [hook]) === 'ended') return 'ended';
    if (table !== 'filter' || this.#rules.policies.get(hook) !== 'DROP') return 'end';
    this.obstacles.push({ table, chain: hook, rule: undefined, certain: this.#certain });
    return 'ended';
  }

  #ask(table: FirewallTable, chains: readonly string[]): Exit {
    const chain = chains.at(-1) ?? '';
    for (const rule of this.#rules.tables[table].get(chain) ?? []) {
      const exit = this.#judge(table, chains, rule);
      if (exit === 'ended') return 'ended';
      if (exit === 'return') break;
    }
    return 'end';
  }

  #judge(table: FirewallTable, chains: readonly string[], rule: string): Exit | 'return' {
    const { matches, target } = readFor(this.#sample, rule, this.#tables);
    if (matches === 'no' || target === undefined) return 'end';
    if (target === 'unknown') return this.#lose();
    const sure = matches === 'yes';
    if (target.kind === 'chain') return this.#enter(table, chains, target.chain, sure);
    return deciding.has(target.kind)
      ? this.#decide(target.kind, sure, { table, chain: chains.at(-1) ?? '', rule })
      : 'end';
  }

  #decide(kind: Target['kind'], sure: boolean, place: Omit<Obstacle, 'certain'>): Exit | 'return' {
    if (taking.has(kind)) this.obstacles.push({ ...place, certain: sure && this.#certain });
    if (!sure) return this.#lose();
    return kind === 'return' ? 'return' : 'ended';
  }

  #enter(table: FirewallTable, chains: readonly string[], name: string, sure: boolean): Exit {
    const ours = isKubeChain(table, name) && name !== accepting;
    if (ours || chains.includes(name)) return 'end';
    if (sure) return this.#ask(table, [...chains, name]);
    const [certain, doubts] = [this.#certain, this.#doubts];
    this.#certain = false;
    const exit = this.#ask(table, [...chains, name]);
    // A chain that ends nothing leaves things as they were, whether it was asked or not.
    this.#certain = certain && exit === 'end' && this.#doubts === doubts;
    return 'end';
  }

  /** From here on it is not certain that the packet still is on its way. */
  #lose(): 'end' {
    this.#certain = false;
    this.#doubts += 1;
    return 'end';
  }
}
