import { expect } from 'chai';
import { parseRules } from '../../../lib/kernel/saved-rules.ts';
import type { FirewallProgram } from '../../../lib/model/firewall-program.ts';
import type { NodeFacts } from '../../../lib/model/node-facts.ts';
import type { Packet } from '../../../lib/trace/packet.ts';
import type { RouteFound } from '../../../lib/trace/routes.ts';
import { trace } from '../../../lib/trace/trace.ts';
import type { TracedTables } from '../../../lib/trace/traced-tables.ts';
import type { Trace } from '../../../lib/trace/verdict.ts';
import { endpoint, plannerOptions, service, slice, state } from '../fixtures.ts';
import { inWords, tablesOf } from './support.ts';

const facts: NodeFacts = { name: 'this-node', addresses: ['192.168.0.1'], zone: '' };
const options = plannerOptions({ localTraffic: { by: 'source', cidrs: ['10.1.5.0/24'] } });
const planned = tablesOf(
  options,
  facts,
  state(service({ clusterIPs: ['10.96.0.10'] }), slice([endpoint('10.1.6.2')])),
);

/** By what the node reaches others: pods of its own by `cni0`, everything else over a router. */
const routes = (address: string): RouteFound => {
  if (address.startsWith('10.1.5.')) return { kind: 'way', interface: 'cni0', source: '10.1.5.1' };
  if (address.startsWith('10.9.')) return { kind: 'none', code: 'ENETUNREACH' };
  return { kind: 'way', interface: 'eth0', gateway: '192.168.0.254', source: '192.168.0.1' };
};
const node = { ...facts, routes };

/** A program as iptables-save writes it, with rules of others before those of ours, and the policy of FORWARD. */
function saved(program: FirewallProgram, others: readonly string[] = [], policy = 'ACCEPT'): string {
  const tables = ['raw', 'mangle', 'nat', 'filter'].map((table) => {
    const chains = program.chains.filter((chain) => chain.table === table);
    const own = others
      .filter((line) => line.startsWith(`${table} `))
      .map((line) => line.slice(table.length + 1));
    return [
      `*${table}`,
      ...['PREROUTING', 'INPUT', 'OUTPUT', 'POSTROUTING'].map((hook) => `:${hook} ACCEPT [0:0]`),
      `:FORWARD ${table === 'filter' ? policy : 'ACCEPT'} [7:420]`,
      ...chains.map(({ name }) => `:${name} - [0:0]`),
      ...own.filter((line) => line.startsWith(':')),
      ...own.filter((line) => line.startsWith('-A')),
      ...program.jumps.filter((jump) => jump.table === table).map(({ hook, rule }) => `-A ${hook} ${rule}`),
      ...chains.flatMap(({ name, rules }) => rules.map((rule) => `-A ${name} ${rule}`)),
      'COMMIT',
    ].join('\n');
  });
  return `${tables.join('\n')}\n`;
}

const outside: Packet = {
  from: { by: 'interface', interface: 'eth0', source: '192.168.7.7' },
  ...{ protocol: 'TCP', destination: '10.96.0.10', port: 80 },
};

/** What becomes of a packet where a node has these rules of others too. */
function traced(
  others: readonly string[],
  packet = outside,
  { policy, ...more }: Partial<TracedTables> & { readonly policy?: string } = {},
): Trace {
  const program = planned.firewall.get('IPv4')!;
  const rules = new Map([['IPv4', parseRules(saved(program, others, policy))] as const]);
  return trace(packet, { ...planned, rules, ...more }, node);
}

function setting(key: string, value: string): Pick<TracedTables, 'sysctls'> {
  return { sysctls: new Map([...planned.sysctls, [key, { key, value }]]) };
}

