import { expect } from 'chai';
import { TableError } from '../../../lib/kernel/table.ts';
import { type SetEntry, setEntry } from '../../../lib/model/ip-set.ts';
import type { BasePlan, ServicePlan } from '../../../lib/model/plan.ts';
import { base, planOf, realServer, virtualServer, World } from './world.ts';

const port = 30_080;
const record = setEntry('KUBE-NODE-PORT-TCP', String(port));
const recordOf = (address: string): SetEntry => setEntry('KUBE-NODE-PORT-IPS', address);
/** On an address that the node had in an earlier life. */
const left = virtualServer('192.168.0.9', port);

const baseWithPorts: BasePlan = {
  ...base,
  sets: [
    ...base.sets,
    { key: 'KUBE-NODE-PORT-TCP', name: 'KUBE-NODE-PORT-TCP', type: 'bitmap:port', family: 'IPv4' },
    { key: 'KUBE-NODE-PORT-IPS', name: 'KUBE-NODE-PORT-IPS', type: 'hash:ip', family: 'IPv4' },
  ],
};

/** The plan of a service with a node port and nothing else. */
function nodePortPlan(service: string): ServicePlan {
  const server = virtualServer('192.168.0.1', port);
  return {
    service,
    created: 0,
    virtualServers: [{ server, realServers: [realServer(server, '10.1.0.1')] }],
    setEntries: [record, recordOf('192.168.0.1')],
    addresses: [],
  };
}

/** A node that has got another address, and a service whose node port is still to be served on the old one. */
function moved(): World {
  const world: World = new World({
    base: baseWithPorts,
    plan: (service) => {
      const sketch = world.services.get(service);
      if (service === 'a/broken' && sketch !== undefined) throw new Error('cannot be planned');
      return sketch && (service === 'a/node-port' ? nodePortPlan(service) : planOf(service, sketch));
    },
  });
  world.services.set('a/node-port', { vip: '', endpoints: [] });
  world.kernel.sets.load(baseWithPorts.sets);
  world.kernel.setEntries.load([record, recordOf(left.address)]);
  world.kernel.virtualServers.load([left]);
  return world;
}

