import { expect } from 'chai';
import { obstaclesTo } from '../../../lib/doctor/obstacles.ts';
import { samplesOf } from '../../../lib/doctor/sample.ts';
import { setEntry } from '../../../lib/model/ip-set.ts';
import { savedRules, tables } from './healthy-node.ts';

const samples = samplesOf(tables, new Set(['10.1.5.1']));

/** What rules of the filter table, before those of ours, take of the packets of a service: `FORWARD -j DROP`. */
function takenBy(rules: readonly string[]): readonly string[] {
  const saved = savedRules(rules.join('\n'));
  return samples
    .flatMap((sample) => obstaclesTo(sample, saved, tables))
    .map(({ chain, rule, certain }) => `${chain} ${rule ?? 'policy'}${certain ? '' : ', perhaps'}`);
}

const cases: readonly (readonly [title: string, rules: readonly string[], taken: readonly string[]])[] = [
  ['nothing where there is no rule of others', [], []],
  ['what every packet meets', ['-A FORWARD -j DROP'], ['FORWARD -j DROP']],
  [
    'what rejects',
    ['-A INPUT -j REJECT --reject-with icmp-port-unreachable'],
    ['INPUT -j REJECT --reject-with icmp-port-unreachable'],
  ],
  [
    'what is for the port of the service',
    ['-A INPUT -p tcp -m tcp --dport 80 -j DROP'],
    ['INPUT -p tcp -m tcp --dport 80 -j DROP'],
  ],
  ['nothing of what is for another port', ['-A INPUT -p tcp -m tcp --dport 22 -j DROP'], []],
  [
    'nothing of what is for ports beside it',
    ['-A INPUT -p tcp -m multiport --dports 22,443,8000:9000 -j DROP'],
    [],
  ],
  [
    'what is for every port but another',
    ['-A INPUT -p tcp -m tcp ! --dport 22 -j DROP'],
    ['INPUT -p tcp -m tcp ! --dport 22 -j DROP'],
  ],
  ['nothing of what is for another protocol', ['-A INPUT -p udp -j DROP'], []],
  ['nothing of what is for another address', ['-A INPUT -d 10.97.0.0/16 -j DROP'], []],
  [
    'what is for the network of the service',
    ['-A INPUT -d 10.96.0.0/16 -j DROP'],
    ['INPUT -d 10.96.0.0/16 -j DROP'],
  ],
  [
    'nothing behind what lets it pass',
    ['-A FORWARD -m conntrack --ctstate ESTABLISHED -j ACCEPT', '-A FORWARD -j DROP'],
    [],
  ],
  ['nothing of new connections from what comes back', ['-A FORWARD -m conntrack --ctstate NEW -j DROP'], []],
  ['nothing of what is not valid', ['-A FORWARD -m conntrack --ctstate INVALID -j DROP'], []],
  [
    'perhaps what asks for the client',
    ['-A INPUT -s 203.0.113.0/24 -j DROP'],
    ['INPUT -s 203.0.113.0/24 -j DROP, perhaps'],
  ],
  [
    'perhaps what asks for something that is not known',
    ['-A INPUT -m limit --limit 5/sec -j DROP'],
    ['INPUT -m limit --limit 5/sec -j DROP, perhaps'],
  ],
  [
    'perhaps what stands behind a rule that perhaps lets pass',
    ['-A INPUT -s 10.0.0.0/8 -j ACCEPT', '-A INPUT -j DROP'],
    ['INPUT -j DROP, perhaps'],
  ],
  [
    'what stands behind a rule that only writes a log',
    ['-A INPUT -j LOG --log-prefix "x "', '-A INPUT -j DROP'],
    ['INPUT -j DROP'],
  ],
  ['what a chain drops', [':GUARD - [0:0]', '-A GUARD -j DROP', '-A FORWARD -j GUARD'], ['GUARD -j DROP']],
  [
    'nothing of a chain that is left before',
    [':GUARD - [0:0]', '-A GUARD -p tcp -j RETURN', '-A GUARD -j DROP', '-A FORWARD -j GUARD'],
    [],
  ],
  [
    'perhaps what a chain drops that is perhaps entered',
    [':GUARD - [0:0]', '-A GUARD -j DROP', '-A FORWARD -i eth9 -j GUARD'],
    ['GUARD -j DROP, perhaps'],
  ],
  [
    'for certain what stands behind such a chain that ends nothing',
    [':NOTE - [0:0]', '-A NOTE -p udp -j DROP', '-A FORWARD -i eth9 -j NOTE', '-A FORWARD -j DROP'],
    ['FORWARD -j DROP'],
  ],
  [
    'for certain what stands behind a rule for what the node sends to itself',
    ['-A INPUT -i lo -j ACCEPT', '-A INPUT -j REJECT'],
    ['INPUT -j REJECT'],
  ],
  [
    'for certain what both ways lead to',
    [
      ':ZONE - [0:0]',
      '-A ZONE -j DROP',
      '-A INPUT -i eth0 -g ZONE',
      '-A INPUT -g ZONE',
      '-A INPUT -j ACCEPT',
    ],
    ['ZONE -j DROP'],
  ],
  ['the policy of a hook', [':INPUT DROP [0:0]'], ['INPUT policy']],
  ['nothing of the policy of FORWARD, for our own rules let answers pass', [':FORWARD DROP [0:0]'], []],
];

describe('what stands in the way of services', () => {
  it('is looked for on the three hooks that they pass', () => {
    expect(samples.map(({ hook, words }) => `${hook}: ${words}`)).to.deep.equal([
      'INPUT: packets to TCP 10.96.0.10:80',
      'OUTPUT: packets of TCP 10.96.0.10:80 to 10.1.6.2',
      'FORWARD: answers of 10.1.6.2 for TCP 10.96.0.10:80',
    ]);
  });

  for (const [title, rules, taken] of cases)
    it(`is ${title}`, () => {
      expect(takenBy(rules)).to.deep.equal(taken);
    });

  it('is what a set has, where the set asks for what is known', () => {
    const rule = '-A INPUT -m set --match-set KUBE-CLUSTER-IP dst,dst -j DROP';
    expect(takenBy([rule])).to.deep.equal([rule.replace('-A ', '')]);
    expect(takenBy([rule.replace('-m set', '-m set !')])).to.deep.equal([]);
    expect(tables.setEntries.has(setEntry('KUBE-CLUSTER-IP', '10.96.0.10,tcp:80').key)).to.be.true;
  });
});
