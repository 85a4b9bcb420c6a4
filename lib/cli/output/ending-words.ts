import type { Fault } from '../../trace/fault.ts';
import type { RulePlace } from '../../trace/step.ts';
import type { Ending, Loss } from '../../trace/verdict.ts';
import { isOurRule } from '../../trace/rule-book.ts';
import { placeWords } from './step-words.ts';

/** Why a packet is lost, for people. */
export interface EndingWords {
  /** Short, for a column: `dropped by filter FORWARD, rule 1`. */
  readonly short: string;
  /** What happens and why. */
  readonly text: string;
  /** What to do about it, in the imperative. */
  readonly hint: string;
}

/** An ending in words. */
export function endingWords(ending: Ending): EndingWords {
  switch (ending.kind) {
    case 'refused':
      return 'chain' in ending.by ? refusedWords(ending.by, ending.with) : noServerWords(ending.by.key);
    case 'dropped':
      return droppedWords(ending.by);
    case 'lost':
      return lossWords(ending.why);
    case 'undecided':
      return faultWords(ending.fault);
  }
}

/** What to do where nobody serves a Service. */
const noEndpointsHint =
  'see which endpoints there are and in what condition: kubectl get endpointslices -l kubernetes.io/service-name=NAME -o yaml';

/** What is known of the rules of ours that end packets, by the set that they ask, or the chain that they stand in. */
const ours: readonly (readonly [pattern: RegExp, why: string, hint: string])[] = [
  [
    /KUBE-(6-)?NO-ENDPOINTS/,
    'nobody serves it: the Service has no endpoint that may be used',
    noEndpointsHint,
  ],
  [
    /KUBE-(6-)?NO-LOCAL-ENDPOINTS/,
    'its policy Local asks for an endpoint on this node, there is none, and the client is outside of the cluster',
    'send it to a node that has an endpoint, or set externalTrafficPolicy: Cluster',
  ],
  [
    /KUBE-(6-)?IPVS-IPS/,
    'the address is of a Service, and the port is none that it has',
    'ask a port of the Service: kube-ipvs get services',
  ],
  [
    /KUBE-SOURCE-RANGES-FIREWALL|KUBE-(6-)?LOAD-BALANCER-FW/,
    'its source is in none of the ranges of spec.loadBalancerSourceRanges',
    'add the source to spec.loadBalancerSourceRanges of the Service',
  ],
];

/** What is told of a rule that ends a packet, and how it is mended. */
function reasonWords(place: RulePlace): readonly [why: string, hint: string] {
  const { table, chain, number, rule } = place;
  if (rule.startsWith('-P ')) {
    const hint = `have it let answers pass, or set the policy: iptables -t ${table} -P ${chain} ACCEPT`;
    return ['no rule before it has let the packet pass', hint];
  }
  if (!isOurRule(table, chain, rule)) {
    const hint = `if nobody needs it, remove it: iptables -t ${table} -D ${chain} ${number}`;
    return [`a rule of others: ${rule}`, hint];
  }
  const known = ours.find(([pattern]) => pattern.test(`${chain} ${rule}`));
  return known === undefined ? [rule, 'see what it is for: docs/architecture.md'] : [known[1], known[2]];
}

function refusedWords(place: RulePlace, how: string): EndingWords {
  const [why, hint] = reasonWords(place);
  const told = how === 'tcp-reset' ? 'a TCP reset' : `an ICMP error (${how.replace(/^icmp6?-/, '')})`;
  const short = `refused by ${placeWords(place)}`;
  return { short, text: `${short}, which answers with ${told}: ${why}`, hint };
}

function droppedWords(place: RulePlace): EndingWords {
  const [why, hint] = reasonWords(place);
  const short = `dropped by ${placeWords(place)}`;
  return { short, text: `${short}, without a word to the sender: ${why}`, hint };
}

function noServerWords(key: string): EndingWords {
  return {
    short: 'refused by IPVS',
    text: `refused by IPVS with an ICMP error (port-unreachable): no real server of ${key} takes new connections`,
    hint: noEndpointsHint,
  };
}

function lossWords(why: Loss): EndingWords {
  switch (why.kind) {
    case 'no-route':
      return {
        short: `no route to ${why.to}`,
        text: `the kernel knows no way to ${why.to} (${why.code})`,
        hint: `see what the network plugin should have set: ip route get ${why.to}`,
      };
    case 'not-forwarded':
      return {
        short: 'not forwarded',
        text: `the kernel forwards nothing: ${why.setting} is 0`,
        hint: `sysctl -w ${why.setting.replaceAll('/', '.')}=1`,
      };
    case 'conntrack-full':
      return {
        short: 'conntrack is full',
        text: `conntrack takes no new connections: it has ${why.fill.count} and room for ${why.fill.maximum}`,
        hint: `sysctl -w net.netfilter.nf_conntrack_max=${why.fill.maximum * 2}, and see who opens that many: conntrack -S`,
      };
    case 'no-way-back':
      return noWayBackWords(why);
  }
}

function noWayBackWords({ source, interface: behind }: Extract<Loss, { kind: 'no-way-back' }>): EndingWords {
  const reason =
    behind === undefined
      ? `it sees the source ${source}, an address of a Service, and answers that on its own node`
      : `it sees the source ${source}, which is behind ${behind} as it is itself, and answers past this node`;
  return {
    short: 'the answer goes past this node',
    text: `the packet is not masqueraded, so the answer of the endpoint does not come back by this node: ${reason}`,
    hint:
      'see that net.ipv4.vs.conntrack is 1, that the chains KUBE-SERVICES and KUBE-POSTROUTING are there (kube-ipvs diff), and ' +
      'that --cluster-cidr and --detect-local-mode tell pods from others',
  };
}

function faultWords(fault: Fault): EndingWords {
  const hint = 'send a packet and see: kube-ipvs trace --probe, or tcpdump';
  if (fault.kind === 'unknown-forwarding') {
    const { key, forwarding } = fault.server;
    const text = `the real server ${key} is reached by ${forwarding}, which a trace cannot follow`;
    return { short: 'cannot be told', text, hint };
  }
  const { place, kind } = fault;
  const part =
    'match' in fault
      ? fault.match
      : 'set' in fault
        ? fault.set
        : 'chain' in fault
          ? fault.chain
          : fault.target;
  return {
    short: 'cannot be told',
    text: `what becomes of it cannot be told: ${placeWords(place)} has ${part} (${kind}) [${place.rule}]`,
    hint,
  };
}