describe('a virtual server that an earlier process left', () => {
  for (const table of ['setEntries', 'virtualServers', 'addresses'] as const) {
    it(`keeps its record until it is removed, where ${table} could not be read at the start`, async () => {
      const world = moved();
      world.kernel[table].failRead(new TableError(table, 'EPERM', 'may not read'));
      await world.start();
      world.kernel[table].failRead(undefined);
      await world.pass(120_000);
      await world.change({ 'a/node-port': undefined });
      await world.restart();
      expect(world.keys('virtualServers')).to.be.empty;
      expect(world.keys('setEntries')).to.be.empty;
    });
  }

  it('keeps its record until it is removed, where a service cannot be planned at the start', async () => {
    const world = moved();
    world.services.set('a/broken', { vip: '', endpoints: [] });
    await world.start();
    await world.change({ 'a/node-port': undefined });
    expect(world.keys('setEntries')).to.deep.equal([recordOf(left.address).key, record.key]);
    await world.change({ 'a/broken': undefined });
    await world.audit();
    expect(world.keys('virtualServers')).to.be.empty;
    expect(world.keys('setEntries')).to.be.empty;
  });

  it('keeps its address on kube-ipvs0 until it is removed, where that is its record', async () => {
    const world = moved();
    world.kernel.virtualServers.load([virtualServer('10.0.0.1', 443)]);
    world.services.set('a/broken', { vip: '', endpoints: [] });
    world.services.set('a/web', { vip: '10.0.0.1', endpoints: [] });
    await world.start();
    await world.change({ 'a/web': undefined });
    expect(world.keys('addresses')).to.deep.equal(['10.0.0.1']);
    await world.change({ 'a/broken': undefined });
    await world.audit();
    expect(world.keys('addresses')).to.be.empty;
    expect(world.keys('virtualServers')).to.deep.equal(['TCP 192.168.0.1:30080']);
  });

  it('holds up no record of others', async () => {
    const world = moved();
    world.services.set('a/broken', { vip: '', endpoints: [] });
    world.services.set('a/web', { vip: '10.0.0.1', endpoints: [] });
    await world.start();
    await world.change({ 'a/web': undefined });
    expect(world.keys('setEntries')).to.deep.equal([
      recordOf('192.168.0.1').key,
      recordOf(left.address).key,
      record.key,
    ]);
    expect(world.keys('addresses')).to.be.empty;
  });

  it('is told from that of others with the same port, on an address of theirs', async () => {
    const others = virtualServer('192.168.0.250', port, { scheduler: 'wlc' });
    const world = moved();
    world.kernel.virtualServers.load([others]);
    await world.start();
    expect(world.keys('virtualServers')).to.deep.equal(['TCP 192.168.0.1:30080', others.key]);
    world.kernel.virtualServers.load([virtualServer('192.168.0.251', port)]);
    await world.audit();
    await world.change({ 'a/node-port': undefined });
    await world.restart();
    expect(world.keys('virtualServers')).to.deep.equal([others.key, 'TCP 192.168.0.251:30080']);
    expect(world.keys('setEntries')).to.be.empty;
  });

  it('is found on an address that the node has, where kube-proxy left it and recorded no address', async () => {
    const world = new World({ base: baseWithPorts, nodeAddresses: () => [left.address] });
    const others = virtualServer('192.168.0.250', port);
    world.kernel.sets.load(baseWithPorts.sets.filter(({ name }) => name !== 'KUBE-NODE-PORT-IPS'));
    world.kernel.setEntries.load([record]);
    world.kernel.virtualServers.load([left, others]);
    await world.start();
    expect(world.keys('virtualServers')).to.deep.equal([others.key]);
    expect(world.keys('setEntries')).to.be.empty;
  });

  describe('is wanted again, after its removal was refused,', () => {
    const old = virtualServer('10.0.0.1', 80);
    const web = { vip: '10.0.0.1', endpoints: ['10.1.0.1'] };

    async function refused(): Promise<World> {
      const world = new World();
      world.kernel.sets.load(base.sets);
      world.kernel.setEntries.load([setEntry('KUBE-CLUSTER-IP', '10.0.0.1,tcp:80')]);
      world.kernel.virtualServers.load([old]);
      world.kernel.realServers.load([realServer(old, '10.1.0.1'), realServer(old, '10.1.0.9')]);
      world.refuse('virtualServers', old.key);
      await world.start();
      world.acceptAll();
      world.resetCounts();
      return world;
    }

    it('and has none of its old real servers left, while those that are right are not written', async () => {
      const world = await refused();
      await world.change({ 'a/web': web });
      expect(world.wire.written).to.deep.equal([
        '+ setEntries KUBE-IPVS-IPS 10.0.0.1',
        '+ addresses 10.0.0.1',
        '- realServers TCP 10.0.0.1:80 -> 10.1.0.9:8080',
      ]);
    });

    it('and keeps connections of its old real servers', async () => {
      const world = await refused();
      world.kernel.realServers.connect('TCP 10.0.0.1:80 -> 10.1.0.9:8080', 1);
      await world.change({ 'a/web': web });
      const weights = [...world.kernel.realServers.entries.values()].map(({ weight }) => weight);
      expect(weights).to.deep.equal([1, 0]);
    });

    it('and its real servers are read as soon as they can be', async () => {
      const world = await refused();
      world.kernel.realServers.failRead(new TableError('real-servers', 'EPERM', 'may not read'));
      await world.change({ 'a/web': web });
      expect(world.reconciler.status().failed.map(({ table }) => table)).to.deep.equal(['realServers']);
      world.kernel.realServers.failRead(undefined);
      await world.pass(120_000);
      expect(world.keys('realServers')).to.deep.equal(['TCP 10.0.0.1:80 -> 10.1.0.1:8080']);
    });

    it('and goes again before that was written', async () => {
      const world = await refused();
      await world.change({ 'a/web': web });
      await world.change({ 'a/web': undefined });
      expect(world.keys('virtualServers')).to.be.empty;
      expect(world.reconciler.status().pending.realServers).to.equal(0);
    });
  });
});
