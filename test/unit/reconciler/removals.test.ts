import { expect } from 'chai';
import { TableError } from '../../../lib/kernel/table.ts';
import { setEntry } from '../../../lib/model/ip-set.ts';
import { applyRemovals, removalsOfOurs } from '../../../lib/reconciler/removals.ts';
import { realServer, virtualServer, World } from './world.ts';

/** A node with one service of ours and a virtual server, a set and an element of another program's. */
async function node(): Promise<World> {
  const world = new World();
  world.services.set('a/web', { vip: '10.0.0.1', endpoints: ['10.1.0.1'] });
  await world.start();
  await world.reconciler.stop();
  const foreign = virtualServer('192.168.9.9', 443);
  world.kernel.virtualServers.load([foreign]);
  world.kernel.realServers.load([realServer(foreign, '192.168.9.10')]);
  world.kernel.sets.load([{ key: 'MINE', name: 'MINE', type: 'hash:ip', family: 'IPv4' }]);
  world.kernel.setEntries.load([setEntry('MINE', '10.0.0.1')]);
  world.resetCounts();
  return world;
}

describe('the removal of what is ours', () => {
  it('removes all of that and only that, from the outside in', async () => {
    const world = await node();
    const report = await applyRemovals(world.wire.tables, await removalsOfOurs(world.wire.tables));
    expect(report.refused).to.be.empty;
    expect(report.removed).to.deep.equal({
      addresses: 1,
      virtualServers: 1,
      setEntries: 2,
      firewall: 1,
      sets: 2,
    });
    expect(world.keys('virtualServers')).to.deep.equal(['TCP 192.168.9.9:443']);
    expect(world.keys('realServers')).to.have.length(1);
    expect(world.keys('sets')).to.deep.equal(['MINE']);
    expect(world.keys('setEntries')).to.deep.equal(['MINE 10.0.0.1']);
    expect(world.keys('firewall')).to.be.empty;
    expect(world.keys('addresses')).to.be.empty;
    expect(world.keys('sysctls'), 'others may rely on them').to.have.length(1);
    expect(world.wire.written.map((line) => line.split(' ')[1])).to.deep.equal([
      'addresses',
      'virtualServers',
      'setEntries',
      'setEntries',
      'firewall',
      'sets',
      'sets',
    ]);
  });

  it('is told without being done', async () => {
    const world = await node();
    const { changes } = await removalsOfOurs(world.wire.tables);
    expect(changes.virtualServers.map(({ key }) => key)).to.deep.equal(['TCP 10.0.0.1:80']);
    expect(world.writes).to.equal(0);
  });

  it('finds nothing on a node where all is removed', async () => {
    const world = await node();
    await applyRemovals(world.wire.tables, await removalsOfOurs(world.wire.tables));
    const { changes } = await removalsOfOurs(world.wire.tables);
    expect(Object.values(changes).flat()).to.be.empty;
  });

  it('spares excluded CIDRs', async () => {
    const world = await node();
    const { changes } = await removalsOfOurs(world.wire.tables, { excludeCIDRs: ['10.0.0.0/8'] });
    expect(changes.virtualServers).to.be.empty;
    expect(changes.addresses).to.have.length(1);
  });

  it('tells node ports of kube-proxy from virtual servers of others by the addresses of the node', async () => {
    const world = await node();
    world.kernel.setEntries.load([setEntry('KUBE-NODE-PORT-TCP', '30080')]);
    world.kernel.virtualServers.load(
      ['192.168.0.1', '192.168.0.250'].map((own) => virtualServer(own, 30_080)),
    );
    const { changes } = await removalsOfOurs(world.wire.tables, { nodeAddresses: ['192.168.0.1'] });
    expect(changes.virtualServers.map(({ key }) => key)).to.deep.equal([
      'TCP 10.0.0.1:80',
      'TCP 192.168.0.1:30080',
    ]);
  });

  it('leaves the records where a virtual server of ours cannot be removed, so that the next try knows it', async () => {
    const world = await node();
    world.refuse('virtualServers', 'TCP 10.0.0.1:80');
    const report = await applyRemovals(world.wire.tables, await removalsOfOurs(world.wire.tables));
    expect(report.refused.map(({ key }) => key)).to.deep.equal(['TCP 10.0.0.1:80']);
    expect(world.keys('setEntries')).to.have.length(3);
    world.acceptAll();
    await applyRemovals(world.wire.tables, await removalsOfOurs(world.wire.tables));
    expect(world.keys('virtualServers')).to.deep.equal(['TCP 192.168.9.9:443']);
  });

  for (const [unread, kept] of [
    ['virtualServers', ['addresses', 'virtualServers', 'setEntries', 'sets']],
    ['setEntries', ['setEntries', 'sets']],
  ] as const) {
    it(`lists no records where ${unread} cannot be read, and says so`, async () => {
      const world = await node();
      world.kernel[unread].failRead(new TableError(unread, 'EPERM', 'may not'));
      const { changes, failures } = await removalsOfOurs(world.wire.tables);
      expect(failures.map(({ table }) => table)).to.deep.equal([unread]);
      for (const table of kept) expect(changes[table], table).to.be.empty;
      expect(changes.firewall).to.have.length(1);
    });
  }

  it('leaves a set that only bears one of our names', async () => {
    const world = await node();
    world.kernel.sets.unload(['KUBE-CLUSTER-IP']);
    world.kernel.sets.load([
      { key: 'KUBE-CLUSTER-IP', name: 'KUBE-CLUSTER-IP', type: 'hash:ip', family: 'IPv4' },
    ]);
    await applyRemovals(world.wire.tables, await removalsOfOurs(world.wire.tables));
    expect(world.keys('sets')).to.deep.equal(['KUBE-CLUSTER-IP', 'MINE']);
  });

  it('leaves the sets where the rules that refer to them cannot be removed', async () => {
    const world = await node();
    world.kernel.firewall.refuse('IPv4', { code: 'xtables-lock' });
    const report = await applyRemovals(world.wire.tables, await removalsOfOurs(world.wire.tables));
    expect(report.refused.map(({ table }) => table)).to.deep.equal(['firewall']);
    expect(world.keys('sets')).to.have.length(3);
  });

  it('says which tables it could not write', async () => {
    const world = await node();
    const removals = await removalsOfOurs(world.wire.tables);
    world.kernel.firewall.failApply(new TableError('firewall', 'EPERM', 'may not'));
    const { failures } = await applyRemovals(world.wire.tables, removals);
    expect(failures.map(({ table }) => table)).to.deep.equal(['firewall']);
  });
});
