import { isHook, isOurJump } from '../kernel/iptables-save.ts';
import type { SavedChain, SavedRules } from '../kernel/saved-rules.ts';
import type { FirewallProgram, FirewallTable } from '../model/firewall-program.ts';
import { isKubeChain, kubeChains } from '../model/kube-chains.ts';

/** The iptables tables that a packet meets. Rules of ours stand in some of them alone. */
export type RuleTable = FirewallTable | 'raw' | 'security';

/** The rules of one family, as a packet meets them. */
export class RuleBook {
  readonly #chains: SavedRules;
  /** Whether rules of others are among them. */
  readonly whole: boolean;

  private constructor(chains: SavedRules, whole: boolean) {
    this.#chains = chains;
    this.whole = whole;
  }

  /** Every rule that the kernel has. */
  static of(rules: SavedRules): RuleBook {
    return new RuleBook(rules, true);
  }

  /** The rules of ours alone: hooks have none but those that lead to them, and let pass what those do. */
  static ours(program: FirewallProgram | undefined): RuleBook {
    const chains = new Map<string, SavedChain>();
    const { chains: own, jumps } = program ?? { chains: [], jumps: [] };
    for (const { table, name, rules } of own) chains.set(`${table} ${name}`, { rules, policy: '-' });
    for (const { table, hook, rule } of jumps) {
      const place = `${table} ${hook}`;
      chains.set(place, { rules: [...(chains.get(place)?.rules ?? []), rule], policy: 'ACCEPT' });
    }
    return new RuleBook(chains, false);
  }

  /** A chain or a hook; `undefined` where there is none. */
  chain(table: RuleTable, name: string): SavedChain | undefined {
    return this.#chains.get(`${table} ${name}`);
  }

  /** Chains of ours that are not there or have no rule, `nat KUBE-SERVICES`. */
  get missing(): readonly string[] {
    return Object.entries(kubeChains)
      .flatMap(([table, names]) => names.map((name) => `${table} ${name}`))
      .filter(
        (place) =>
          place !== 'filter KUBE-IPVS-OUT-FILTER' && (this.#chains.get(place)?.rules ?? []).length === 0,
      );
  }
}

/** Whether a rule is ours: it stands in a chain of ours, or leads there from a hook. */
export function isOurRule(table: RuleTable, chain: string, rule: string): boolean {
  if (table === 'raw' || table === 'security') return false;
  return isKubeChain(table, chain) || (isHook(chain) && isOurJump(table, rule));
}
