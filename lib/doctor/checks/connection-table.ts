import type { Check } from '../finding.ts';

/** Connections of a bucket from which on looking one up takes its time. */
const crowded = 32;

/** The size of the table in which IPVS keeps connections. */
export const connectionTableCheck: Check<'ipvs-table-crowded'> = {
  name: 'ipvs-table',
  about:
    'Connections for each bucket of the table of IPVS, which is made when ip_vs is loaded: asked of the kernel.',
  kinds: {
    'ipvs-table-crowded': {
      severity: 'warning',
      meaning: 'Every packet is looked up in a long list, which costs processor time and latency.',
    },
  },
  async judge(node) {
    const { buckets, connections } = await node.ipvs();
    const seen = `${connections} connections in ${buckets} buckets`;
    if (connections <= buckets * crowded) return { found: [], seen };
    const bits = Math.min(20, Math.ceil(Math.log2(connections)));
    const mend = [
      `echo options ip_vs conn_tab_bits=${bits} > /etc/modprobe.d/ip_vs.conf`,
      '# it counts from the next time that ip_vs is loaded: restart the node',
    ];
    return { found: [{ name: 'ipvs-table-crowded', evidence: [seen], mend }], seen };
  },
};
