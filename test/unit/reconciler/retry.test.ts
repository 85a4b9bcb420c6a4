import { expect } from 'chai';
import fc from 'fast-check';
import { type Refusal, TableError } from '../../../lib/kernel/table.ts';
import { RetryQueue } from '../../../lib/reconciler/retry.ts';
import { ManualClock, type Sketch, World } from './world.ts';

const refusal: Refusal = { code: 'EPERM', operation: 'add', message: 'no' };
const web: Sketch = { vip: '10.0.0.1', endpoints: ['10.1.0.1'] };
const server = 'TCP 10.0.0.1:80';

describe('the retry queue', () => {
  it('waits a random part of a time that doubles up to the cap, never longer', () => {
    fc.assert(
      fc.property(fc.nat(20), fc.double({ min: 0, max: 0.999, noNaN: true }), (refusals, random) => {
        const clock = new ManualClock();
        const retries = new RetryQueue({ clock, random: () => random, base: 1000, cap: 60_000 });
        for (let index = 0; index <= refusals; index += 1)
          retries.refuse('addresses', 'a', undefined, refusal, 1);
        const wait = retries.nextDue() - clock.now();
        const longest = Math.min(60_000, 1000 * 2 ** refusals);
        expect(wait).to.be.within(random * longest - 1, random * longest + 101);
      }),
    );
  });

  it('tells a refusal once, and again when it is another', () => {
    const retries = new RetryQueue({ clock: new ManualClock(), random: () => 0.5 });
    const tell = (told: Refusal): boolean => retries.refuse('addresses', 'a', undefined, told, 1);
    expect([tell(refusal), tell(refusal), tell({ ...refusal, code: 'EIO' }), tell(refusal)]).to.deep.equal([
      true,
      false,
      true,
      true,
    ]);
  });

  it('does not fall due for entries of a table that itself waits', () => {
    const clock = new ManualClock();
    const retries = new RetryQueue({ clock, random: () => 0.5 });
    retries.refuse('addresses', 'a', undefined, refusal, 1);
    const error = new TableError('addresses', 'EPERM', 'no');
    for (let index = 0; index < 8; index += 1) retries.fail('addresses', error, 1);
    expect(retries.nextDue()).to.be.greaterThan(clock.now() + 20_000);
  });
});

describe('a refused entry', () => {
  async function refused(): Promise<World> {
    const world = new World();
    world.services.set('a/web', web);
    world.refuse('virtualServers', server);
    await world.start();
    return world;
  }

  it('is tried again, ever more rarely, and told of once', async () => {
    const told: string[] = [];
    const world = new World({ listener: { refused: ({ key }) => told.push(key) } });
    world.services.set('a/web', web);
    world.refuse('virtualServers', server);
    await world.start();
    for (let second = 0; second < 100; second += 1) await world.pass(1000);
    const [entry] = world.reconciler.status().refused;
    expect(entry?.attempts).to.be.within(5, 9);
    expect(told).to.deep.equal([server]);
    expect(world.log.at('warn')).to.have.length(1);
  });

  it('does not keep other changes from being written, and is not tried with them', async () => {
    const world = await refused();
    await world.change({ 'a/new': { vip: '10.0.0.2', endpoints: [] } });
    expect(world.keys('virtualServers')).to.deep.equal(['TCP 10.0.0.2:80']);
    expect(world.reconciler.status().refused[0]?.attempts).to.equal(1);
  });

  it('is tried at once when it is wanted otherwise', async () => {
    const world = await refused();
    world.acceptAll();
    await world.change({ 'a/web': { ...web, scheduler: 'lc' } });
    expect(world.keys('realServers')).to.have.length(1);
  });

  it('is not tried before its time when it is wanted as before', async () => {
    const world = await refused();
    world.acceptAll();
    await world.change({ 'a/web': { ...web, endpoints: ['10.1.0.2'] } });
    expect(world.keys('virtualServers')).to.be.empty;
    await world.pass(2000);
    expect(world.keys('realServers')).to.deep.equal([`${server} -> 10.1.0.2:8080`]);
  });

  it('is forgotten when it is not wanted any more', async () => {
    const world = await refused();
    await world.change({ 'a/web': undefined });
    const { refused: left, revision, programmed } = world.reconciler.status();
    expect(left).to.be.empty;
    expect(programmed).to.equal(revision);
  });

  it('is not tried again and again while it waits for another', async () => {
    const world = new World();
    world.services.set('a/web', web);
    await world.start();
    world.refuse('realServers', `${server} -> 10.1.0.1:8080`);
    await world.change({ 'a/web': { ...web, weight: 2 } });
    world.kernel.virtualServers.unload([server]);
    world.refuse('virtualServers', server);
    await world.audit();
    await world.pass(600);
    expect(world.reconciler.status().refused.map(({ table }) => table)).to.deep.equal(['virtualServers']);
    world.acceptAll();
    await world.pass(60_000);
    expect(world.keys('realServers')).to.have.length(1);
  });

  it('holds down the revision up to which everything is in the kernel', async () => {
    const world = new World();
    await world.start();
    expect(world.reconciler.status().programmed).to.equal(1);
    world.refuse('virtualServers', server);
    await world.change({ 'a/web': web });
    await world.change({ 'a/new': { vip: '10.0.0.2', endpoints: [] } });
    expect(world.reconciler.status()).to.include({ revision: 3, programmed: 1 });
    world.acceptAll();
    await world.pass(2000);
    expect(world.reconciler.status()).to.include({ revision: 3, programmed: 3 });
  });
});

