import { expect } from 'chai';
import { TableError } from '../../../lib/kernel/table.ts';
import { setEntry } from '../../../lib/model/ip-set.ts';
import type { VirtualServer } from '../../../lib/model/virtual-server.ts';
import { ownsVirtualServer } from '../../../lib/reconciler/ownership.ts';
import { realServer, type Sketch, virtualServer, World } from './world.ts';

const web: Sketch = { vip: '10.0.0.1', endpoints: ['10.1.0.1'] };

async function running(options: ConstructorParameters<typeof World>[0] = {}): Promise<World> {
  const world = new World(options);
  world.services.set('a/web', web);
  await world.start();
  world.resetCounts();
  return world;
}

describe('audits of many virtual servers', () => {
  const hosts = Array.from({ length: 1500 }, (_, index) => `${index >> 8}.${index & 255}`);
  const period = 30_000;

  async function many(): Promise<World> {
    const world = new World({ syncPeriod: period });
    for (const host of hosts)
      world.services.set(`a/s${host}`, { vip: `10.0.${host}`, endpoints: [`10.1.${host}`] });
    await world.start();
    world.resetCounts();
    return world;
  }

  it('look behind a third of them each time, and behind everything in three', async () => {
    const world = await many();
    const looks: number[] = [];
    for (let turn = 0; turn < 3; turn += 1) {
      const before = world.kernel.realServers.useReads;
      await world.pass(period);
      looks.push(world.kernel.realServers.useReads - before);
    }
    expect(looks.reduce((sum, one) => sum + one, 0)).to.equal(hosts.length);
    for (const one of looks) expect(one).to.be.within(400, 600);
  });

  it('bring back every real server that vanished within as many turns, and virtual servers with the first', async () => {
    const world = await many();
    const all = world.keys('realServers');
    world.kernel.realServers.unload(all);
    world.kernel.virtualServers.unload(['TCP 10.0.0.7:80']);
    await world.pass(period);
    expect(world.keys('virtualServers')).to.have.length(hosts.length);
    expect(world.keys('realServers')).to.have.length.within(400, 600);
    await world.pass(period);
    await world.pass(period);
    expect(world.keys('realServers')).to.have.members(all);
  });

  it('look behind all of them where they are asked for', async () => {
    const world = await many();
    await world.audit();
    expect(world.kernel.realServers.useReads).to.equal(hosts.length);
  });
});

