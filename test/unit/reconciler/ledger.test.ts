import { expect } from 'chai';
import { fakeKernel } from '../../../lib/kernel/fake-kernel.ts';
import { setEntry } from '../../../lib/model/ip-set.ts';
import type { ServicePlan } from '../../../lib/model/plan.ts';
import type { Conflict } from '../../../lib/reconciler/claims.ts';
import { systemClock } from '../../../lib/reconciler/clock.ts';
import { Ledger } from '../../../lib/reconciler/ledger.ts';
import { type TableName, upsertOrder } from '../../../lib/reconciler/table-name.ts';
import { Transaction } from '../../../lib/reconciler/transaction.ts';
import { base, openGate, planOf, type Sketch } from './world.ts';

const web: Sketch = { vip: '10.0.0.1', endpoints: ['10.1.0.1', '10.1.0.2'] };

/** A ledger whose tables have been read and were empty. */
function emptyLedger(conflicts: Conflict[] = []): Ledger {
  const ledger = new Ledger(fakeKernel(), { contended: (conflict) => conflicts.push(conflict) });
  for (const name of upsertOrder) ledger.tables[name].known = true;
  ledger.setBase(base);
  return ledger;
}

/** Everything that waits is written and accepted. */
async function write(ledger: Ledger): Promise<void> {
  await new Transaction(ledger.tables, openGate, systemClock).run();
}

/** The changes that wait, as `+ key`, `- key` and `~ key`. */
async function waiting(ledger: Ledger, table: TableName): Promise<string[]> {
  const changes = await new Transaction(ledger.tables, openGate, systemClock).changes();
  return changes[table].map(({ key, before, after }) => {
    if (after === undefined) return `- ${key}`;
    return `${before === undefined ? '+' : '~'} ${key}`;
  });
}

function planned(ledger: Ledger, service: string, sketch: Sketch | undefined): void {
  ledger.setPlan(service, sketch && planOf(service, sketch));
}

