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
  ];
  for (const [text, target] of targets) {
    it(`knows ${text}`, () => {
      expect(readRule(text)).to.deep.equal({ matches: [], target });
    });
  }

  const unknown: readonly [text: string, part: 'match' | 'target', named: string][] = [
    ['-p tcp -m tcp --dport 80 -j ACCEPT', 'match', '--dport 80'],
    ['-m ipvs ! --ipvs -j ACCEPT', 'match', '-m ipvs'],
    ['! -o eth0 -j ACCEPT', 'match', '! -o eth0'],
    ['-p icmp -j ACCEPT', 'match', '-p icmp'],
    ['-m addrtype --dst-type BROADCAST -j DROP', 'match', '--dst-type BROADCAST'],
    ['-m set --match-set KUBE-X dst,elsewhere -j DROP', 'match', '--match-set KUBE-X dst,elsewhere'],
    ['-m set --match-set KUBE-X', 'match', '--match-set KUBE-X'],
    ['-m mark --mark some -j DROP', 'match', '--mark some'],
    ['-g KUBE-MARK-MASQ', 'target', '-g KUBE-MARK-MASQ'],
    ['-j LOG --log-prefix x', 'target', '-j LOG --log-prefix x'],
    ['-j MASQUERADE --to-ports 1', 'target', '-j MASQUERADE --to-ports 1'],
    ['-j MARK --save 1', 'target', '-j MARK --save 1'],
    ['-j REJECT --reject-with', 'target', '-j REJECT --reject-with'],
  ];
  for (const [text, part, named] of unknown) {
    it(`names what is not known of ${text}`, () => {
      expect(readRule(text)).to.deep.equal({ unknown: part, text: named });
    });
  }

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
