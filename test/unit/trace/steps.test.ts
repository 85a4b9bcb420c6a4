import { expect } from 'chai';
import { fakeKernel } from '../../../lib/kernel/fake-kernel.ts';
import type { FirewallProgram } from '../../../lib/model/firewall-program.ts';
import type { Keyed } from '../../../lib/model/keyed.ts';
import type { NodeFacts } from '../../../lib/model/node-facts.ts';
import type { Packet } from '../../../lib/trace/packet.ts';
import type { Step } from '../../../lib/trace/step.ts';
import { trace } from '../../../lib/trace/trace.ts';
import { readTables, type TracedTables } from '../../../lib/trace/traced-tables.ts';
import { endpoint, plannerOptions, service, slice, state } from '../fixtures.ts';
import { tablesOf } from './support.ts';

const node: NodeFacts = { name: 'this-node', addresses: ['192.168.0.1'], zone: '' };
const web = state(service({ clusterIPs: ['10.96.0.10'] }), slice([endpoint('10.1.6.2')]));
const options = plannerOptions({ localTraffic: { by: 'interface', pattern: 'cali+' } });
const tables = tablesOf(options, node, web);
const packet: Packet = {
  from: { by: 'interface', interface: 'eth0', source: '192.168.7.7' },
  protocol: 'TCP',
  destination: '10.96.0.10',
  port: 80,
};

/** The steps that mattered, a line each. */
function wayOf(steps: readonly Step[]): string[] {
  return steps.flatMap((step) => {
    switch (step.kind) {
      case 'rule':
        return step.matched && step.target ? [`${step.hook} ${step.place.chain} ${step.place.number}`] : [];
      case 'route':
        return [`${step.destination} ${step.bound ? 'bound' : step.local ? 'own' : 'elsewhere'}`];
      case 'virtual-server':
        return [`${step.hook} ${step.key} with ${step.realServers.length}`];
      case 'real-server':
        return [`${step.server.key}${step.local ? ' here' : ''}`];
    }
  });
}

/** The tables with one more rule, before all others of a chain. */
function withRule(chain: string, rule: string): TracedTables {
  const program = tables.firewall.get('IPv4')!;
  const changed: FirewallProgram = {
    ...program,
    chains: program.chains.map((one) => (one.name === chain ? { ...one, rules: [rule, ...one.rules] } : one)),
  };
  return { ...tables, firewall: new Map([['IPv4', changed]]) };
}

describe('the steps of a trace', () => {
  it('are what the packet met, in order', () => {
    const { steps, verdict } = trace(packet, tables, node);
    expect(wayOf(steps)).to.deep.equal([
      'PREROUTING PREROUTING 1',
      'PREROUTING KUBE-SERVICES 3',
      'PREROUTING KUBE-MARK-MASQ 1',
      'PREROUTING KUBE-SERVICES 10',
      '10.96.0.10 bound',
      'INPUT INPUT 1',
      'INPUT KUBE-IPVS-FILTER 6',
      'INPUT INPUT 2',
      'INPUT INPUT 3',
      'INPUT TCP 10.96.0.10:80 with 1',
    ]);
    const behind = verdict.kind === 'balanced' ? verdict.candidates.map((one) => wayOf(one.steps)) : [];
    expect(behind).to.deep.equal([
      [
        'TCP 10.96.0.10:80 -> 10.1.6.2:80',
        'OUTPUT OUTPUT 1',
        'POSTROUTING POSTROUTING 1',
        'POSTROUTING KUBE-POSTROUTING 3',
        'POSTROUTING KUBE-POSTROUTING 4',
      ],
    ]);
  });

  it('tell of a rule what was asked up to the first that does not hold, and what a set was asked', () => {
    const { steps } = trace(packet, tables, node);
    const rule = steps.find(
      (step) => step.kind === 'rule' && step.place.rule.includes('KUBE-LOAD-BALANCER '),
    );
    expect(rule).to.deep.include({ matched: false });
    const tests = rule?.kind === 'rule' ? rule.tests : [];
    expect(tests.map(({ holds, lookup }) => ({ holds, lookup }))).to.deep.equal([
      { holds: false, lookup: { set: 'KUBE-LOAD-BALANCER', asked: '10.96.0.10,tcp:80' } },
    ]);
  });

  it('name the network of a set that a source lies in', () => {
    const restricted = state(
      service({
        clusterIPs: ['10.96.0.10'],
        loadBalancerIngress: [{ address: '203.0.113.3', ipMode: 'VIP' }],
        loadBalancerSourceRanges: ['192.168.7.0/24'],
      }),
      slice([endpoint('10.1.6.2')]),
    );
    const { steps } = trace(
      { ...packet, destination: '203.0.113.3' },
      tablesOf(options, node, restricted),
      node,
    );
    const found = steps.flatMap((step) => (step.kind === 'rule' ? step.tests : []));
    expect(found.map(({ lookup }) => lookup)).to.deep.include({
      set: 'KUBE-LOAD-BALANCER-SOURCE-CIDR',
      asked: '203.0.113.3,tcp:80,192.168.7.7',
      found: '203.0.113.3,tcp:80,192.168.7.0/24',
    });
  });
});