describe('the ledger', () => {
  it('makes everything of a new service', async () => {
    const ledger = emptyLedger();
    planned(ledger, 'a/web', web);
    expect(await waiting(ledger, 'virtualServers')).to.deep.equal(['+ TCP 10.0.0.1:80']);
    expect(await waiting(ledger, 'realServers')).to.deep.equal([
      '+ TCP 10.0.0.1:80 -> 10.1.0.1:8080',
      '+ TCP 10.0.0.1:80 -> 10.1.0.2:8080',
    ]);
    expect(await waiting(ledger, 'addresses')).to.deep.equal(['+ 10.0.0.1']);
    expect(await waiting(ledger, 'setEntries')).to.deep.equal([
      '+ KUBE-CLUSTER-IP 10.0.0.1,tcp:80',
      '+ KUBE-IPVS-IPS 10.0.0.1',
    ]);
  });

  it('writes the endpoints that come, go and change, and nothing else', async () => {
    const ledger = emptyLedger();
    planned(ledger, 'a/web', web);
    await write(ledger);
    planned(ledger, 'a/web', { ...web, endpoints: ['10.1.0.2', '10.1.0.3'] });
    expect(await waiting(ledger, 'realServers')).to.deep.equal([
      '+ TCP 10.0.0.1:80 -> 10.1.0.3:8080',
      '- TCP 10.0.0.1:80 -> 10.1.0.1:8080',
    ]);
    for (const table of ['virtualServers', 'addresses', 'setEntries', 'sets'] as const) {
      expect(await waiting(ledger, table), table).to.deep.equal([]);
    }
  });

  it('changes a virtual server in its place and leaves its real servers alone', async () => {
    const ledger = emptyLedger();
    planned(ledger, 'a/web', web);
    await write(ledger);
    planned(ledger, 'a/web', { ...web, scheduler: 'lc' });
    expect(await waiting(ledger, 'virtualServers')).to.deep.equal(['~ TCP 10.0.0.1:80']);
    expect(await waiting(ledger, 'realServers')).to.deep.equal([]);
  });

  it('writes nothing for a change that is taken back before it is written', async () => {
    const ledger = emptyLedger();
    planned(ledger, 'a/web', web);
    await write(ledger);
    planned(ledger, 'a/web', { ...web, weight: 0, endpoints: ['10.1.0.2'] });
    planned(ledger, 'a/web', undefined);
    planned(ledger, 'a/web', { vip: '10.0.0.9', endpoints: [] });
    planned(ledger, 'a/web', web);
    for (const table of upsertOrder) expect(await waiting(ledger, table), table).to.deep.equal([]);
  });

  it('remembers what the kernel holds over several changes', async () => {
    const ledger = emptyLedger();
    planned(ledger, 'a/web', web);
    await write(ledger);
    planned(ledger, 'a/web', { ...web, scheduler: 'lc' });
    planned(ledger, 'a/web', { ...web, scheduler: 'sh' });
    const { virtualServers } = await new Transaction(ledger.tables, openGate, systemClock).changes();
    expect(virtualServers[0]?.before?.scheduler).to.equal('rr');
    expect(virtualServers[0]?.after?.scheduler).to.equal('sh');
  });

  it('keeps an address and a set entry until the last service that wants them is gone', async () => {
    const ledger = emptyLedger();
    planned(ledger, 'a/one', { ...web, ports: [80] });
    planned(ledger, 'a/two', { ...web, ports: [443] });
    planned(ledger, 'a/three', { ...web, ports: [8443] });
    await write(ledger);
    planned(ledger, 'a/one', undefined);
    planned(ledger, 'a/three', undefined);
    expect(await waiting(ledger, 'addresses')).to.deep.equal([]);
    expect(await waiting(ledger, 'setEntries')).to.deep.equal([
      '- KUBE-CLUSTER-IP 10.0.0.1,tcp:80',
      '- KUBE-CLUSTER-IP 10.0.0.1,tcp:8443',
    ]);
    planned(ledger, 'a/two', undefined);
    expect(await waiting(ledger, 'addresses')).to.deep.equal(['- 10.0.0.1']);
  });

  it('keeps an address that a service goes on wanting when its ports change places', async () => {
    const ledger = emptyLedger();
    planned(ledger, 'a/web', { ...web, ports: [80, 443, 8443] });
    await write(ledger);
    planned(ledger, 'a/web', { ...web, ports: [8443, 80] });
    expect(await waiting(ledger, 'addresses')).to.deep.equal([]);
    expect(await waiting(ledger, 'virtualServers')).to.deep.equal(['- TCP 10.0.0.1:443']);
    expect(await waiting(ledger, 'setEntries')).to.deep.equal(['- KUBE-CLUSTER-IP 10.0.0.1,tcp:443']);
  });

  it('leaves the sysctls, sets and programs of an earlier base where they are', async () => {
    const ledger = emptyLedger();
    await write(ledger);
    ledger.setBase({ sysctls: [{ key: 'net/ipv4/ip_forward', value: '1' }], sets: [], firewall: [] });
    expect(await waiting(ledger, 'sysctls')).to.deep.equal(['+ net/ipv4/ip_forward']);
    expect(await waiting(ledger, 'sets')).to.deep.equal([]);
    expect(await waiting(ledger, 'firewall')).to.deep.equal([]);
  });

  describe('where services want the same virtual server', () => {
    const older: Sketch = { ...web, created: 1, endpoints: ['10.1.1.1'] };
    const newer: Sketch = { ...web, created: 2, endpoints: ['10.1.2.2'] };
    const real = (address: string): string => `TCP 10.0.0.1:80 -> ${address}:8080`;

    for (const [title, sketches, winner] of [
      ['the older one', { 'a/new': newer, 'z/old': older }, 'z/old'],
      ['the older one, seen second or first,', { 'z/old': older, 'a/new': newer }, 'z/old'],
      [
        'of two as old the one with the smaller key',
        { 'b/x': older, 'a/x': { ...newer, created: 1 } },
        'a/x',
      ],
    ] as const) {
      it(`gives it to ${title}`, async () => {
        const ledger = emptyLedger();
        for (const [service, sketch] of Object.entries(sketches)) planned(ledger, service, sketch);
        const expected = (sketches as Record<string, Sketch>)[winner]?.endpoints.map(real);
        expect((await waiting(ledger, 'realServers')).map((line) => line.slice(2))).to.deep.equal(expected);
        expect(ledger.conflicts().map((conflict) => conflict.winner)).to.deep.equal([winner]);
      });
    }

    it('lets the next in line take over with what it wants by then', async () => {
      const conflicts: Conflict[] = [];
      const ledger = emptyLedger(conflicts);
      planned(ledger, 'a/old', older);
      planned(ledger, 'a/new', newer);
      planned(ledger, 'a/new', { ...newer, endpoints: ['10.1.2.3'], scheduler: 'lc' });
      await write(ledger);
      planned(ledger, 'a/old', undefined);
      expect(await waiting(ledger, 'virtualServers')).to.deep.equal(['~ TCP 10.0.0.1:80']);
      expect(await waiting(ledger, 'realServers')).to.deep.equal([
        `+ ${real('10.1.2.3')}`,
        `- ${real('10.1.1.1')}`,
      ]);
      expect(await waiting(ledger, 'addresses')).to.deep.equal([]);
      expect(ledger.conflicts()).to.deep.equal([]);
      expect(conflicts).to.deep.equal([{ key: 'TCP 10.0.0.1:80', winner: 'a/old', losers: ['a/new'] }]);
    });

    it('changes nothing when a loser changes or goes', async () => {
      const ledger = emptyLedger();
      planned(ledger, 'a/old', older);
      planned(ledger, 'a/new', newer);
      await write(ledger);
      planned(ledger, 'a/new', { ...newer, endpoints: [] });
      planned(ledger, 'a/new', undefined);
      for (const table of upsertOrder) expect(await waiting(ledger, table), table).to.deep.equal([]);
    });

    it('has its packets treated as the one that has it says, and as no other does', async () => {
      const set = 'KUBE-NO-ENDPOINTS';
      const refusal = setEntry(set, '10.0.0.1,tcp:80');
      const refusing = (sketch: Sketch): ServicePlan => {
        const plan = planOf('a/new', sketch);
        const virtualServers = plan.virtualServers.map((one) => ({ ...one, setEntries: [refusal] }));
        return { ...plan, virtualServers };
      };
      const ledger = emptyLedger();
      ledger.setBase({
        ...base,
        sets: [...base.sets, { key: set, name: set, type: 'hash:ip,port', family: 'IPv4' }],
      });
      planned(ledger, 'a/old', older);
      await write(ledger);
      ledger.setPlan('a/new', refusing({ ...newer, endpoints: [] }));
      expect(await waiting(ledger, 'setEntries')).to.deep.equal([]);
      planned(ledger, 'a/old', undefined);
      expect(await waiting(ledger, 'setEntries')).to.deep.equal([`+ ${refusal.key}`]);
      await write(ledger);
      planned(ledger, 'a/old', older);
      expect(await waiting(ledger, 'setEntries')).to.deep.equal([`- ${refusal.key}`]);
      await write(ledger);
      planned(ledger, 'a/old', undefined);
      await write(ledger);
      ledger.setPlan('a/new', undefined);
      expect(await waiting(ledger, 'setEntries')).to.include(`- ${refusal.key}`);
    });

    it('gives it to the other when the winner is created anew', async () => {
      const ledger = emptyLedger();
      planned(ledger, 'a/old', older);
      planned(ledger, 'a/new', newer);
      await write(ledger);
      planned(ledger, 'a/old', { ...older, created: 3 });
      expect(await waiting(ledger, 'realServers')).to.deep.equal([
        `+ ${real('10.1.2.2')}`,
        `- ${real('10.1.1.1')}`,
      ]);
      expect(ledger.conflicts()).to.deep.equal([
        { key: 'TCP 10.0.0.1:80', winner: 'a/new', losers: ['a/old'] },
      ]);
    });
  });
});
