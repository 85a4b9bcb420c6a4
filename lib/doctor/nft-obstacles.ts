import type { NftBaseChain, NftTable } from '../kernel/nft-table.ts';
import { FateFinder } from './fate.ts';
import { nftFamilies, readNftRule } from './nft-reading.ts';
import type { Sample } from './sample.ts';

/** A rule of nf_tables, or the policy of a base chain, that takes a packet off its way. */
export interface NftObstacle {
  readonly base: NftBaseChain;
  /** `undefined` for the policy. */
  readonly rule: { readonly chain: string; readonly handle: number } | undefined;
  /** Whether it does so for certain, as far as rules tell; it may otherwise. */
  readonly certain: boolean;
}

/** What takes a packet off its way in a table of nf_tables. Each base chain has its own say, whatever others accept. */
export function nftObstaclesTo(sample: Sample, table: NftTable): readonly NftObstacle[] {
  if (!nftFamilies[table.family].includes(sample.family)) return [];
  return table.bases
    .filter(({ hook }) => hook === sample.hook)
    .flatMap((base) => obstaclesIn(base, sample, table));
}

function obstaclesIn(base: NftBaseChain, sample: Sample, { chains }: NftTable): readonly NftObstacle[] {
  const finder = new FateFinder((chain) =>
    (chains.get(chain) ?? []).flatMap(({ handle, statements }) =>
      readNftRule(sample, statements).map((reading) => ({ place: { chain, handle }, reading })),
    ),
  );
  const fates = finder.of(base.chain);
  const dropped = base.policy === 'drop';
  const lost = !fates.has('accepted') && (dropped || !fates.has('through'));
  const taken = finder.takings.map(({ place, sure }) => ({ base, rule: place, certain: lost && sure }));
  return dropped && fates.has('through') ? [...taken, { base, rule: undefined, certain: lost }] : taken;
}
