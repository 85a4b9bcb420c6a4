import { expect } from 'chai';
import { TableError } from '../../../lib/kernel/table.ts';
import type { DrainedServer } from '../../../lib/reconciler/draining.ts';
import { diff, runOnce } from '../../../lib/reconciler/once.ts';
import { planOf, realServer, type Sketch, virtualServer, World } from './world.ts';

const web: Sketch = { vip: '10.0.0.1', endpoints: ['10.1.0.1', '10.1.0.2'] };
const moved: Sketch = { vip: '10.0.0.1', endpoints: ['10.1.0.2'] };
const server = 'TCP 10.0.0.1:80';
const leaving = `${server} -> 10.1.0.1:8080`;
const staying = `${server} -> 10.1.0.2:8080`;
const minute = 60_000;

type Options = ConstructorParameters<typeof World>[0];

async function running(options: Options = {}): Promise<World> {
  const world = new World(options);
  world.services.set('a/web', web);
  await world.start();
  world.resetCounts();
  return world;
}

/** A world in which the first endpoint is gone and has connections. */
async function draining(options: Options = {}, connections = 3): Promise<World> {
  const world = await running(options);
  world.kernel.realServers.connect(leaving, connections);
  await world.change({ 'a/web': moved });
  return world;
}

function weight(world: World, key = leaving): number | undefined {
  return world.kernel.realServers.entries.get(key)?.weight;
}

