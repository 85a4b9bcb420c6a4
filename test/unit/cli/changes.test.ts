import { expect } from 'chai';
import { describeChanges, formatChanges } from '../../../lib/cli/output/changes.ts';
import type { FirewallProgram } from '../../../lib/model/firewall-program.ts';
import { realServerKey } from '../../../lib/model/real-server.ts';
import type { RealServer } from '../../../lib/model/real-server.ts';
import { virtualServerKey } from '../../../lib/model/virtual-server.ts';
import type { VirtualServer } from '../../../lib/model/virtual-server.ts';
import type { TableChanges } from '../../../lib/reconciler/transaction.ts';

const nothing: TableChanges = {
  sysctls: [],
  sets: [],
  firewall: [],
  setEntries: [],
  virtualServers: [],
  realServers: [],
  addresses: [],
};

const id = { protocol: 'TCP', address: '10.96.0.1', port: 443 } as const;
const key = virtualServerKey(id);
const server: VirtualServer = { ...id, key, scheduler: 'rr', flags: 0, timeout: 0, persistencePrefix: 32 };
const realServer: RealServer = {
  key: realServerKey(key, '10.1.0.7', 6443),
  virtualServer: { ...id, key },
  address: '10.1.0.7',
  port: 6443,
  weight: 1,
  forwarding: 'masquerade',
  upperThreshold: 0,
  lowerThreshold: 0,
};

/** An iptables program with one chain of these rules. */
function program(...rules: string[]): FirewallProgram {
  return {
    key: 'IPv4',
    family: 'IPv4',
    chains: [{ table: 'nat', name: 'KUBE-SERVICES', rules }],
    jumps: [{ table: 'nat', hook: 'OUTPUT', rule: '-j KUBE-SERVICES' }],
  };
}

function linesOf(changes: Partial<TableChanges>): string[] {
  return formatChanges(describeChanges({ ...nothing, ...changes }))
    .split('\n')
    .slice(0, -1);
}

describe('changes in words', () => {
  it('are no lines where nothing changes', () => {
    expect(linesOf({})).to.deep.equal([]);
  });

  it('name what is made, removed and changed', () => {
    const persistent = { ...server, flags: 0x1 | 0x10, scheduler: 'mh', timeout: 10800 };
    expect(
      linesOf({
        sysctls: [
          { key: 'net/ipv4/vs/conntrack', before: { key: '', value: '0' }, after: { key: '', value: '1' } },
        ],
        virtualServers: [
          { key, before: undefined, after: server },
          { key, before: server, after: persistent },
          { key, before: persistent, after: undefined },
        ],
        realServers: [
          { key: realServer.key, before: undefined, after: realServer },
          { key: realServer.key, before: realServer, after: { ...realServer, weight: 0, upperThreshold: 9 } },
        ],
        setEntries: [
          {
            key: 'KUBE-CLUSTER-IP 10.96.0.1,tcp:443',
            before: undefined,
            after: { key: '', set: '', element: '' },
          },
        ],
        addresses: [{ key: '10.96.0.1', before: { key: '', address: '10.96.0.1' }, after: undefined }],
      }),
    ).to.deep.equal([
      '~ sysctl net/ipv4/vs/conntrack = 0 => = 1',
      '+ set entry KUBE-CLUSTER-IP 10.96.0.1,tcp:443',
      '+ virtual server TCP 10.96.0.1:443 rr',
      '~ virtual server TCP 10.96.0.1:443 rr => mh (mh-port) persistent 10800',
      '- virtual server TCP 10.96.0.1:443 mh (mh-port) persistent 10800',
      '+ real server TCP 10.96.0.1:443 -> 10.1.0.7:6443 masquerade weight 1',
      '~ real server TCP 10.96.0.1:443 -> 10.1.0.7:6443 masquerade weight 1 => masquerade weight 0 limits 0-9',
      '- address 10.96.0.1 on kube-ipvs0',
    ]);
  });

  it('tell which rules of iptables come and go', () => {
    const before = program('-j RETURN', '-j ACCEPT');
    const after = program('-j RETURN', '-j DROP');
    expect(linesOf({ firewall: [{ key: 'IPv4', before, after }] }).slice(1)).to.deep.equal([
      '    - nat -A KUBE-SERVICES -j ACCEPT',
      '    + nat -A KUBE-SERVICES -j DROP',
    ]);
  });

  it('tell when only the order of rules differs', () => {
    const before = program('-j RETURN', '-j ACCEPT');
    const after = program('-j ACCEPT', '-j RETURN');
    expect(linesOf({ firewall: [{ key: 'IPv4', before, after }] }).slice(1)).to.deep.equal([
      '    ~ the order of the rules',
    ]);
  });

  it('count what a new iptables program holds', () => {
    expect(
      linesOf({ firewall: [{ key: 'IPv4', before: undefined, after: program('-j RETURN') }] }),
    ).to.deep.equal(['+ iptables program IPv4 1 chains, 1 rules, 1 jumps']);
  });
});
