import { expect } from 'chai';
import type { SyncReport } from '../../../lib/reconciler/reports.ts';
import { type Sketch, World } from './world.ts';

const web: Sketch = { vip: '10.0.0.1', endpoints: ['10.1.0.1', '10.1.0.2'] };

async function running(options: ConstructorParameters<typeof World>[0] = {}): Promise<World> {
  const world = new World(options);
  world.services.set('a/web', web);
  await world.start();
  world.resetCounts();
  return world;
}

/** A world of so many services with one endpoint each. */
async function crowded(count: number): Promise<World> {
  const world = new World();
  for (let index = 0; index < count; index += 1) {
    const vip = `10.${index >> 8}.${index & 255}.1`;
    world.services.set(`a/${index}`, { vip, endpoints: ['10.1.0.1'] });
  }
  await world.start();
  world.resetCounts();
  world.planned.length = 0;
  return world;
}

describe('the reconciler', () => {
  it('reads and writes nothing before it is started', async () => {
    const world = new World();
    world.services.set('a/web', web);
    world.reconciler.changed(['a/web']);
    world.clock.advance(100_000);
    await world.reconciler.stop();
    for (const table of world.tables) {
      expect(table.reads + table.writes, table.name).to.equal(0);
    }
  });

  it('brings services into the kernel', async () => {
    const world = await running();
    expect(world.keys('realServers')).to.deep.equal([
      'TCP 10.0.0.1:80 -> 10.1.0.1:8080',
      'TCP 10.0.0.1:80 -> 10.1.0.2:8080',
    ]);
    expect(world.keys('addresses')).to.deep.equal(['10.0.0.1']);
    expect(world.keys('sysctls')).to.deep.equal(['net/ipv4/vs/conntrack']);
  });

  it('writes the base where there are no services', async () => {
    const world = new World();
    await world.start();
    expect(world.keys('sets')).to.deep.equal(['KUBE-CLUSTER-IP', 'KUBE-IPVS-IPS']);
  });

  it('writes nothing when it is restarted over a kernel that is right', async () => {
    const world = await running();
    await world.restart();
    expect(world.writes).to.equal(0);
    expect(world.wire.written).to.be.empty;
  });

  it('writes only the difference when it is restarted after things have changed', async () => {
    const world = await running();
    world.services.set('a/web', { ...web, endpoints: ['10.1.0.2', '10.1.0.3'] });
    world.services.set('a/new', { vip: '10.0.0.2', endpoints: [] });
    await world.restart();
    expect(world.wire.written).to.deep.equal([
      '+ setEntries KUBE-CLUSTER-IP 10.0.0.2,tcp:80',
      '+ setEntries KUBE-IPVS-IPS 10.0.0.2',
      '+ virtualServers TCP 10.0.0.2:80',
      '+ realServers TCP 10.0.0.1:80 -> 10.1.0.3:8080',
      '+ addresses 10.0.0.2',
      '- realServers TCP 10.0.0.1:80 -> 10.1.0.1:8080',
    ]);
  });

  it('plans one service and makes two writes for one endpoint that moves, among 10 services and among 10 000', async () => {
    for (const count of [10, 10_000]) {
      const world = await crowded(count);
      await world.change({ 'a/5': { vip: '10.0.5.1', endpoints: ['10.1.0.2'] } });
      expect(world.wire.written, `among ${count}`).to.deep.equal([
        '+ realServers TCP 10.0.5.1:80 -> 10.1.0.2:8080',
        '- realServers TCP 10.0.5.1:80 -> 10.1.0.1:8080',
      ]);
      expect(world.planned).to.deep.equal(['a/5']);
      expect(world.kernel.realServers.useReads, 'connections of one virtual server').to.equal(1);
      expect(world.tables.map(({ reads }) => reads)).to.deep.equal([0, 0, 0, 0, 0, 0, 0]);
    }
  });

  it('writes a change that comes many times at once only once', async () => {
    const world = await running();
    for (let index = 0; index < 50; index += 1) {
      world.services.set('a/web', { ...web, weight: index });
      world.reconciler.changed(['a/web']);
    }
    await world.settled();
    expect(world.wire.written).to.deep.equal([
      '~ realServers TCP 10.0.0.1:80 -> 10.1.0.1:8080',
      '~ realServers TCP 10.0.0.1:80 -> 10.1.0.2:8080',
    ]);
    expect(world.reconciler.status()).to.include({ revision: 51, programmed: 51, pendingServices: 0 });
  });

  it('takes a change of nothing for none, so that nothing waits for it', async () => {
    const world = await running();
    expect(world.reconciler.changed([])).to.equal(1);
    await world.settled();
    expect(world.reconciler.status()).to.include({ revision: 1, programmed: 1 });
    const empty = new World();
    await empty.start();
    expect(empty.reconciler.status()).to.include({ revision: 1, programmed: 1 });
  });

  it('does not take a change for programmed that comes while another is being written', async () => {
    const programmed: number[] = [];
    const written: number[] = [];
    const world: World = new World({
      plan: (service) => {
        if (service === 'a/web') world.reconciler.changed(['a/new']);
        return world.plan(service);
      },
      listener: {
        synced: () => {
          programmed.push(world.reconciler.status().programmed);
          written.push(world.reconciler.written);
        },
      },
    });
    world.services.set('a/web', web);
    await world.start();
    expect(programmed).to.deep.equal([1, 2]);
    expect(written).to.deep.equal([1, 2]);
  });

  it('begins no two syncs within the least sync period', async () => {
    const world = await running({ minSyncPeriod: 1000 });
    world.clock.advance(1000);
    await world.change({ 'a/web': { ...web, weight: 2 } });
    expect(world.wire.written).to.have.length(2);
    world.services.set('a/web', { ...web, weight: 3 });
    world.reconciler.changed(['a/web']);
    world.clock.advance(900);
    expect(world.reconciler.status().pendingServices).to.equal(1);
    expect(world.wire.written).to.have.length(2);
    await world.pass(100);
    expect(world.wire.written).to.have.length(4);
  });

  it('plans the other services where one cannot be planned, and leaves that one as it was', async () => {
    const told: string[] = [];
    let broken = false;
    const world: World = new World({
      listener: { planFailed: ({ service }) => told.push(service) },
      plan: (service) => {
        if (broken && service === 'a/web') throw new RangeError('no such port');
        return world.plan(service);
      },
    });
    world.services.set('a/web', web);
    await world.start();
    broken = true;
    await world.change({ 'a/web': { ...web, endpoints: [] }, 'a/new': { vip: '10.0.0.2', endpoints: [] } });
    await world.change({ 'a/web': { ...web, endpoints: [] } });
    expect(world.keys('realServers')).to.have.length(2);
    expect(world.keys('addresses')).to.deep.equal(['10.0.0.1', '10.0.0.2']);
    expect(told).to.deep.equal(['a/web']);
    expect(world.reconciler.status().planFailures.map(({ service }) => service)).to.deep.equal(['a/web']);
    broken = false;
    await world.audit();
    expect(world.keys('realServers'), 'planned again with the audit').to.be.empty;
    expect(world.reconciler.status().planFailures).to.be.empty;
  });

  it('removes nothing of an earlier process while a service cannot be planned', async () => {
    const world = await running();
    let broken = true;
    const next = new World(
      {
        plan: () => {
          if (broken) throw new RangeError('no such port');
          return undefined;
        },
      },
      world.kernel,
    );
    next.services.set('a/web', web);
    await next.start();
    await next.audit();
    expect(next.keys('realServers')).to.have.length(2);
    broken = false;
    await next.audit();
    await next.audit();
    expect(next.keys('virtualServers')).to.be.empty;
  });

  it('says in one line what it wrote, and nothing where it wrote nothing', async () => {
    const world = await running();
    expect(world.log.at('info')).to.deep.equal(['synced']);
    expect(world.log.lines[0]?.fields).to.deep.include({
      services: 1,
      changed: ['a/web'],
      refusals: 0,
      writes: {
        sysctls: 1,
        sets: 2,
        firewall: 1,
        setEntries: 2,
        virtualServers: 1,
        realServers: 2,
        addresses: 1,
      },
    });
    await world.change({ 'a/web': web });
    await world.restart();
    expect(world.log.lines).to.have.length(1);
  });

  it('reports every sync, those that wrote nothing too', async () => {
    const reports: SyncReport[] = [];
    const world = await running({ listener: { synced: (report) => reports.push(report) } });
    await world.change({ 'a/web': web });
    expect(reports.map(({ services }) => services)).to.deep.equal([['a/web'], ['a/web']]);
    expect(reports.map(({ writes }) => writes.realServers)).to.deep.equal([2, 0]);
    expect(world.reconciler.status().lastSync).to.equal(reports[1]);
    expect(world.reconciler.status().writes.realServers).to.equal(2);
  });

  it('goes on where a listener throws', async () => {
    const world = await running({
      listener: {
        synced: () => {
          throw new Error('broken');
        },
      },
    });
    await world.change({ 'a/web': { ...web, endpoints: [] } });
    expect(world.keys('realServers')).to.be.empty;
    expect(world.log.at('error')).to.have.length(2);
  });

  it('tells of services that want one virtual server', async () => {
    const told: string[] = [];
    const world = new World({
      listener: { contended: ({ winner, losers }) => told.push(winner, ...losers) },
    });
    world.services.set('a/old', { ...web, created: 1 });
    world.services.set('a/new', { ...web, created: 2, endpoints: [] });
    await world.start();
    await world.change({ 'a/new': { ...web, created: 2, endpoints: ['10.1.0.7'] } });
    expect(told).to.deep.equal(['a/old', 'a/new']);
    expect(world.log.at('warn')).to.have.length(1);
    expect(world.reconciler.status().conflicts).to.have.length(1);
    await world.restart();
    expect(world.wire.written).to.be.empty;
  });

  it('leaves the kernel as it is when it is stopped, and writes no more', async () => {
    const world = await running();
    await world.reconciler.stop();
    world.services.delete('a/web');
    world.reconciler.changed(['a/web']);
    world.clock.advance(100_000);
    await world.reconciler.settled();
    expect(world.keys('addresses')).to.deep.equal(['10.0.0.1']);
    expect(world.writes).to.equal(0);
  });

  it('ends after the batch that is being written', async () => {
    const world = new World();
    for (let index = 0; index < 2000; index += 1) {
      world.services.set(`a/${index}`, { vip: `10.${index >> 8}.${index & 255}.1`, endpoints: [] });
    }
    const { virtualServers } = world.kernel;
    const apply = virtualServers.apply.bind(virtualServers);
    let stopping: Promise<void> | undefined;
    virtualServers.apply = (changes) => {
      stopping ??= world.reconciler.stop();
      return apply(changes);
    };
    const begun = world.reconciler.settled();
    world.reconciler.start(world.services.keys());
    world.clock.advance(0);
    await begun;
    await stopping;
    expect(world.keys('addresses'), 'the batch is complete').to.have.length(512);
    expect(world.keys('virtualServers')).to.have.length(512);
  });

  it('refuses an audit when it is stopped', async () => {
    const world = await running();
    const asked = world.reconciler.audit().catch((error: unknown) => error);
    await world.reconciler.stop();
    expect(await asked).to.include({ code: 'STOPPED' });
    expect(await world.reconciler.audit().catch((error: unknown) => error)).to.include({ code: 'STOPPED' });
  });
});