describe('a real server that is wanted no longer', () => {
  it('is removed at once where it has no connections, after one look at its virtual server', async () => {
    const world = await running();
    await world.change({ 'a/web': moved });
    expect(world.wire.written).to.deep.equal([`- realServers ${leaving}`]);
    expect(world.kernel.realServers.useReads).to.equal(1);
    expect(world.reconciler.status().draining).to.be.empty;
  });

  it('gets weight 0 and stays where it has connections', async () => {
    const world = await draining();
    expect(world.wire.written).to.deep.equal([`~ realServers ${leaving}`]);
    expect(weight(world)).to.equal(0);
    expect(weight(world, staying)).to.equal(1);
    await world.pass(14 * minute);
    expect(weight(world)).to.equal(0);
    expect(world.wire.written).to.have.length(1);
  });

  it('stays for connections that are being closed as well', async () => {
    const world = await running();
    world.kernel.realServers.connect(leaving, 0, 1);
    await world.change({ 'a/web': moved });
    expect(weight(world)).to.equal(0);
  });

  it('is removed within seconds when its connections have ended', async () => {
    const told: DrainedServer[] = [];
    const world = await draining({ listener: { drained: (drained) => told.push(drained) } });
    const began = world.clock.now();
    await world.pass(5000);
    expect(told).to.be.empty;
    world.kernel.realServers.disconnectAll();
    await world.pass(1000);
    expect(world.keys('realServers')).to.deep.equal([staying]);
    expect(world.reconciler.status().draining).to.be.empty;
    expect(told).to.deep.equal([
      {
        key: leaving,
        since: began,
        deadline: began + 15 * minute,
        connections: 0,
        ended: began + 6000,
        reason: 'drained',
      },
    ]);
    expect(world.log.at('debug')).to.deep.equal(['a real server that was draining is gone']);
  });

  it('is removed with its connections when its time is over, and the log says how many', async () => {
    const told: DrainedServer[] = [];
    const world = await draining({
      drainTimeout: 30_000,
      listener: { drained: (drained) => told.push(drained) },
    });
    await world.pass(29_000);
    expect(weight(world)).to.equal(0);
    await world.pass(1000);
    expect(world.keys('realServers')).to.deep.equal([staying]);
    expect(told.map(({ reason, connections }) => [reason, connections])).to.deep.equal([['timeout', 3]]);
    expect(world.log.lines).to.deep.include({
      level: 'info',
      message: 'a real server was removed with connections: its time for draining was over',
      fields: { key: leaving, connections: 3, milliseconds: 30_000 },
    });
  });

  it('is removed at once whatever connections it has where there is no time to drain', async () => {
    const world = await draining({ drainTimeout: 0 });
    expect(world.wire.written).to.deep.equal([`- realServers ${leaving}`]);
    expect(world.log.at('info')).to.include(
      'a real server was removed with connections: its time for draining was over',
    );
  });

  it('stays as long as it has connections where there is no deadline', async () => {
    const world = await draining({ drainTimeout: Infinity });
    await world.pass(100 * 60 * minute);
    expect(weight(world)).to.equal(0);
  });

  it('has the time that its service asks for, whatever time others have', async () => {
    const world = await draining({ drainTimeout: 30_000 });
    await world.change({ 'a/web': { ...moved, drainTimeout: 5 * minute } });
    await world.pass(4 * minute);
    expect(weight(world)).to.equal(0);
    await world.change({ 'a/web': { ...moved, drainTimeout: 4 * minute } });
    await world.pass(1000);
    expect(world.keys('realServers'), 'a shorter time counts at once').to.deep.equal([staying]);
  });

  it('is removed at once where its service allows no time, and others have some', async () => {
    const world = await running();
    world.kernel.realServers.connect(leaving, 3);
    await world.change({ 'a/web': { ...moved, drainTimeout: 0 } });
    expect(world.wire.written).to.deep.equal([`- realServers ${leaving}`]);
  });

  for (const protocol of ['UDP', 'SCTP'] as const) {
    it(`is removed at once, and not looked at, where it is one of ${protocol}`, async () => {
      const vip = virtualServer(web.vip, 80, { protocol });
      let { endpoints } = web;
      const world = await running({
        plan: (service) => {
          const realServers = endpoints.map((address) => realServer(vip, address));
          return { ...planOf(service, web), virtualServers: [{ server: vip, realServers }] };
        },
      });
      const { key } = realServer(vip, '10.1.0.1');
      world.kernel.realServers.connect(key, 5);
      ({ endpoints } = moved);
      await world.change({ 'a/web': moved });
      expect(world.wire.written).to.deep.equal([`- realServers ${key}`]);
      expect(world.kernel.realServers.useReads).to.equal(0);
    });
  }

  it('drains where its connections cannot be read, and is removed once they can and there are none', async () => {
    const world = await running();
    world.kernel.realServers.failRead(new TableError('real-servers', 'ENOBUFS', 'overrun'));
    await world.change({ 'a/web': moved });
    expect(weight(world)).to.equal(0);
    expect(world.reconciler.status().draining.map(({ connections }) => connections)).to.deep.equal([
      undefined,
    ]);
    world.kernel.realServers.failRead(undefined);
    await world.pass(1000);
    expect(world.keys('realServers')).to.deep.equal([staying]);
  });

  it('is one of many that are looked at together, once for each virtual server', async () => {
    const world = await running();
    await world.change({ 'a/web': { ...web, ports: [80, 443] } });
    world.resetCounts();
    await world.change({ 'a/web': { ...web, ports: [80, 443], endpoints: [] } });
    expect(world.wire.written).to.have.length(4);
    expect(world.kernel.realServers.useReads).to.equal(2);
    expect(world.kernel.realServers.applies, 'written in one batch').to.equal(1);
  });
});

