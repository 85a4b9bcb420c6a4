import { expect } from 'chai';
import { type DaemonFacts, daemonStatus } from '../../../lib/cli/daemon-status.ts';
import { unknownNode } from '../../../lib/cli/service-source.ts';
import { readConfiguration } from '../../../lib/config/effective-configuration.ts';
import { TableError } from '../../../lib/kernel/table.ts';
import { perTable } from '../../../lib/reconciler/table-name.ts';
import { longestList } from '../../../lib/socket/status.ts';
import { WatchCounters } from '../../../lib/sources/kubernetes/watch-counters.ts';
import { type Sketch, World } from '../reconciler/world.ts';

const web: Sketch = { vip: '10.0.0.1', endpoints: ['10.1.0.1', '10.1.0.2'] };
const wanted = { 'a/web': web } as const;

/** What is known of a daemon that has just been started on manifests. */
function facts(changes: Partial<DaemonFacts> = {}): DaemonFacts {
  return {
    now: Date.UTC(2026, 0, 2, 3, 4, 5, 678),
    started: Date.UTC(2026, 0, 2),
    build: { version: '1.2.3', node_version: 'v24.1.0', kernel_release: '6.1.0', ipvs_version: '1.2.1' },
    verbosity: 2,
    configuration: readConfiguration({ manifests: '/m' }, 'node-a'),
    source: { cluster: undefined, node: unknownNode },
    catalog: { synced: false, services: 0 },
    families: ['IPv4', 'IPv6'],
    health: { healthy: true, reasons: [], lastPass: undefined, eligible: true },
    programming: undefined,
    ...changes,
  };
}

/** What is known of one whose reconciler is that of a world. */
function factsOf(world: World): DaemonFacts {
  return facts({
    programming: {
      reconciler: world.reconciler.status(),
      node: {
        name: 'node-a',
        addresses: ['192.0.2.1'],
        localAddresses: ['192.0.2.1', '192.0.2.9'],
        zone: '',
      },
      lastWrite: null,
      drift: perTable((name) => (name === 'realServers' ? 3 : 0)),
      owners: (keys) => new Map(keys.map((key) => [key, ['a/web']])),
    },
  });
}

async function running(): Promise<World> {
  const world = new World();
  for (const [key, sketch] of Object.entries(wanted)) world.services.set(key, sketch);
  await world.start();
  return world;
}

