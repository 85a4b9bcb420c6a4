import type { Check, Found } from '../finding.ts';
import { setSysctl } from '../mend.ts';

type Name = 'keepalive-after-timeout' | 'conntrack-forgets-first';

const keepalive = 'net/ipv4/tcp_keepalive_time';
const established = 'net/netfilter/nf_conntrack_tcp_timeout_established';

/** How long idle connections are remembered, beside how long they are idle. */
export const timeoutsCheck: Check<Name> = {
  name: 'time-outs',
  about:
    'How long IPVS remembers an idle TCP connection, beside what conntrack and the keepalive of this kernel have.',
  kinds: {
    'keepalive-after-timeout': {
      severity: 'info',
      meaning:
        'A connection that is idle for longer is forgotten before the first keepalive is sent, and then hangs.',
    },
    'conntrack-forgets-first': {
      severity: 'warning',
      meaning:
        'An idle connection is forgotten by conntrack first, and masqueraded as another one when it goes on.',
    },
  },
  async judge(node) {
    const { tcpTimeout } = await node.ipvs();
    const [idle, tracked] = await Promise.all([node.sysctl(keepalive), node.sysctl(established)]);
    const found: Found<Name>[] = [];
    if (idle !== undefined && Number(idle) >= tcpTimeout) {
      found.push({
        name: 'keepalive-after-timeout',
        evidence: [
          `IPVS forgets after ${tcpTimeout} s, keepalives begin after ${idle} s (/proc/sys/${keepalive})`,
        ],
        mend: [
          `# --ipvs-tcp-timeout above ${idle}s for kube-ipvs, or a shorter keepalive in the programs:`,
          `# ${setSysctl(keepalive, String(Math.floor((tcpTimeout * 2) / 3)))}`,
        ],
      });
    }
    if (tracked !== undefined && Number(tracked) < tcpTimeout) {
      found.push({
        name: 'conntrack-forgets-first',
        evidence: [
          `conntrack forgets after ${tracked} s (/proc/sys/${established}), IPVS after ${tcpTimeout} s`,
        ],
        mend: [setSysctl(established, String(tcpTimeout))],
      });
    }
    return { found, seen: `IPVS remembers an idle TCP connection for ${tcpTimeout} s` };
  },
};