describe('real servers of very many virtual servers that are wanted no longer', () => {
  const count = 1200;
  const hosts = Array.from({ length: count }, (_, index) => `${index >> 8}.${index & 255}`);
  const sketches = (ending: number): Record<string, Sketch> =>
    Object.fromEntries(
      hosts.map((host) => [`a/s${host}`, { vip: `10.0.${host}`, endpoints: [`10.${ending}.${host}`] }]),
    );

  async function replaced(options: Options = {}): Promise<World> {
    const world = new World(options);
    for (const [service, sketch] of Object.entries(sketches(1))) world.services.set(service, sketch);
    await world.start();
    world.resetCounts();
    return world;
  }

  it('are removed when all that comes in their place is there', async () => {
    const world = await replaced();
    await world.change(sketches(2));
    const { written } = world.wire;
    expect(written).to.have.length(2 * count);
    expect(written.slice(0, count).every((line) => line.startsWith('+'))).to.equal(true);
    expect(written.slice(count).every((line) => line.startsWith('-'))).to.equal(true);
    expect(world.kernel.realServers.useReads).to.equal(count);
  });

  it('let a change that comes meanwhile go first, and count as written only with the last of them', async () => {
    const late: Sketch = { vip: '10.9.9.9', endpoints: ['10.9.9.10'] };
    let asked: number | undefined;
    const world = await replaced({
      listener: {
        synced: ({ services }) => {
          if (services.length < count || asked !== undefined) return;
          world.services.set('a/late', late);
          asked = world.reconciler.changed(['a/late']);
        },
      },
    });
    const first = world.reconciler.status().revision + 1;
    await world.change(sketches(2));
    expect(asked).to.be.above(first);
    const { written } = world.wire;
    const came = written.findIndex((line) => line.includes('10.9.9.10'));
    expect(came).to.be.within(count, written.length - count / 2);
    expect(world.reconciler.status().programmed).to.equal(asked);
  });

  it('are looked at again in turns while they have connections, each once a round', async () => {
    const world = await replaced();
    for (const key of world.keys('realServers')) world.kernel.realServers.connect(key, 1);
    await world.change(sketches(2));
    await world.pass(1000);
    expect(world.kernel.realServers.useReads % count).to.equal(0);
    expect(world.reconciler.status().draining).to.have.length(count);
  });
});

