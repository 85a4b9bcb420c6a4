import { iptablesProgram } from '../../kernel/iptables-flavour.ts';
import type { SavedRules } from '../examined-node.ts';
import type { Check, Found } from '../finding.ts';
import { counted, firstFew } from '../mend.ts';
import { type Obstacle, obstaclesTo } from '../obstacles.ts';
import { samplesOf } from '../sample.ts';

type Name = 'drop-rule' | 'drop-policy' | 'drop-rule-unjudged' | 'two-iptables-flavours';

/** An obstacle, and the packets that meet it. */
interface Met {
  readonly rules: SavedRules;
  readonly obstacle: Obstacle;
  readonly packets: string[];
}

/** Rules of others that stand in the way of services. */
export const foreignRulesCheck: Check<Name> = {
  name: 'foreign-rules',
  about:
    'Rules of others, and policies, that packets of services meet on INPUT, FORWARD and OUTPUT of the tables filter and mangle: iptables-save of both flavours. A rule that asks for what is not known of a packet, such as its client, is told as not judged.',
  kinds: {
    'drop-rule': {
      severity: 'error',
      meaning: 'A rule that is not of kube-ipvs drops or rejects the packets of services.',
    },
    'drop-policy': {
      severity: 'error',
      meaning:
        'No rule lets the packets of services pass, and the policy of the hook drops what no rule does.',
    },
    'drop-rule-unjudged': {
      severity: 'info',
      meaning:
        'These rules drop or reject some packets, and whether those of services are among them is not known.',
    },
    'two-iptables-flavours': {
      severity: 'warning',
      meaning:
        'Packets pass the rules of both flavours, and whoever lists one of them does not see the other.',
    },
  },
  async judge(node) {
    const [all, tables, interfaces] = await Promise.all([node.rules(), node.tables(), node.interfaces()]);
    const own = new Set(interfaces.flatMap(({ addresses }) => addresses.map(({ address }) => address)));
    const met = new Map<string, Met>();
    const samples = samplesOf(tables, own);
    for (const sample of samples) {
      for (const rules of all.filter(({ family }) => family === sample.family)) {
        for (const obstacle of obstaclesTo(sample, rules, tables)) note(met, rules, obstacle, sample.words);
      }
    }
    const found = [...worst([...met.values()]).map(finding), ...flavours(all)];
    const rules = all.reduce((sum, one) => sum + ruleCount(one), 0);
    return {
      found: merged(found),
      seen: `${counted(rules, 'rule')} for ${counted(samples.length, 'kind')} of packets`,
    };
  },
};

function note(met: Map<string, Met>, rules: SavedRules, obstacle: Obstacle, packet: string): void {
  const { table, chain, rule = '', certain } = obstacle;
  const key = [rules.flavour, rules.family, table, chain, rule, certain].join(' ');
  const known = met.get(key) ?? { rules, obstacle, packets: [] };
  if (!known.packets.includes(packet)) known.packets.push(packet);
  met.set(key, known);
}

/** Without those that are not certain of some packets where they are of others. */
function worst(all: readonly Met[]): readonly Met[] {
  const placeOf = ({ rules, obstacle: { table, chain, rule = '' } }: Met): string =>
    [rules.flavour, rules.family, table, chain, rule].join(' ');
  const certain = new Set(all.filter(({ obstacle }) => obstacle.certain).map(placeOf));
  return all.filter(
    (one) => one.obstacle.certain || (!certain.has(placeOf(one)) && one.obstacle.rule !== undefined),
  );
}

function finding({
  rules: { family, flavour },
  obstacle: { table, chain, rule, certain },
  packets,
}: Met): Found<Name> {
  const place = `${chain} of table ${table} (${family}, ${flavour})`;
  const lost = firstFew(packets, 2).join('; ');
  const iptables = iptablesProgram(family, flavour);
  if (rule === undefined) {
    const evidence = [`the policy of ${place} is DROP, and nothing before it lets pass: ${lost}`];
    return { name: 'drop-policy', evidence, mend: [`${iptables} -P ${chain} ACCEPT`] };
  }
  const remove = `${iptables} -t ${table} -D ${chain} ${rule}`;
  if (certain)
    return { name: 'drop-rule', evidence: [`${place} has: ${rule}; it takes: ${lost}`], mend: [remove] };
  return {
    name: 'drop-rule-unjudged',
    evidence: [`${place} has: ${rule}`],
    mend: [`# if it is in the way: ${remove}`],
  };
}

/** One finding for all rules that could not be judged. */
function merged(found: readonly Found<Name>[]): readonly Found<Name>[] {
  const unjudged = found.filter(({ name }) => name === 'drop-rule-unjudged');
  const others = found.filter(({ name }) => name !== 'drop-rule-unjudged');
  if (unjudged.length === 0) return others;
  const evidence = firstFew(unjudged.flatMap((one) => one.evidence));
  return [
    ...others,
    { name: 'drop-rule-unjudged', evidence, mend: ['# see "kube-ipvs trace" for a packet of a client'] },
  ];
}

function ruleCount({ tables }: SavedRules): number {
  const chains = Object.values(tables).flatMap((table) => [...table.values()]);
  return chains.reduce((sum, rules) => sum + rules.length, 0);
}

function flavours(all: readonly SavedRules[]): readonly Found<Name>[] {
  const used = all.filter((rules) => ruleCount(rules) > 0);
  const names = [...new Set(used.map(({ flavour }) => flavour))];
  if (names.length < 2) return [];
  const evidence = used.map(
    (rules) => `${rules.flavour} has ${counted(ruleCount(rules), 'rule')} of ${rules.family}`,
  );
  const mend = ['# find out who writes the smaller one, have it use the other, and flush what is left of it'];
  return [{ name: 'two-iptables-flavours', evidence, mend }];
}
