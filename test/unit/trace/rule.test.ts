import { expect } from 'chai';
import type { LocalTraffic } from '../../../lib/model/planner-options.ts';
import { planBase } from '../../../lib/planner/base-plan.ts';
import { readRule } from '../../../lib/trace/rule.ts';
import { plannerOptions } from '../fixtures.ts';

describe('reading a rule', () => {
  it('takes its matches and its target apart', () => {
    const text =
      '! -s 10.0.0.0/8 -p tcp -m comment --comment "not -j DROP" -m set ! --match-set KUBE-X dst,src -j KUBE-MARK-MASQ';
    expect(readRule(text)).to.deep.equal({
      matches: [
        {
          text: '! -s 10.0.0.0/8',
          negated: true,
          condition: { kind: 'address', side: 'src', cidr: '10.0.0.0/8' },
        },
        { text: '-p tcp', negated: false, condition: { kind: 'protocol', protocol: 'TCP' } },
        {
          text: '! --match-set KUBE-X dst,src',
          negated: true,
          condition: { kind: 'set', set: 'KUBE-X', sides: ['dst', 'src'] },
        },
      ],
      target: { kind: 'chain', chain: 'KUBE-MARK-MASQ' },
    });
  });

  const targets: readonly [text: string, target: object][] = [
    ['-j MARK --set-xmark 0x4000/0x4000', { kind: 'mark', clear: 0x4000, flip: 0x4000 }],
    ['-j MARK --set-xmark 0x4000/0x0', { kind: 'mark', clear: 0, flip: 0x4000 }],
    ['-j MARK --or-mark 0x4000', { kind: 'mark', clear: 0x4000, flip: 0x4000 }],
    ['-j MASQUERADE --random-fully', { kind: 'masquerade' }],
    ['-j REJECT', { kind: 'reject', with: 'port-unreachable' }],
    ['-j REJECT --reject-with tcp-reset', { kind: 'reject', with: 'tcp-reset' }],
    ['-j DROP', { kind: 'drop' }],
    ['-g KUBE-MARK-MASQ', { kind: 'chain', chain: 'KUBE-MARK-MASQ', goto: true }],
    ['-j LOG --log-prefix x', { kind: 'note' }],
    ['-j CT --notrack', { kind: 'untrack' }],
    ['-j DNAT --to-destination 10.0.0.1', { kind: 'translate', side: 'destination', address: '10.0.0.1' }],
    [
      '-j DNAT --to-destination [fd00::1]:80',
      { kind: 'translate', side: 'destination', address: 'fd00::1', port: 80 },
    ],
    ['-j SNAT --to-source fd00::1 --random', { kind: 'translate', side: 'source', address: 'fd00::1' }],
  ];
  for (const [text, target] of targets) {
    it(`knows ${text}`, () => {
      expect(readRule(text)).to.deep.equal({ matches: [], target });
    });
  }

  const unknown: readonly [text: string, part: 'match' | 'target', named: string][] = [
    ['-m ipvs ! --ipvs -j ACCEPT', 'match', '-m ipvs'],
    ['-m statistic --mode random --probability 0.5 -j DROP', 'match', '-m statistic'],
    ['-m connmark --mark 0x1 -j DROP', 'match', '-m connmark'],
    ['-m conntrack --ctstate NEW,DNAT -j ACCEPT', 'match', '--ctstate NEW,DNAT'],
    ['-m addrtype --dst-type UNICAST -j DROP', 'match', '--dst-type UNICAST'],
    ['-m set --match-set KUBE-X dst,elsewhere -j DROP', 'match', '--match-set KUBE-X dst,elsewhere'],
    ['-m set --match-set KUBE-X', 'match', '--match-set KUBE-X'],
    ['-m mark --mark some -j DROP', 'match', '--mark some'],
    ['-j DNAT --to-destination 10.0.0.1-10.0.0.9', 'target', '-j DNAT --to-destination 10.0.0.1-10.0.0.9'],
    ['-j TPROXY --on-port 1', 'target', '-j TPROXY --on-port 1'],
    ['-j MASQUERADE --to-ports 1', 'target', '-j MASQUERADE --to-ports 1'],
    ['-j MARK --save 1', 'target', '-j MARK --save 1'],
    ['-j REJECT --reject-with', 'target', '-j REJECT --reject-with'],
  ];
  for (const [text, part, named] of unknown) {
    it(`names what is not known of ${text}`, () => {
      expect(readRule(text)).to.deep.include({ unknown: part, text: named });
    });
  }

  const conditions: readonly [text: string, condition: object][] = [
    ['-p tcp -m tcp --dport 80', { kind: 'port', side: 'dst', ranges: [[80, 80]] }],
    [
      '-p udp -m multiport --sports 53,1024:',
      {
        kind: 'port',
        side: 'src',
        ranges: [
          [53, 53],
          [1024, 65535],
        ],
      },
    ],
    ['-p 17', { kind: 'protocol', protocol: 'UDP' }],
    ['-p icmp', { kind: 'never' }],
    ['-o eth+', { kind: 'interface', way: 'out', pattern: 'eth+' }],
    ['-m state --state NEW', { kind: 'state', states: ['NEW'] }],
    ['-p tcp --tcp-flags SYN,RST SYN', { kind: 'tcp-flags', mask: ['SYN', 'RST'], set: ['SYN'] }],
    ['-m addrtype --dst-type BROADCAST', { kind: 'never' }],
  ];
  for (const [text, condition] of conditions) {
    it(`knows ${text}`, () => {
      const rule = readRule(`${text} -j DROP`);
      expect(rule).not.to.have.property('unknown');
      expect(rule.matches.at(-1)?.condition).to.deep.equal(condition);
    });
  }

  it('tells what it knows of a rule of which it does not know all', () => {
    const rule = readRule(
      '-s 10.0.0.0/8 -m recent --rcheck --seconds 9 --name x -m set --match-set Y src -j DROP',
    );
    expect(rule).to.deep.include({ unknown: 'match', text: '-m recent', target: { kind: 'drop' } });
    expect(rule.matches.map(({ text: match }) => match)).to.deep.equal([
      '-s 10.0.0.0/8',
      '--match-set Y src',
    ]);
  });

  const ways: readonly LocalTraffic[] = [
    { by: 'nothing' },
    { by: 'source', cidrs: ['10.0.0.0/8', 'fd00::/16'] },
    { by: 'interface', pattern: 'cali+' },
  ];
  it('knows every rule that is ever planned', () => {
    for (const localTraffic of ways)
      for (const all of [true, false]) {
        const base = planBase(plannerOptions({ localTraffic, masqueradeAll: all, randomFully: all }));
        const rules = base.firewall.flatMap(({ chains, jumps }) => [
          ...chains.flatMap((chain) => chain.rules),
          ...jumps.map(({ rule }) => rule),
        ]);
        expect(rules).not.to.be.empty;
        for (const rule of rules) expect(readRule(rule), rule).not.to.have.property('unknown');
      }
  });
});
