import type { NftTable } from '../../kernel/nft-table.ts';
import type { ExaminedNode } from '../examined-node.ts';
import type { Check, Found } from '../finding.ts';
import { counted, firstFew, shellWord } from '../mend.ts';
import { type NftObstacle, nftObstaclesTo } from '../nft-obstacles.ts';
import { type Sample, samplesOf } from '../sample.ts';

type Name = 'nft-drop' | 'nft-drop-unjudged';

/** Places where packets are lost, by their words for people, with the packets. */
type Met = Map<string, { readonly obstacle: NftObstacle; readonly packets: Set<string> }>;

/** Chains of nf_tables that others than iptables made, and that packets of services pass. */
export const nfTablesCheck: Check<Name> = {
  name: 'nf-tables',
  about:
    'Rules and policies of nf_tables that are not of iptables, as firewalld has them, and that packets of services meet on input, forward and output: nft.',
  kinds: {
    'nft-drop': {
      severity: 'error',
      meaning:
        'A chain of nf_tables drops or rejects the packets of services, and no rule that accepts them elsewhere saves them.',
    },
    'nft-drop-unjudged': {
      severity: 'info',
      meaning:
        'These rules of nf_tables drop or reject some packets, and whether those of services are among them is not known.',
    },
  },
  async judge(node) {
    const [nftTables, samples] = await Promise.all([node.nftTables(), samplesFor(node)]);
    const chains = nftTables.flatMap(({ bases }) => bases);
    return {
      found: findings(metBy(samples, nftTables)),
      seen: `${counted(chains.length, 'chain')} of others for ${counted(samples.length, 'kind')} of packets`,
    };
  },
};

async function samplesFor(node: ExaminedNode): Promise<readonly Sample[]> {
  const [tables, interfaces] = await Promise.all([node.tables(), node.interfaces()]);
  const own = interfaces.flatMap(({ addresses }) => addresses.map(({ address }) => address));
  return samplesOf(tables, new Set(own));
}

function metBy(samples: readonly Sample[], nftTables: readonly NftTable[]): Met {
  const met: Met = new Map();
  for (const sample of samples) {
    for (const obstacle of nftTables.flatMap((table) => nftObstaclesTo(sample, table))) {
      const key = `${obstacle.certain ? '' : 'perhaps '}${placeOf(obstacle)}`;
      const known = met.get(key) ?? { obstacle, packets: new Set() };
      known.packets.add(sample.words);
      met.set(key, known);
    }
  }
  return met;
}

/** Where it is: `rule 37 of chain filter_IN_public (inet firewalld, input)`. */
function placeOf({ base: { family, table, chain, hook }, rule }: NftObstacle): string {
  const what =
    rule === undefined ? `the policy of chain ${chain}` : `rule ${rule.handle} of chain ${rule.chain}`;
  return `${what} (${family} ${table}, ${hook.toLowerCase()})`;
}

/** What is certain, and in one finding what is not of any packet; a policy is met by every packet that nothing knows. */
function findings(met: Met): readonly Found<Name>[] {
  const all = [...met.values()];
  const certain = all.filter(({ obstacle }) => obstacle.certain);
  const places = new Set(certain.map(({ obstacle }) => placeOf(obstacle)));
  const unjudged = all.filter(({ obstacle }) => obstacle.rule !== undefined && !obstacle.certain);
  const left = unjudged.map(({ obstacle }) => placeOf(obstacle)).filter((place) => !places.has(place));
  return [
    ...certain.map(({ obstacle, packets }): Found<Name> => ({
      name: 'nft-drop',
      evidence: [`${placeOf(obstacle)} takes: ${firstFew([...packets], 2).join('; ')}`],
      mend: [commandFor(obstacle), ...forGood(obstacle)],
    })),
    ...(left.length === 0
      ? []
      : [
          {
            name: 'nft-drop-unjudged' as const,
            evidence: firstFew(left),
            mend: ['# see: nft -a list ruleset'],
          },
        ]),
  ];
}

function commandFor({ base: { family, table, chain }, rule }: NftObstacle): string {
  const place = `${family} ${shellWord(table)} ${shellWord(rule?.chain ?? chain)}`;
  return rule === undefined
    ? `nft chain ${place} '{ policy accept; }'`
    : `nft delete rule ${place} handle ${rule.handle}`;
}

function forGood({ base: { table } }: NftObstacle): readonly string[] {
  return table === 'firewalld'
    ? [
        '# for good: let firewalld admit the ports (firewall-cmd --permanent --add-port=PORT/tcp), or stop it: systemctl disable --now firewalld',
      ]
    : ['# for good: where the rule comes from, such as /etc/nftables.conf'];
}