describe('an audit', () => {
  it('finds nothing and writes nothing where nothing drifted', async () => {
    const world = await running();
    const report = await world.audit();
    expect(report.drift).to.be.empty;
    expect(world.writes).to.equal(0);
    expect(world.log.at('warn')).to.be.empty;
  });

  for (const [table, key, others] of [
    ['sysctls', 'net/ipv4/vs/conntrack', []],
    ['firewall', 'IPv4', []],
    ['setEntries', 'KUBE-CLUSTER-IP 10.0.0.1,tcp:80', []],
    ['sets', 'KUBE-IPVS-IPS', ['setEntries KUBE-IPVS-IPS 10.0.0.1']],
    ['virtualServers', 'TCP 10.0.0.1:80', ['realServers TCP 10.0.0.1:80 -> 10.1.0.1:8080']],
    ['realServers', 'TCP 10.0.0.1:80 -> 10.1.0.1:8080', []],
    ['addresses', '10.0.0.1', []],
  ] as const) {
    it(`brings back what vanished from ${table}, with what went with it, and nothing else`, async () => {
      const world = await running();
      world.kernel[table].unload([key]);
      await world.audit();
      expect(world.wire.written).to.have.members([
        `+ ${table} ${key}`,
        ...others.map((other) => `+ ${other}`),
      ]);
      expect(world.log.at('warn')).to.deep.equal(['the kernel had drifted and was repaired']);
    });
  }

  it('does not say that it has repaired what the kernel refuses', async () => {
    const world = await running();
    world.kernel.addresses.unload(['10.0.0.1']);
    world.refuse('addresses', '10.0.0.1');
    await world.audit();
    const [told] = world.log.lines.filter(({ message }) => message.includes('drifted'));
    expect(told).to.deep.include({
      message: 'the kernel had drifted, and refuses the repair or a part of it',
      fields: { entries: [{ table: 'addresses', key: '10.0.0.1', kind: 'missing' }], count: 1, refused: 1 },
    });
  });

  it('sets right what others have changed', async () => {
    const world = await running();
    world.kernel.virtualServers.load([virtualServer('10.0.0.1', 80, { scheduler: 'sh' })]);
    const report = await world.audit();
    expect(report.drift).to.deep.equal([
      { table: 'virtualServers', key: 'TCP 10.0.0.1:80', kind: 'different' },
    ]);
    expect(world.kernel.virtualServers.entries.get('TCP 10.0.0.1:80')?.scheduler).to.equal('rr');
  });

  it('removes a stray real server of ours, a stray address and a stray entry of our sets', async () => {
    const world = await running();
    world.kernel.realServers.load([realServer(virtualServer('10.0.0.1', 80), '10.1.0.9')]);
    world.kernel.addresses.load([{ key: '10.0.0.7', address: '10.0.0.7' }]);
    world.kernel.setEntries.load([setEntry('KUBE-CLUSTER-IP', '10.0.0.7,tcp:1')]);
    await world.audit();
    expect(world.wire.written).to.deep.equal([
      '- addresses 10.0.0.7',
      '- realServers TCP 10.0.0.1:80 -> 10.1.0.9:8080',
      '- setEntries KUBE-CLUSTER-IP 10.0.0.7,tcp:1',
    ]);
  });

  it('leaves a table alone that cannot be read, and audits the others', async () => {
    const world = await running();
    world.kernel.setEntries.failRead(new TableError('set-entries', 'EPERM', 'may not'));
    world.kernel.addresses.unload(['10.0.0.1']);
    const { failures } = await world.audit();
    expect(failures.map(({ table }) => table)).to.deep.equal(['setEntries']);
    expect(world.wire.written).to.deep.equal(['+ addresses 10.0.0.1']);
    expect(world.log.at('error')).to.deep.equal(['a table could not be audited: the others were']);
  });

  it('removes no record while the virtual servers cannot be read', async () => {
    const world = await running();
    world.kernel.setEntries.load([setEntry('KUBE-CLUSTER-IP', '10.0.0.7,tcp:1')]);
    world.kernel.virtualServers.failRead(new TableError('virtual-servers', 'EPERM', 'may not'));
    await world.audit();
    expect(world.writes).to.equal(0);
  });

  it('comes by itself within every sync period, and not before four fifths of it', async () => {
    const world = await running({ syncPeriod: 30_000 });
    for (let round = 0; round < 3; round += 1) {
      world.kernel.addresses.unload(['10.0.0.1']);
      const reads = world.kernel.addresses.reads;
      await world.pass(23_900);
      expect(world.kernel.addresses.reads).to.equal(reads);
      for (let passed = 23_900; world.kernel.addresses.reads === reads; passed += 100) {
        expect(passed).to.be.below(30_000);
        await world.pass(100);
      }
      expect(world.keys('addresses')).to.deep.equal(['10.0.0.1']);
    }
  });

  it('lets changes be written between its steps', async () => {
    const world = await running();
    const audit = world.reconciler.audit();
    world.services.set('a/new', { vip: '10.0.0.2', endpoints: [] });
    const read = world.kernel.sysctls.read.bind(world.kernel.sysctls);
    world.kernel.sysctls.read = () => {
      world.reconciler.changed(['a/new']);
      return read();
    };
    let atRealServers: string[] = [];
    const readUse = world.kernel.realServers.readUse.bind(world.kernel.realServers);
    world.kernel.realServers.readUse = (virtualServer) => {
      atRealServers = world.keys('virtualServers');
      return readUse(virtualServer);
    };
    world.clock.advance(0);
    const { drift } = await audit;
    expect(atRealServers).to.include('TCP 10.0.0.2:80');
    expect(drift).to.be.empty;
  });

  it('lets alone what was stray when it was read, and has come and gone with a service since', async () => {
    const world = await running();
    world.kernel.addresses.load([{ key: '10.0.0.7', address: '10.0.0.7' }]);
    const { virtualServers, realServers } = world.kernel;
    const read = virtualServers.read.bind(virtualServers);
    virtualServers.read = () => {
      world.services.set('a/seven', { vip: '10.0.0.7', endpoints: [] });
      world.reconciler.changed(['a/seven']);
      return read();
    };
    const readUse = realServers.readUse.bind(realServers);
    realServers.readUse = (virtualServer) => {
      world.services.delete('a/seven');
      world.reconciler.changed(['a/seven']);
      return readUse(virtualServer);
    };
    const { drift } = await world.audit();
    expect(drift).to.deep.equal([]);
    expect(world.keys('addresses')).to.deep.equal(['10.0.0.1']);
    expect(world.wire.written.filter((write) => write === '- addresses 10.0.0.7')).to.have.length(1);
  });

  describe('of many real servers', () => {
    const vip = (number: number): string => `10.0.1.${number}`;
    const pod = (number: number): string => `10.1.1.${number}`;
    const keyOf = (number: number): string => `TCP ${vip(number)}:80 -> ${pod(number)}:8080`;

    async function runningMany(): Promise<World> {
      const world = new World();
      for (let number = 0; number < 200; number += 1)
        world.services.set(`b/service-${number}`, { vip: vip(number), endpoints: [pod(number)] });
      await world.start();
      world.resetCounts();
      return world;
    }

    /** Calls back when so many virtual servers have been asked for their real servers. */
    function atRead(world: World, count: number, act: () => void): { reads(): number } {
      let reads = 0;
      const readUse = world.kernel.realServers.readUse.bind(world.kernel.realServers);
      world.kernel.realServers.readUse = (virtualServer) => {
        reads += 1;
        if (reads === count) act();
        return readUse(virtualServer);
      };
      return { reads: () => reads };
    }

    it('writes a change that comes meanwhile before the last of them is read', async () => {
      const world = await runningMany();
      let readsAtWrite = 0;
      const reading = atRead(world, 10, () => {
        world.services.set('b/service-150', { vip: vip(150), endpoints: [pod(150), '10.1.2.1'] });
        world.reconciler.changed(['b/service-150']);
      });
      const apply = world.kernel.realServers.apply.bind(world.kernel.realServers);
      world.kernel.realServers.apply = (changes) => {
        readsAtWrite = reading.reads();
        return apply(changes);
      };
      const { drift } = await world.audit();
      expect(drift).to.deep.equal([]);
      expect(readsAtWrite).to.be.within(10, 199);
      expect(world.keys('realServers')).to.include(`TCP ${vip(150)}:80 -> 10.1.2.1:8080`);
    });

    it('repairs what drifted in every part of them, once, and removes what strays', async () => {
      const world = await runningMany();
      world.kernel.realServers.unload([keyOf(3), keyOf(190)]);
      world.kernel.realServers.load([realServer(virtualServer(vip(100), 80), '10.1.0.9')]);
      const { drift } = await world.audit();
      expect(drift.map(({ key, kind }) => `${kind} ${key}`)).to.have.members([
        `missing ${keyOf(3)}`,
        `missing ${keyOf(190)}`,
        `extra TCP ${vip(100)}:80 -> 10.1.0.9:8080`,
      ]);
      expect(world.keys('realServers')).to.have.length(200);
      expect((await world.audit()).drift).to.deep.equal([]);
      expect(world.writes).to.equal(3);
    });

    it('tells of a table that cannot be read further, and goes on with what was read', async () => {
      const world = await runningMany();
      world.kernel.realServers.unload([keyOf(3)]);
      atRead(world, 150, () => {
        world.kernel.realServers.failRead(new TableError('real-servers', 'ENOBUFS', 'lost'));
      });
      const { drift, failures } = await world.audit();
      expect(drift.map(({ key }) => key)).to.deep.equal([keyOf(3)]);
      expect(failures.map(({ table }) => table)).to.deep.equal(['realServers']);
      expect(world.keys('realServers')).to.include(keyOf(3));
    });
  });
});