describe('a table whose state is not known', () => {
  it('is read again before it is written again', async () => {
    const world = new World();
    world.services.set('a/web', web);
    await world.start();
    world.resetCounts();
    world.wire.lossy.add('realServers');
    await world.change({ 'a/web': { ...web, endpoints: ['10.1.0.2'] } });
    await world.pass(0);
    expect(world.kernel.realServers.useReads).to.be.at.least(1);
    expect(
      world.wire.written.filter((line) => line.startsWith('+')),
      'written once',
    ).to.have.length(1);
    expect(world.keys('realServers')).to.deep.equal([`${server} -> 10.1.0.2:8080`]);
  });

  it('is virtual servers of which one is gone with its real servers: both are made anew', async () => {
    const world = new World();
    world.services.set('a/web', web);
    await world.start();
    world.kernel.virtualServers.unload([server]);
    world.wire.lossy.add('virtualServers');
    await world.change({ 'a/new': { vip: '10.0.0.2', endpoints: [] } });
    await world.pass(0);
    expect(world.keys('virtualServers')).to.include(server);
    expect(world.keys('realServers')).to.deep.equal([`${server} -> 10.1.0.1:8080`]);
  });

  it('is sets of which one is gone with its elements: both are made anew', async () => {
    const world = new World();
    world.services.set('a/web', web);
    await world.start();
    world.kernel.sets.failRead(new TableError('sets', 'EPERM', 'no'));
    await world.restart();
    world.kernel.sets.unload(['KUBE-IPVS-IPS']);
    world.kernel.sets.failRead(undefined);
    await world.pass(120_000);
    expect(world.keys('setEntries')).to.have.length(2);
  });

  it('is not forgotten to hold what is given up meanwhile', async () => {
    const world = new World();
    await world.start();
    world.wire.lossy.add('virtualServers');
    world.kernel.virtualServers.failRead(new TableError('virtual-servers', 'ENOBUFS', 'overrun'));
    await world.change({ 'a/web': web });
    await world.change({ 'a/web': undefined });
    expect(world.keys('virtualServers')).to.deep.equal([server]);
    world.kernel.virtualServers.failRead(undefined);
    await world.pass(120_000);
    expect(world.keys('virtualServers')).to.be.empty;
  });

  it('is left alone for longer and longer while it fails, and told of once', async () => {
    const told: string[] = [];
    const world = new World({ listener: { tableFailed: ({ table }) => told.push(table) } });
    world.services.set('a/web', web);
    world.kernel.setEntries.failApply(new TableError('set-entries', 'ENOBUFS', 'overrun'));
    await world.start();
    for (let second = 0; second < 100; second += 1) await world.pass(1000);
    expect(world.reconciler.status().failed[0]?.attempts).to.be.within(5, 10);
    expect(told).to.deep.equal(['setEntries']);
    expect(world.keys('addresses'), 'the others are written').to.deep.equal(['10.0.0.1']);
    world.kernel.setEntries.failApply(undefined);
    await world.pass(60_000);
    expect(world.keys('setEntries')).to.have.length(2);
    expect(world.reconciler.status().failed).to.be.empty;
  });

  it('is not written at the start before it could be read', async () => {
    const world = new World();
    world.services.set('a/web', web);
    world.kernel.virtualServers.failRead(new TableError('virtual-servers', 'EPERM', 'no'));
    await world.start();
    expect(world.kernel.virtualServers.writes).to.equal(0);
    expect(world.keys('addresses')).to.be.empty;
    world.kernel.virtualServers.failRead(undefined);
    await world.pass(120_000);
    expect(world.keys('realServers')).to.have.length(1);
    expect(world.keys('addresses')).to.have.length(1);
  });

  it('is a set whose elements are gone where the set is made anew with another type', async () => {
    const world = new World();
    world.services.set('a/web', web);
    await world.start();
    const entry = [...world.kernel.setEntries.entries.values()];
    world.kernel.sets.load([
      { key: 'KUBE-IPVS-IPS', name: 'KUBE-IPVS-IPS', type: 'bitmap:port', family: 'IPv4' },
    ]);
    const apply = world.kernel.sets.apply.bind(world.kernel.sets);
    world.kernel.sets.apply = (changes) => {
      world.kernel.setEntries.unload(['KUBE-IPVS-IPS 10.0.0.1']);
      return apply(changes);
    };
    await world.audit();
    expect([...world.kernel.setEntries.entries.values()]).to.have.deep.members(entry);
  });
});
