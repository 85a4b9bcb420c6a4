import type { NodeInterface } from '../examined-node.ts';
import { type Check, type Found, NotExamined } from '../finding.ts';
import { firstFew, shellWord } from '../mend.ts';

/** Interfaces that carry the traffic between nodes inside of packets of another kind. */
const tunnels = new Set(['vxlan', 'geneve', 'ipip', 'wireguard', 'gre', 'ip6gre', 'sit', 'ip6tnl']);

/** Interfaces that pods are plugged into. */
const ofPods = new Set(['veth', 'bridge']);

/** The sizes of packets that pods may send, beside what the way between nodes carries. */
export const mtuCheck: Check<'mtu-too-big'> = {
  name: 'mtu',
  about:
    "The MTU of bridges and of pods' interfaces beside that of the way out of the node, and of tunnels to other nodes: asked of the kernel.",
  kinds: {
    'mtu-too-big': {
      severity: 'warning',
      meaning:
        'Small requests pass and large ones hang, where the ICMP error that tells of it is lost on the way.',
    },
  },
  async judge(node) {
    const interfaces = (await node.interfaces()).filter(({ up }) => up);
    const ways = interfaces.filter(({ uplink, kind }) => uplink || tunnels.has(kind ?? ''));
    const pods = interfaces.filter(({ kind, uplink }) => ofPods.has(kind ?? '') && !uplink);
    const narrow = ways.toSorted((a, b) => a.mtu - b.mtu)[0];
    if (narrow === undefined)
      throw new NotExamined('this node has no default route, so its way out is not known');
    const big = pods.filter(({ mtu }) => mtu > narrow.mtu);
    const seen = `${narrow.name} has an MTU of ${narrow.mtu}`;
    return { found: big.length === 0 ? [] : [finding(big, narrow)], seen };
  },
};

function finding(big: readonly NodeInterface[], { name, mtu }: NodeInterface): Found<'mtu-too-big'> {
  const names = firstFew(big.map((one) => `${one.name} (${one.mtu})`)).join(', ');
  return {
    name: 'mtu-too-big',
    evidence: [`${name} carries ${mtu} bytes; more may come from ${names}`],
    mend: [
      ...big.slice(0, 5).map((one) => `ip link set ${shellWord(one.name)} mtu ${mtu}`),
      '# for good, and inside of the pods: the MTU of the network plugin',
    ],
  };
}
