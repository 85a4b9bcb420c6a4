import { expect } from 'chai';
import fc from 'fast-check';
import { canonicalRule, ruleTarget, splitRule } from '../../../lib/kernel/iptables-rule.ts';

describe('a rule of iptables', () => {
  const same: readonly (readonly [what: string, written: string, saved: string])[] = [
    ['quotes', '-m comment --comment "k8s" -j ACCEPT', '-m comment --comment k8s -j ACCEPT'],
    ['the mask of a host', '-s 10.0.0.1 -j RETURN', '-s 10.0.0.1/32 -j RETURN'],
    ['the mask of an IPv6 host', '! -d fd00::1 -j RETURN', '! -d fd00::1/128 -j RETURN'],
    ['a source that is any', '-s 0.0.0.0/0 -j DROP', '-j DROP'],
    ['the match that a protocol implies', '-p tcp --dport 80 -j DROP', '-p tcp -m tcp --dport 80 -j DROP'],
    ['a protocol by number', '-p 132 -j DROP', '-p sctp -j DROP'],
    ['a mark without a mask', '-m mark --mark 0x4000 -j DROP', '-m mark --mark 16384/0xffffffff -j DROP'],
    ['or', '-j MARK --or-mark 0x4000', '-j MARK --set-xmark 0x4000/0x4000'],
    ['xor', '-j MARK --xor-mark 0x4000', '-j MARK --set-xmark 0x4000/0x0'],
    ['and', '-j MARK --and-mark 0xffffbfff', '-j MARK --set-xmark 0x0/0x4000'],
    ['set', '-j MARK --set-mark 0x4000', '-j MARK --set-xmark 0x4000/0xffffffff'],
    ['the default of REJECT', '-j REJECT', '-j REJECT --reject-with icmp-port-unreachable'],
    ['the default of REJECT, IPv6', '-j REJECT', '-j REJECT --reject-with icmp6-port-unreachable'],
    ['the order of options', '-d 10.0.0.2 -s 10.0.0.1 -j DROP', '-s 10.0.0.1/32 -d 10.0.0.2/32 -j DROP'],
    [
      'the order of matches',
      '-m mark --mark 1 -m comment --comment "a b" -j DROP',
      '-m comment --comment "a b" -m mark --mark 0x1 -j DROP',
    ],
    [
      'the order of states',
      '-m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT',
      '-m conntrack --ctstate ESTABLISHED,RELATED -j ACCEPT',
    ],
    ['long names', '--source 10.0.0.0/8 --jump DROP', '-s 10.0.0.0/8 -j DROP'],
    ['IPVS by protocol number', '-m ipvs --vproto 6 --vport 80', '-m ipvs --vport 80 --vproto tcp'],
  ];
  for (const [what, written, saved] of same) {
    it(`means the same whatever ${what} looks like`, () => {
      expect(canonicalRule(written)).to.equal(canonicalRule(saved));
    });
  }

  const different: readonly (readonly [what: string, a: string, b: string])[] = [
    ['a negation', '-s 10.0.0.1 -j DROP', '! -s 10.0.0.1 -j DROP'],
    ['a target', '-j DROP', '-j ACCEPT'],
    ['a goto', '-j KUBE-SERVICES', '-g KUBE-SERVICES'],
    ['a comment', '-m comment --comment a -j DROP', '-m comment --comment b -j DROP'],
    ['source and destination', '-s 10.0.0.1 -j DROP', '-d 10.0.0.1 -j DROP'],
    ['a set', '-m set --match-set A dst -j DROP', '-m set --match-set B dst -j DROP'],
    ['the directions of a set', '-m set --match-set A dst,src', '-m set --match-set A dst,dst'],
    ['the mask of a mark', '-m mark --mark 0x4000', '-m mark --mark 0x4000/0x4000'],
    ['a prefix length', '-s 10.0.0.0/8 -j DROP', '-s 10.0.0.0/16 -j DROP'],
    ['any but nothing', '! -s 0.0.0.0/0 -j DROP', '-j DROP'],
    ['an option of the target', '-j MASQUERADE', '-j MASQUERADE --random-fully'],
    [
      'the set that a negation belongs to',
      '-m set ! --match-set A dst -m set --match-set B dst',
      '-m set --match-set A dst -m set ! --match-set B dst',
    ],
    ['a comment like an option', '-m comment --comment -j -j DROP', '-m comment --comment -x -j DROP'],
  ];
  for (const [what, a, b] of different) {
    it(`differs by ${what}`, () => {
      expect(canonicalRule(a)).not.to.equal(canonicalRule(b));
    });
  }

  it('is split at blanks outside of quotes', () => {
    const rule = String.raw`-m comment --comment "say \"hi\" \\ there"  -j DROP`;
    expect(splitRule(rule)).to.deep.equal([
      '-m',
      'comment',
      '--comment',
      String.raw`say "hi" \ there`,
      '-j',
      'DROP',
    ]);
  });

  it('tells where it leads', () => {
    expect(ruleTarget('-m comment --comment "x -j y" -j KUBE-SERVICES')).to.equal('KUBE-SERVICES');
    expect(ruleTarget('-g KUBE-SERVICES')).to.equal('KUBE-SERVICES');
    expect(ruleTarget('-m comment --comment x')).to.equal(undefined);
  });

  it('never fails, whatever the text', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        expect(canonicalRule(text)).to.be.a('string');
      }),
    );
  });

  it('keeps every comment whole', () => {
    fc.assert(
      fc.property(fc.string({ minLength: 1 }), (comment) => {
        const quoted = `"${comment.replace(/["\\]/g, '\\$&')}"`;
        expect(splitRule(`-m comment --comment ${quoted} -j DROP`)[3]).to.equal(comment);
      }),
    );
  });
});
