import type { Difference } from '../examined-node.ts';
import type { Check, Found } from '../finding.ts';
import { counted, firstFew } from '../mend.ts';

type Name = 'drift' | 'service-not-followed';

/** What other checks tell by names of their own. */
const toldElsewhere = new Set(['sysctls', 'firewall', 'sets']);

/** The kernel beside what Services ask for. */
export const driftCheck: Check<Name> = {
  name: 'drift',
  about:
    'What the kernel holds beside what Services ask for, by the API server or the manifests that kube-ipvs is configured with. Real servers that are draining do not count.',
  kinds: {
    drift: {
      severity: 'warning',
      meaning:
        'The kernel does not hold what Services ask for; a running kube-ipvs mends that within its sync period.',
    },
    'service-not-followed': {
      severity: 'info',
      meaning: 'Something that is written in a Service is not followed on this node.',
    },
  },
  async judge(node) {
    const { differences, problems, source } = await node.wanted();
    const drifted = differences.filter(counts);
    const found: Found<Name>[] = [];
    if (drifted.length > 0) {
      const lines = drifted.map(({ sign, text }) => `${sign} ${text}`);
      found.push({ name: 'drift', evidence: firstFew(lines), mend: [node.runOnce] });
    }
    if (problems.length > 0) {
      found.push({
        name: 'service-not-followed',
        evidence: firstFew(problems),
        mend: ['# mend the Service'],
      });
    }
    return { found, seen: `${counted(differences.length, 'difference')} from ${source}` };
  },
};

function counts({ table, sign, draining }: Difference): boolean {
  return !toldElsewhere.has(table) && !draining && !(table === 'addresses' && sign === '-');
}