describe('a draining real server', () => {
  it('is told of by the status, and is nothing that waits to be written', async () => {
    const world = await draining();
    const { pending, programmed, revision, draining: servers } = world.reconciler.status();
    expect(pending.realServers).to.equal(0);
    expect(programmed).to.equal(revision);
    const since = world.clock.now();
    expect(servers).to.deep.equal([{ key: leaving, since, deadline: since + 15 * minute, connections: 3 }]);
    world.kernel.realServers.connect(leaving, 1, 1);
    await world.pass(1000);
    expect(world.reconciler.status().draining[0]).to.include({ since, connections: 2 });
  });

  it('gets its weight back, and nothing else is written, where it is wanted again', async () => {
    const world = await draining();
    world.resetCounts();
    await world.change({ 'a/web': web });
    expect(world.wire.written).to.deep.equal([`~ realServers ${leaving}`]);
    expect(weight(world)).to.equal(1);
    expect(world.kernel.realServers.connectionsOf(leaving)).to.equal(3);
    expect(world.reconciler.status().draining).to.be.empty;
    expect(world.clock.next, 'no more looks').to.equal(undefined);
  });

  it('has its whole time anew where it is given up once more', async () => {
    const world = await draining();
    await world.pass(10 * minute);
    await world.change({ 'a/web': web });
    await world.change({ 'a/web': moved });
    await world.pass(10 * minute);
    expect(weight(world)).to.equal(0);
  });

  it('goes with its virtual server', async () => {
    const told: DrainedServer[] = [];
    const world = await draining({ listener: { drained: (drained) => told.push(drained) } });
    world.resetCounts();
    await world.change({ 'a/web': undefined });
    expect(world.keys('realServers')).to.be.empty;
    expect(world.wire.written.filter((line) => line.includes('realServers'))).to.be.empty;
    expect(told.map(({ reason, connections }) => [reason, connections])).to.deep.equal([['removed', 3]]);
    expect(world.reconciler.status().draining).to.be.empty;
  });

  it('is looked at every second, and nothing is where none is left', async () => {
    const synced: unknown[] = [];
    const world = await draining({ listener: { synced: (report) => synced.push(report) } });
    world.resetCounts();
    synced.length = 0;
    for (let second = 1; second <= 5; second += 1) await world.pass(1000);
    expect(world.kernel.realServers.useReads).to.equal(5);
    expect(world.writes).to.equal(0);
    expect(synced, 'a look that changes nothing is no sync').to.be.empty;
    world.kernel.realServers.disconnectAll();
    await world.pass(1000);
    expect(synced).to.have.length(1);
    expect(world.clock.next).to.equal(undefined);
  });

  it('is not looked at between, however much else changes', async () => {
    const world = await draining();
    world.resetCounts();
    for (let index = 0; index < 10; index += 1) {
      await world.change({ 'a/new': { vip: '10.0.0.2', endpoints: [], ports: [8000 + index] } });
    }
    expect(world.kernel.realServers.useReads).to.equal(0);
  });

  it('is looked at more rarely where looking takes long', async () => {
    const world = await running();
    world.kernel.realServers.connect(leaving, 3);
    const readUse = world.kernel.realServers.readUse.bind(world.kernel.realServers);
    world.kernel.realServers.readUse = (of) => {
      world.clock.advance(200);
      return readUse(of);
    };
    await world.change({ 'a/web': moved });
    await world.pass(1000);
    expect(world.kernel.realServers.useReads, 'at first and once more').to.equal(2);
    await world.pass(3900);
    expect(world.kernel.realServers.useReads).to.equal(2);
    await world.pass(100);
    expect(world.kernel.realServers.useReads).to.equal(3);
  });

  it('is no drift to an audit, which leaves it as it is', async () => {
    const world = await draining();
    world.resetCounts();
    const { drift } = await world.audit();
    expect(drift).to.be.empty;
    expect(world.writes).to.equal(0);
    expect(world.log.at('warn')).to.be.empty;
  });

  it('gets weight 0 again where someone has changed that', async () => {
    const world = await draining();
    world.kernel.realServers.load([realServer(virtualServer('10.0.0.1', 80), '10.1.0.1', { weight: 7 })]);
    await world.audit();
    expect(weight(world)).to.equal(0);
  });

  it('is forgotten where someone else has removed it', async () => {
    const told: DrainedServer[] = [];
    const world = await draining({ listener: { drained: (drained) => told.push(drained) } });
    world.resetCounts();
    world.kernel.realServers.unload([leaving]);
    await world.audit();
    expect(world.writes).to.equal(0);
    expect(told.map(({ reason }) => reason)).to.deep.equal(['removed']);
  });

  it('outlives the process: the next one writes nothing and removes it when its connections have ended', async () => {
    const world = await draining();
    world.resetCounts();
    await world.restart();
    expect(world.writes).to.equal(0);
    expect(world.reconciler.status().draining.map(({ key }) => key)).to.deep.equal([leaving]);
    await world.pass(14 * minute);
    expect(weight(world)).to.equal(0);
    world.kernel.realServers.disconnectAll();
    await world.pass(1000);
    expect(world.keys('realServers')).to.deep.equal([staying]);
  });

  it('has in the next process the time that its service asks for', async () => {
    const world = await draining();
    world.services.set('a/web', { ...moved, drainTimeout: 20 * minute });
    await world.restart();
    await world.pass(19 * minute);
    expect(weight(world)).to.equal(0);
    await world.pass(minute);
    expect(world.keys('realServers')).to.deep.equal([staying]);
  });

  it('begins in the next process where it came to be wanted no longer between the two', async () => {
    const world = await running();
    world.kernel.realServers.connect(leaving, 1);
    world.services.set('a/web', moved);
    await world.restart();
    expect(world.wire.written).to.deep.equal([`~ realServers ${leaving}`]);
    expect(weight(world)).to.equal(0);
  });

  it('gets its weight back from the next process where that wants it', async () => {
    const world = await draining();
    world.services.set('a/web', web);
    await world.restart();
    expect(world.wire.written).to.deep.equal([`~ realServers ${leaving}`]);
    expect(weight(world)).to.equal(1);
    expect(world.kernel.realServers.connectionsOf(leaving)).to.equal(3);
  });

  it('begins where an audit finds a stray real server with connections, which is drift once', async () => {
    const world = await running();
    const stray = realServer(virtualServer('10.0.0.1', 80), '10.1.0.9');
    world.kernel.realServers.load([stray]);
    world.kernel.realServers.connect(stray.key, 2);
    expect((await world.audit()).drift.map(({ key }) => key)).to.deep.equal([stray.key]);
    expect(weight(world, stray.key)).to.equal(0);
    expect((await world.audit()).drift).to.be.empty;
  });

  it('is none that is wanted with weight 0', async () => {
    const world = await running();
    world.kernel.realServers.connect(leaving, 1);
    await world.change({ 'a/web': { ...web, weight: 0 } });
    expect(world.reconciler.status().draining).to.be.empty;
    await world.pass(20 * minute);
    expect(weight(world)).to.equal(0);
    world.resetCounts();
    await world.change({ 'a/web': { ...moved, weight: 0 } });
    expect(world.writes, 'it takes no new connections already').to.equal(0);
    expect(world.reconciler.status().draining.map(({ key }) => key)).to.deep.equal([leaving]);
  });

  it('follows where a younger service comes to have its virtual server', async () => {
    const world = await running();
    await world.change({ 'a/web': { ...web, created: 1 }, 'b/web': { ...moved, created: 2 } });
    world.kernel.realServers.connect(leaving, 1);
    await world.change({ 'a/web': undefined });
    expect(weight(world)).to.equal(0);
    expect(world.keys('virtualServers')).to.deep.equal([server]);
  });
});

