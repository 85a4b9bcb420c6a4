import type { FirewallTable } from '../model/firewall-program.ts';
import { isKubeChain } from '../model/kube-chains.ts';
import type { TracedTables } from '../trace/traced-tables.ts';
import type { SavedRules } from './examined-node.ts';
import { FateFinder } from './fate.ts';
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

/** What takes a packet off its way at a hook, in the order in which the kernel asks. */
export function obstaclesTo(sample: Sample, rules: SavedRules, tables: TracedTables): readonly Obstacle[] {
  const mangle = obstaclesIn('mangle', sample, rules, tables);
  if (mangle.some(({ certain }) => certain)) return mangle;
  return [...mangle, ...obstaclesIn('filter', sample, rules, tables)];
}

function obstaclesIn(
  table: FirewallTable,
  sample: Sample,
  rules: SavedRules,
  tables: TracedTables,
): readonly Obstacle[] {
  const { hook } = sample;
  const chains = rules.tables[table];
  const finder = new FateFinder((chain) =>
    isKubeChain(table, chain) && chain !== accepting
      ? []
      : (chains.get(chain) ?? []).map((rule) => ({
          place: { table, chain, rule },
          reading: readFor(sample, rule, tables),
        })),
  );
  const fates = finder.of(hook);
  const dropped = table === 'filter' && rules.policies.get(hook) === 'DROP';
  const lost = !fates.has('accepted') && (dropped || !fates.has('through'));
  const taken = finder.takings.map(({ place, sure }) => ({ ...place, certain: lost && sure }));
  const byPolicy = dropped && fates.has('through');
  return byPolicy ? [...taken, { table, chain: hook, rule: undefined, certain: lost }] : taken;
}
