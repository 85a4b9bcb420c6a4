import { expect } from 'chai';
import { TableError } from '../../../lib/kernel/table.ts';
import { setEntry } from '../../../lib/model/ip-set.ts';
import { diff, type OnceOptions, runOnce } from '../../../lib/reconciler/once.ts';
import type { TableChanges } from '../../../lib/reconciler/transaction.ts';
import { ManualClock, type Sketch, virtualServer, World } from './world.ts';

const web: Sketch = { vip: '10.0.0.1', endpoints: ['10.1.0.1'] };

/** A clock whose timers go off at once, as if the time had passed. */
class HastyClock extends ManualClock {
  override after(milliseconds: number, action: () => void): () => void {
    const cancel = super.after(milliseconds, action);
    setImmediate(() => {
      this.advance(milliseconds);
    });
    return cancel;
  }
}

function worldWith(sketches: Record<string, Sketch>): World {
  const world = new World();
  for (const [service, sketch] of Object.entries(sketches)) world.services.set(service, sketch);
  return world;
}

function optionsOf(world: World): OnceOptions {
  return { ...world.options(), clock: new HastyClock() };
}

/** The changes in words. */
function words(changes: TableChanges): string[] {
  return Object.entries(changes).flatMap(([table, list]) =>
    list.map(({ key, before, after }) => {
      const sign = after === undefined ? '-' : before === undefined ? '+' : '~';
      return `${sign} ${table} ${key}`;
    }),
  );
}

describe('one pass', () => {
  it('brings everything into the kernel, removes what is left over, and says so', async () => {
    const world = worldWith({ 'a/web': web });
    world.kernel.addresses.load([{ key: '10.0.0.7', address: '10.0.0.7' }]);
    const report = await runOnce(optionsOf(world), world.byAge());
    expect(report.complete).to.be.true;
    expect(report.sync.writes).to.include({ virtualServers: 1, realServers: 1, addresses: 2 });
    expect(world.keys('addresses')).to.deep.equal(['10.0.0.1']);
  });

  it('writes nothing the second time', async () => {
    const world = worldWith({ 'a/web': web });
    await runOnce(optionsOf(world), world.byAge());
    world.resetCounts();
    const report = await runOnce(optionsOf(world), world.byAge());
    expect(report.complete).to.be.true;
    expect(world.writes).to.equal(0);
  });

  it('tries a few times what is refused, and names it in the end', async () => {
    const world = worldWith({ 'a/web': web, 'a/ok': { vip: '10.0.0.2', endpoints: [] } });
    world.refuse('virtualServers', 'TCP 10.0.0.1:80');
    const report = await runOnce({ ...optionsOf(world), retries: 3 }, world.byAge());
    expect(report.complete).to.be.false;
    expect(report.refused.map(({ key, attempts }) => [key, attempts])).to.deep.equal([
      ['TCP 10.0.0.1:80', 4],
    ]);
    expect(world.keys('addresses')).to.deep.equal(['10.0.0.2']);
  });

  it('is complete where the kernel takes an entry the second time', async () => {
    const world = worldWith({ 'a/web': web });
    world.wire.lossy.add('virtualServers');
    const report = await runOnce(optionsOf(world), world.byAge());
    expect(report.complete).to.be.true;
    expect(world.keys('realServers')).to.have.length(1);
  });
});

describe('a diff', () => {
  it('tells what a pass would write, and writes nothing', async () => {
    const world = worldWith({ 'a/web': web });
    await world.start();
    world.kernel.addresses.load([{ key: '10.0.0.7', address: '10.0.0.7' }]);
    world.kernel.virtualServers.load([virtualServer('10.0.0.7', 80)]);
    world.services.set('a/web', { ...web, scheduler: 'lc', endpoints: ['10.1.0.2'] });
    world.resetCounts();
    const { changes } = await diff(optionsOf(world), world.byAge());
    expect(words(changes)).to.deep.equal([
      '~ virtualServers TCP 10.0.0.1:80',
      '- virtualServers TCP 10.0.0.7:80',
      '+ realServers TCP 10.0.0.1:80 -> 10.1.0.2:8080',
      '- realServers TCP 10.0.0.1:80 -> 10.1.0.1:8080',
      '- addresses 10.0.0.7',
    ]);
    expect(world.writes).to.equal(0);
    await runOnce(optionsOf(world), world.byAge());
    expect([...world.wire.written].sort(), 'and the pass writes just that').to.deep.equal(
      words(changes).sort(),
    );
  });

  it('is empty where the kernel is right', async () => {
    const world = worldWith({ 'a/web': web });
    await world.start();
    const { changes } = await diff(optionsOf(world), world.byAge());
    expect(words(changes)).to.be.empty;
  });

  it('says which tables could not be read', async () => {
    const world = worldWith({ 'a/web': web });
    world.kernel.setEntries.failRead(new TableError('set-entries', 'EPERM', 'may not'));
    const { failed, changes } = await diff(optionsOf(world), world.byAge());
    expect(failed.map(({ table }) => table)).to.deep.equal(['setEntries']);
    expect(changes.setEntries).to.be.empty;
    expect(changes.virtualServers).to.have.length(1);
  });

  it('leaves foreign entries out', async () => {
    const world = worldWith({});
    await world.start();
    world.kernel.virtualServers.load([virtualServer('192.168.9.9', 443)]);
    world.kernel.sets.load([{ key: 'MINE', name: 'MINE', type: 'hash:ip', family: 'IPv4' }]);
    world.kernel.setEntries.load([setEntry('MINE', '10.0.0.1')]);
    const { changes } = await diff(optionsOf(world), world.byAge());
    expect(words(changes)).to.be.empty;
  });
});