describe('a kernel that refuses', () => {
  it('weight 0 is asked again, ever more rarely, until the real server drains', async () => {
    const world = await running();
    world.kernel.realServers.connect(leaving, 1);
    world.refuse('realServers', leaving);
    await world.change({ 'a/web': moved });
    expect(world.reconciler.status()).to.nested.include({ 'pending.realServers': 1, 'refused.length': 1 });
    expect(world.reconciler.status().programmed).to.equal(1);
    world.acceptAll();
    await world.pass(2000);
    expect(weight(world)).to.equal(0);
    expect(world.reconciler.status()).to.nested.include({ 'pending.realServers': 0, 'refused.length': 0 });
    expect(world.reconciler.status().programmed).to.equal(2);
  });

  it('to remove one whose time is over is asked again with growing waits, not at every look', async () => {
    const world = await draining({ drainTimeout: 30_000 });
    world.refuse('realServers', leaving);
    const { realServers } = world.kernel;
    realServers.resetCounts();
    for (let second = 0; second < 120; second += 1) await world.pass(1000);
    expect(realServers.applies).to.be.within(4, 12);
    expect(world.log.at('warn'), 'told once').to.have.length(1);
    world.acceptAll();
    await world.pass(2 * minute);
    expect(world.keys('realServers')).to.deep.equal([staying]);
  });

  it('to remove one without connections finds it draining where connections have come meanwhile', async () => {
    const world = await running();
    world.refuse('realServers', leaving);
    await world.change({ 'a/web': moved });
    world.kernel.realServers.connect(leaving, 1);
    world.acceptAll();
    await world.pass(2000);
    expect(weight(world)).to.equal(0);
    expect(world.reconciler.status()).to.nested.include({ 'pending.realServers': 0, 'refused.length': 0 });
  });
});

describe('one pass over real servers that are wanted no longer', () => {
  it('removes those without connections, sets the others to weight 0, and is complete', async () => {
    const world = await running();
    world.kernel.realServers.connect(leaving, 2);
    world.services.set('a/web', { ...web, endpoints: [] });
    const { changes } = await diff(world.options(), world.byAge());
    const told = changes.realServers.map(({ key, after }) => [key, after?.weight]);
    expect(told, 'and a diff tells so').to.deep.equal([
      [leaving, 0],
      [staying, undefined],
    ]);
    const report = await runOnce(world.options(), world.byAge());
    expect(report.complete).to.be.true;
    expect(weight(world)).to.equal(0);
    expect(world.keys('realServers')).to.deep.equal([leaving]);
  });

  it('finds nothing to do while they drain, and ends what an earlier pass has begun', async () => {
    const world = await draining();
    world.resetCounts();
    expect((await diff(world.options(), world.byAge())).changes.realServers).to.be.empty;
    await runOnce(world.options(), world.byAge());
    expect(world.writes).to.equal(0);
    world.kernel.realServers.disconnectAll();
    expect((await diff(world.options(), world.byAge())).changes.realServers).to.have.length(1);
    await runOnce(world.options(), world.byAge());
    expect(world.keys('realServers')).to.deep.equal([staying]);
  });
});