describe('a trace that knows every rule', () => {
  it('tells with which address of the node it is masqueraded', () => {
    const { verdict } = traced([]);
    const [candidate] = verdict.kind === 'balanced' ? verdict.candidates : [];
    expect(candidate?.verdict).to.deep.include({
      kind: 'delivered',
      source: { kind: 'masqueraded', address: '192.168.0.1' },
    });
  });

  const cases: readonly [title: string, others: readonly string[], words: string][] = [
    [
      'drops what a rule of others drops',
      ['filter -A INPUT -p tcp -m tcp --dport 80 -j DROP'],
      'dropped by INPUT 1',
    ],
    [
      'passes a rule for another port',
      ['filter -A INPUT -p tcp -m tcp --dport 81 -j DROP'],
      'to 10.1.6.2:80 masqueraded',
    ],
    ['passes a rule for another protocol', ['filter -A INPUT -p icmp -j DROP'], 'to 10.1.6.2:80 masqueraded'],
    ['asks the table raw', ['raw -A PREROUTING -s 192.168.7.0/24 -j DROP'], 'dropped by PREROUTING 1'],
    [
      'follows chains of others, and comes back',
      [
        'filter :THEIRS - [0:0]',
        'filter -A INPUT -j THEIRS',
        'filter -A THEIRS -s 10.0.0.0/8 -j DROP',
        'filter -A THEIRS -j RETURN',
      ],
      'to 10.1.6.2:80 masqueraded',
    ],
    [
      'does not come back from where -g leads',
      [
        'filter :THEIRS - [0:0]',
        'filter -A INPUT -g THEIRS',
        'filter -A THEIRS -j RETURN',
        'filter -A INPUT -j DROP',
      ],
      'to 10.1.6.2:80 masqueraded',
    ],
    [
      'goes where others send it',
      ['nat -A PREROUTING -p tcp --dport 80 -j DNAT --to-destination 10.96.0.10:81'],
      'refused by KUBE-IPVS-FILTER 10 with port-unreachable',
    ],
    [
      'meets a rule for where it leaves',
      ['filter -A OUTPUT -o eth0 -d 10.1.6.2/32 -j REJECT'],
      'to 10.1.6.2:80 refused by OUTPUT 1 with port-unreachable',
    ],
    [
      'loses the answer to a rule of others',
      ['filter -A FORWARD -s 10.1.6.0/24 -j DROP'],
      'to 10.1.6.2:80 unanswered: dropped by FORWARD 1',
    ],
    [
      'is not tracked where others ask for that',
      ['raw -A PREROUTING -j CT --notrack'],
      'to 10.1.6.2:80 unanswered: lost: no-way-back',
    ],
  ];
  for (const [title, others, words] of cases) {
    it(title, () => {
      const told = traced(others);
      expect(inWords(told)).to.equal(words);
      expect(told.doubts).to.equal(undefined);
    });
  }

  it('lets answers pass where the policy of FORWARD is to drop, for rules of ours do', () => {
    expect(inWords(traced([], outside, { policy: 'DROP' }))).to.equal('to 10.1.6.2:80 masqueraded');
    const own = planned.firewall.get('IPv4')!;
    const without = { ...own, jumps: own.jumps.filter(({ hook }) => hook !== 'FORWARD') };
    const rules = new Map([['IPv4', parseRules(saved(without, [], 'DROP'))] as const]);
    expect(inWords(trace(outside, { ...planned, rules }, node))).to.equal(
      'to 10.1.6.2:80 unanswered: dropped by FORWARD 1',
    );
  });

  it('takes a rule that it cannot judge for one that does not match, and names it', () => {
    const rule = '-m statistic --mode random --probability 0.5 -j DROP';
    const told = traced([`filter -A INPUT ${rule}`]);
    expect(inWords(told)).to.equal('to 10.1.6.2:80 masqueraded');
    expect(told.doubts).to.deep.equal([
      { place: { table: 'filter', chain: 'INPUT', number: 1, rule }, part: '-m statistic' },
    ]);
  });

  const harmless: readonly string[][] = [
    ['filter -A INPUT -s 10.0.0.0/8 -m statistic --mode random -j DROP'],
    ['filter -A INPUT -m limit --limit 5/min -j LOG'],
    ['filter :COUNTED - [0:0]', 'filter -A INPUT -m recent --set -j COUNTED', 'filter -A COUNTED -j RETURN'],
  ];
  for (const others of harmless) {
    it(`names nothing of ${others.at(1) ?? others.join()}, which changes nothing`, () => {
      expect(traced(others).doubts).to.equal(undefined);
    });
  }

  it('is lost where there is no room for another connection', () => {
    const full = { conntrackFill: { count: 100, maximum: 100 } };
    expect(inWords(traced([], outside, full))).to.equal('lost: conntrack-full');
  });

  it('gets no answer where nothing is forwarded, but from what the node itself sends', () => {
    const closed = setting('net/ipv4/ip_forward', '0');
    expect(inWords(traced([], outside, closed))).to.equal('to 10.1.6.2:80 unanswered: lost: not-forwarded');
    const own: Packet = { ...outside, from: { by: 'node' } };
    expect(inWords(traced([], own, closed))).to.equal('to 10.1.6.2:80 masqueraded');
  });

  it('gets no answer where it keeps a source that the endpoint answers past this node', () => {
    const untracked = setting('net/ipv4/vs/conntrack', '0');
    expect(inWords(traced([], outside, untracked))).to.equal('to 10.1.6.2:80 unanswered: lost: no-way-back');
    const pod: Packet = { ...outside, from: { by: 'interface', interface: 'cni0', source: '10.1.5.9' } };
    expect(inWords(traced([], pod))).to.equal('to 10.1.6.2:80 from 10.1.5.9');
  });

  it('is lost where there is no way to the endpoint', () => {
    const away = state(service({ clusterIPs: ['10.96.0.10'] }), slice([endpoint('10.9.0.2')]));
    const tables = tablesOf(options, facts, away);
    expect(inWords(trace(outside, tables, node))).to.equal('to 10.9.0.2:80 lost: no-route');
  });
});
