import type { Check } from '../finding.ts';

/** Seconds that clocks may differ by. */
const tolerated = 5;

/** The clock of this node. */
export const clockCheck: Check<'clock-skewed'> = {
  name: 'clock',
  about: "The clock of this node beside the API server's, by the Date of an answer.",
  kinds: {
    'clock-skewed': {
      severity: 'warning',
      meaning:
        'Certificates and tokens count as not valid yet or no longer, and measured latencies are wrong.',
    },
  },
  async judge(node) {
    const { with: other, ahead, within } = await node.clock();
    const seen = `${Math.abs(Math.round(ahead))} s ${ahead < 0 ? 'behind' : 'ahead of'} ${other}`;
    if (Math.abs(ahead) <= tolerated + within) return { found: [], seen };
    const mend = [
      '# see what keeps the node from setting its clock: chronyc tracking, or timedatectl timesync-status',
    ];
    return { found: [{ name: 'clock-skewed', evidence: [`this node is ${seen}`], mend }], seen };
  },
};