describe('a virtual server that no service wants', () => {
  const server = virtualServer('10.0.0.7', 80);

  it('is left alone with its real servers where nothing tells that it is ours', async () => {
    const world = await running();
    world.kernel.virtualServers.load([server]);
    world.kernel.realServers.load([realServer(server, '10.1.0.9')]);
    const { drift } = await world.audit();
    await world.restart();
    expect(drift).to.be.empty;
    expect(world.keys('realServers')).to.include('TCP 10.0.0.7:80 -> 10.1.0.9:8080');
  });

  it('is removed where a set entry tells that it is ours, the entry last', async () => {
    const world = await running();
    world.kernel.virtualServers.load([server]);
    world.kernel.setEntries.load([setEntry('KUBE-CLUSTER-IP', '10.0.0.7,tcp:80')]);
    await world.restart();
    expect(world.wire.written).to.deep.equal([
      '- virtualServers TCP 10.0.0.7:80',
      '- setEntries KUBE-CLUSTER-IP 10.0.0.7,tcp:80',
    ]);
  });

  it('is never removed from an excluded CIDR, nor is one that a service gave up', async () => {
    const world = await running({ excludeCIDRs: ['10.0.0.0/24'] });
    world.kernel.virtualServers.load([server]);
    world.kernel.addresses.load([{ key: '10.0.0.7', address: '10.0.0.7' }]);
    await world.change({ 'a/web': undefined });
    await world.audit();
    expect(world.keys('virtualServers')).to.deep.equal(['TCP 10.0.0.1:80', 'TCP 10.0.0.7:80']);
    expect(world.keys('realServers')).to.have.length(1);
    expect(world.keys('addresses')).to.be.empty;
  });

  it('is taken over where a service comes to want it, and goes with the service', async () => {
    const world = await running();
    world.kernel.virtualServers.load([virtualServer('10.0.0.7', 80, { scheduler: 'wlc' })]);
    await world.change({ 'a/seven': { vip: '10.0.0.7', endpoints: [] } });
    expect(world.kernel.virtualServers.entries.get(server.key)?.scheduler).to.equal('rr');
    await world.change({ 'a/seven': undefined });
    expect(world.keys('virtualServers')).not.to.include(server.key);
  });

  const nodePort = (changes: Partial<VirtualServer>): VirtualServer =>
    virtualServer(changes.address ?? '192.168.0.1', 30_080, changes);
  for (const [title, candidate, entries, addresses, ours] of [
    ['by its address on kube-ipvs0', server, [], ['10.0.0.7'], true],
    ['not by another address there', server, [], ['10.0.0.8'], false],
    ['by an external address', server, [['KUBE-EXTERNAL-IP', '10.0.0.7,tcp:80']], [], true],
    [
      'by an external address of policy Local',
      server,
      [['KUBE-EXTERNAL-IP-LOCAL', '10.0.0.7,tcp:80']],
      [],
      true,
    ],
    ['by a load balancer address', server, [['KUBE-LOAD-BALANCER', '10.0.0.7,tcp:80']], [], true],
    ['not by an entry for another port', server, [['KUBE-CLUSTER-IP', '10.0.0.7,tcp:81']], [], false],
    ['not by an entry for another protocol', server, [['KUBE-CLUSTER-IP', '10.0.0.7,udp:80']], [], false],
    ['not by an entry of a set that is not ours', server, [['MINE', '10.0.0.7,tcp:80']], [], false],
    [
      'by its SCTP node port',
      nodePort({ protocol: 'SCTP' }),
      [['KUBE-NODE-PORT-SCTP-HASH', '192.168.0.1,sctp:30080']],
      [],
      true,
    ],
  ] as [string, VirtualServer, [string, string][], string[], boolean][]) {
    it(`is known ${ours ? 'for ours ' : ''}${title}`, () => {
      const setEntries = new Map(
        entries.map(([set, element]) => [`${set} ${element}`, setEntry(set, element)]),
      );
      const bound = new Map(addresses.map((address) => [address, { key: address, address }]));
      expect(ownsVirtualServer(candidate, { setEntries, addresses: bound })).to.equal(ours);
    });
  }

  const port = (set: string): [string, string] => [set, '30080'];
  const on = (address: string): [string, string] => ['KUBE-NODE-PORT-IPS', address];
  const own = '192.168.0.1';
  for (const [title, candidate, entries, addresses, ours] of [
    ['by its node port on a recorded address', nodePort({}), [port('KUBE-NODE-PORT-TCP'), on(own)], [], true],
    ['by one of policy Local', nodePort({}), [port('KUBE-NODE-PORT-LOCAL-TCP'), on(own)], [], true],
    [
      'by its IPv6 node port',
      nodePort({ address: 'fd00::1' }),
      [port('KUBE-6-NODE-PORT-TCP'), ['KUBE-6-NODE-PORT-IPS', 'fd00::1']],
      [],
      true,
    ],
    [
      'by a port and an address that the node no longer has',
      nodePort({}),
      [port('KUBE-NODE-PORT-TCP'), on(own)],
      ['192.168.0.2'],
      true,
    ],
    [
      'by a port and an address of the node, where kube-proxy has recorded no address',
      nodePort({}),
      [port('KUBE-NODE-PORT-TCP')],
      [own],
      true,
    ],
    [
      'by those, where addresses of the other family are recorded',
      nodePort({}),
      [port('KUBE-NODE-PORT-TCP'), ['KUBE-6-NODE-PORT-IPS', 'fd00::1']],
      [own],
      true,
    ],
    [
      'not by a port alone, on an address that is not served',
      nodePort({}),
      [port('KUBE-NODE-PORT-TCP'), on('192.168.0.2')],
      [own],
      false,
    ],
    [
      'not by a port alone, on an address of another machine',
      nodePort({}),
      [port('KUBE-NODE-PORT-TCP')],
      [],
      false,
    ],
    ['not by its address alone', nodePort({}), [on(own)], [own], false],
    [
      'not by a node port of another protocol',
      nodePort({}),
      [port('KUBE-NODE-PORT-UDP'), on(own)],
      [],
      false,
    ],
    [
      'not by an IPv4 node port',
      nodePort({ address: 'fd00::1' }),
      [port('KUBE-NODE-PORT-TCP'), ['KUBE-6-NODE-PORT-IPS', 'fd00::1']],
      [],
      false,
    ],
  ] as [string, VirtualServer, [string, string][], string[], boolean][]) {
    it(`is known ${ours ? 'for ours ' : ''}${title}`, () => {
      const setEntries = new Map(
        entries.map(([set, element]) => [`${set} ${element}`, setEntry(set, element)]),
      );
      expect(ownsVirtualServer(candidate, { setEntries, nodeAddresses: addresses })).to.equal(ours);
    });
  }

  it('is not known for ours where neither sets nor addresses could be read', () => {
    expect(ownsVirtualServer(server, {})).to.be.false;
  });
});