describe('the status of a daemon', () => {
  it('tells what runs and what it waits for before every service is known', () => {
    const status = daemonStatus(facts());
    expect(status).to.deep.include({
      time: '2026-01-02T03:04:05.678Z',
      versions: { kubeIpvs: '1.2.3', node: '24.1.0', kernel: '6.1.0', ipvs: '1.2.1' },
      source: { kind: 'manifests', place: '/m', synced: false, services: 0, trouble: null, watches: [] },
      health: { healthy: true, reasons: [], lastPass: null },
      programming: null,
    });
    expect(status.process).to.include({
      pid: process.pid,
      started: '2026-01-02T00:00:00.000Z',
      phase: 'starting',
      verbosity: 2,
    });
  });

  it('has one digest for configurations that differ in nothing but the name of the node', () => {
    const digest = (flags: object, node: string): string =>
      daemonStatus(facts({ configuration: readConfiguration(flags, node) })).configuration.digest;
    expect(digest({}, 'node-a')).to.equal(digest({ scheduler: 'rr' }, 'node-b'));
    expect(digest({}, 'node-a')).to.not.equal(digest({ scheduler: 'lc' }, 'node-a'));
    expect(digest({}, 'node-a')).to.match(/^[0-9a-f]{12}$/);
  });

  it('tells each watch of the API server, and what keeps it from going on', () => {
    const services = new WatchCounters();
    Object.assign(services, { events: 7, lists: 2, watching: true, lastEvent: 1000, lastSync: 0 });
    services.add('relists', 'expired');
    const cluster = {
      server: new URL('https://192.0.2.1:6443'),
      watches: { services, nodes: new WatchCounters() },
      troubles: { server: 'no answer', watches: { services: undefined, nodes: 'forbidden' } },
    };
    const source = { cluster, node: unknownNode } as unknown as DaemonFacts['source'];
    const told = daemonStatus(facts({ source })).source;
    expect(told).to.include({ kind: 'kubernetes', place: 'https://192.0.2.1:6443/', trouble: 'no answer' });
    expect(told.watches).to.deep.equal([
      {
        ...{ resource: 'services', synced: true, open: true, trouble: null },
        ...{ lastEvent: '1970-01-01T00:00:01.000Z', lastList: '1970-01-01T00:00:00.000Z' },
        ...{ events: 7, lists: 2, relists: { expired: 1 }, troubles: {} },
      },
      {
        ...{ resource: 'nodes', synced: false, open: false, trouble: 'forbidden' },
        ...{ lastEvent: null, lastList: null, events: 0, lists: 0, relists: {}, troubles: {} },
      },
    ]);
  });

  it('tells every table, what was written and when', async () => {
    const { process: told, programming, node } = daemonStatus(factsOf(await running()));
    expect(told.phase).to.equal('running');
    expect(programming?.tables.map(({ table }) => table)).to.deep.equal([
      ...['sysctls', 'sets', 'firewall', 'setEntries', 'virtualServers', 'realServers', 'addresses'],
    ]);
    expect(programming?.tables[5]).to.deep.equal({
      ...{ table: 'realServers', entries: 2, pending: 0, refused: 0, writes: 2, drift: 3, trouble: null },
    });
    expect(programming).to.include({ services: 1, refusedCount: 0, drainingCount: 0, lastAudit: null });
    expect(programming?.lastSync).to.deep.include({ services: 1, writes: 10, refusals: 0 });
    expect(node.localAddresses).to.deep.equal(['192.0.2.1', '192.0.2.9']);
  });

  it('tells what the kernel refused, for whom, why and when it is tried again', async () => {
    const world = await running();
    world.refuse('realServers', 'TCP 10.0.0.1:80 -> 10.1.0.3:8080');
    await world.change({ 'a/web': { ...web, endpoints: ['10.1.0.3'] } });
    const { programming } = daemonStatus(factsOf(world));
    const [entry] = programming?.refused ?? [];
    expect(entry).to.deep.include({
      table: 'realServers',
      key: 'TCP 10.0.0.1:80 -> 10.1.0.3:8080',
      services: ['a/web'],
      attempts: 1,
    });
    expect(entry?.reason).to.be.a('string').that.is.not.empty;
    expect(entry?.nextTry).to.match(/^1970-01-01T00:16:4\d/);
    expect(programming?.tables[5]).to.include({ pending: 1, refused: 1 });
  });

  it('tells what drains, what drifted, what is contended and what it does not know', async () => {
    const world = await running();
    world.kernel.realServers.connect('TCP 10.0.0.1:80 -> 10.1.0.1:8080', 4);
    await world.change({ 'a/web': { ...web, endpoints: ['10.1.0.2'] }, 'b/other': { ...web, created: 9 } });
    world.kernel.addresses.unload(['10.0.0.1']);
    await world.audit();
    world.kernel.firewall.failApply(new TableError('firewall', 'EIO', 'expected an answer, got none'));
    world.kernel.firewall.unload(['IPv4']);
    await world.audit();
    const { programming } = daemonStatus(factsOf(world));
    expect(programming?.draining).to.deep.equal([
      {
        key: 'TCP 10.0.0.1:80 -> 10.1.0.1:8080',
        since: '1970-01-01T00:16:40.000Z',
        deadline: '1970-01-01T00:31:40.000Z',
        connections: 4,
      },
    ]);
    expect(programming?.conflicts).to.deep.equal([
      { key: 'TCP 10.0.0.1:80', winner: 'a/web', losers: ['b/other'] },
    ]);
    expect(programming?.lastAudit?.drift).to.deep.equal([
      { table: 'firewall', key: 'IPv4', kind: 'missing' },
    ]);
    expect(programming?.tables[2]?.trouble).to.equal('expected an answer, got none');
  });

  it('ends long lists, and tells how long they are', async () => {
    const world = new World();
    for (let index = 0; index < longestList + 20; index += 1) {
      const vip = `10.0.${index >> 4}.${index & 15}`;
      world.services.set(`a/s${index}`, { vip, endpoints: [] });
      world.refuse('virtualServers', `TCP ${vip}:80`);
    }
    await world.start();
    const { programming } = daemonStatus(factsOf(world));
    expect(programming?.refusedCount).to.equal(longestList + 20);
    expect(programming?.refused).to.have.length(longestList);
  });
});
