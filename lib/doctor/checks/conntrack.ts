import { type Check, NotExamined } from '../finding.ts';
import { setSysctl } from '../mend.ts';

const prefix = 'net/netfilter/nf_conntrack_';

/** From what part on a table counts as nearly full. */
const high = 0.8;

/** How full connection tracking is. */
export const conntrackCheck: Check<'conntrack-full' | 'conntrack-nearly-full'> = {
  name: 'conntrack',
  about:
    'How many connections are tracked, and how many can be: nf_conntrack_count and nf_conntrack_max of /proc/sys.',
  kinds: {
    'conntrack-full': {
      severity: 'error',
      meaning: 'The first packet of a new connection is dropped without a word while the table is full.',
    },
    'conntrack-nearly-full': {
      severity: 'warning',
      meaning: 'When the table is full, the first packets of new connections are dropped.',
    },
  },
  async judge(node) {
    const [count, max] = (
      await Promise.all([node.sysctl(`${prefix}count`), node.sysctl(`${prefix}max`)])
    ).map(Number);
    if (count === undefined || max === undefined || Number.isNaN(count) || Number.isNaN(max)) {
      throw new NotExamined(`there is no /proc/sys/${prefix}count: nf_conntrack is not loaded`);
    }
    const seen = `${count} of ${max} connections`;
    if (count < max * high) return { found: [], seen };
    const name = count < max ? 'conntrack-nearly-full' : 'conntrack-full';
    const evidence = [
      `${count} connections are tracked, and ${max} can be (/proc/sys/${prefix}count, ${prefix}max)`,
    ];
    const room = Math.max(131_072, 2 * count);
    return { found: [{ name, evidence, mend: [setSysctl(`${prefix}max`, String(room))] }], seen };
  },
};