describe('a trace that cannot go on', () => {
  const unknowns: readonly [rule: string, fault: object][] = [
    ['-m statistic --mode random -j ACCEPT', { kind: 'unknown-match', match: '-m statistic' }],
    ['-j TPROXY --on-port 1', { kind: 'unknown-target', target: '-j TPROXY --on-port 1' }],
    ['-j SOMEBODYS-CHAIN', { kind: 'unknown-target', target: '-j SOMEBODYS-CHAIN' }],
    ['-j KUBE-SERVICES', { kind: 'endless-chain', chain: 'KUBE-SERVICES' }],
    ['-m set --match-set NOWHERE dst -j DROP', { kind: 'missing-set', set: 'NOWHERE' }],
  ];
  for (const [rule, fault] of unknowns) {
    it(`names ${rule}, and the chain that it is in`, () => {
      const { verdict } = trace(packet, withRule('KUBE-SERVICES', rule), node);
      const place = { table: 'nat', chain: 'KUBE-SERVICES', number: 1, rule };
      expect(verdict).to.deep.equal({ kind: 'undecided', fault: { ...fault, place } });
    });
  }

  it('names the rule that asks for an interface which is not known', () => {
    const from = { by: 'interface', source: '192.168.7.7' } as const;
    const { verdict } = trace({ ...packet, from }, tables, node);
    expect(verdict).to.have.nested.property('fault.kind', 'missing-interface');
    expect(verdict).to.have.nested.property('fault.match', '! -i cali+');
  });

  it('is one of a candidate alone where a rule behind the choice is not known', () => {
    const rule = '-m connmark --mark 1 -j ACCEPT';
    const { verdict } = trace(packet, withRule('KUBE-POSTROUTING', rule), node);
    expect(verdict).to.have.nested.property('candidates[0].verdict.fault.match', '-m connmark');
  });

  it('is one of a candidate that is reached by another way than ours', () => {
    const realServers = new Map(
      [...tables.realServers].map(([key, one]) => [key, { ...one, forwarding: 'tunnel' as const }]),
    );
    const { verdict } = trace(packet, { ...tables, realServers }, node);
    expect(verdict).to.have.nested.property('candidates[0].verdict.fault.kind', 'unknown-forwarding');
  });
});

describe('tables to trace in', () => {
  it('are those of a kernel, whichever it is', async () => {
    const kernel = fakeKernel();
    const load = <Entry extends Keyed>(
      into: { load(entries: Iterable<Entry>): void },
      entries: ReadonlyMap<string, Entry>,
    ): void => {
      into.load(entries.values());
    };
    load(kernel.sysctls, tables.sysctls);
    load(kernel.sets, tables.sets);
    load(kernel.firewall, tables.firewall);
    load(kernel.setEntries, tables.setEntries);
    load(kernel.virtualServers, tables.virtualServers);
    load(kernel.realServers, tables.realServers);
    load(kernel.addresses, tables.addresses);
    expect(trace(packet, await readTables(kernel), node)).to.deep.equal(trace(packet, tables, node));
  });

  it('are empty on a node on which nothing is programmed, where packets go their way', () => {
    const nothing = new Map<string, never>();
    const empty: TracedTables = {
      ...{ sysctls: nothing, sets: nothing, firewall: nothing, setEntries: nothing },
      ...{ virtualServers: nothing, realServers: nothing, addresses: nothing },
    };
    const { verdict } = trace(packet, empty, node);
    expect(verdict).to.deep.equal({
      kind: 'forwarded',
      source: { kind: 'kept', address: '192.168.7.7' },
    });
  });
});
