import { canonicalRule, ruleTarget } from '../../kernel/iptables-rule.ts';
import type { FirewallChain, FirewallJump, FirewallProgram } from '../../model/firewall-program.ts';
import type { Check, Found } from '../finding.ts';
import { counted } from '../mend.ts';

type Name = 'chain-missing' | 'chain-edited' | 'jump-missing' | 'jump-order-wrong';

type Difference = readonly [name: Name, evidence: string];

/** Our own chains of iptables and the jumps into them. */
export const ownRulesCheck: Check<Name> = {
  name: 'own-rules',
  about:
    'The KUBE-* chains of kube-ipvs and the jumps into them, beside what the configuration asks for: iptables-save. Whether a chain was edited is told only where the configuration is known.',
  kinds: {
    'chain-missing': {
      severity: 'error',
      meaning: 'Packets of services are not masqueraded, let pass or filtered as they should be.',
    },
    'chain-edited': {
      severity: 'error',
      meaning: 'Packets of services are treated otherwise than the configuration asks for.',
    },
    'jump-missing': {
      severity: 'error',
      meaning: 'Packets never come to the chains of kube-ipvs, so these do nothing.',
    },
    'jump-order-wrong': {
      severity: 'warning',
      meaning:
        'A chain that should be asked first is asked behind another one, which may have the last word.',
    },
  },
  async judge(node) {
    const [{ plan, told }, { firewall }] = await Promise.all([node.basis(), node.tables()]);
    const differences = plan.firewall.flatMap((wanted) => {
      const held = firewall.get(wanted.key);
      return held === undefined ? allMissing(wanted) : differencesOf(wanted, held);
    });
    const counting = differences.filter(([name]) => told || name !== 'chain-edited');
    const found = namesIn(counting).map((name): Found<Name> => ({
      name,
      evidence: counting.filter(([one]) => one === name).map(([, evidence]) => evidence),
      mend: [node.runOnce],
    }));
    const chains = plan.firewall.reduce((sum, program) => sum + program.chains.length, 0);
    return {
      found,
      seen: `${counted(chains, 'chain')} of ${plan.firewall.map(({ family }) => family).join(' and ')}`,
    };
  },
};

function namesIn(differences: readonly Difference[]): readonly Name[] {
  return [...new Set(differences.map(([name]) => name))];
}

function allMissing({ family }: FirewallProgram): Difference[] {
  return [['chain-missing', `iptables of ${family} has no chain of kube-ipvs`]];
}

function differencesOf(wanted: FirewallProgram, held: FirewallProgram): Difference[] {
  const chains = wanted.chains.flatMap((chain) => chainDifference(chain, held));
  const hooks = [...new Set(wanted.jumps.map(placeOf))];
  return [...chains, ...hooks.flatMap((hook) => jumpDifferences(hook, wanted, held))];
}

function chainDifference(
  { table, name, rules }: FirewallChain,
  { family, chains }: FirewallProgram,
): Difference[] {
  const place = `chain ${name} of table ${table} (${family})`;
  const held = chains.find((chain) => chain.table === table && chain.name === name);
  if (held === undefined) return [['chain-missing', `there is no ${place}`]];
  if (held.rules.length === 0 && rules.length > 0) {
    return [['chain-missing', `${place} is empty, expected ${counted(rules.length, 'rule')}`]];
  }
  const [wanted, got] = [rules.map(canonicalRule), held.rules.map(canonicalRule)];
  const lost = rules.filter((_, index) => !got.includes(wanted[index] ?? ''));
  const strange = held.rules.filter((_, index) => !wanted.includes(got[index] ?? ''));
  const lines = [
    ...lost.map((rule) => `${place} lacks: ${rule}`),
    ...strange.map((rule) => `${place} has: ${rule}`),
  ];
  if (lines.length === 0 && wanted.join('\n') !== got.join('\n'))
    lines.push(`${place} has its rules in another order`);
  return lines.map((line) => ['chain-edited', line]);
}

/** No jump leads to a chain that is missing, which is told by itself. */
function hasChain({ chains }: FirewallProgram, table: string, name: string | undefined): boolean {
  return chains.some((chain) => chain.table === table && chain.name === name);
}

function placeOf({ table, hook }: FirewallJump): string {
  return `${table} ${hook}`;
}

function jumpDifferences(hook: string, wanted: FirewallProgram, held: FirewallProgram): Difference[] {
  const ofHook = ({ jumps }: FirewallProgram): FirewallJump[] =>
    jumps.filter((jump) => placeOf(jump) === hook);
  const got = ofHook(held).map(({ rule }) => canonicalRule(rule));
  const lost = ofHook(wanted).filter(
    ({ table, rule }) => !got.includes(canonicalRule(rule)) && hasChain(held, table, ruleTarget(rule)),
  );
  if (lost.length > 0) {
    return lost.map(({ rule }) => ['jump-missing', `${hook} (${wanted.family}) lacks: ${rule}`]);
  }
  const order = ofHook(wanted)
    .map(({ rule }) => got.indexOf(canonicalRule(rule)))
    .filter((place) => place !== -1);
  const sorted = order.every((place, index) => index === 0 || place > (order[index - 1] ?? 0));
  return sorted
    ? []
    : [
        [
          'jump-order-wrong',
          `${hook} (${wanted.family}) has: ${ofHook(held)
            .map(({ rule }) => rule)
            .join(' ; ')}`,
        ],
      ];
}
