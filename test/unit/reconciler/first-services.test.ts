import { expect } from 'chai';
import { TableError } from '../../../lib/kernel/table.ts';
import { setEntry } from '../../../lib/model/ip-set.ts';
import { type FirstReport, programFirst } from '../../../lib/reconciler/first-services.ts';
import { base, realServer, type Sketch, virtualServer, World } from './world.ts';

const api: Sketch = { vip: '10.0.0.9', endpoints: ['192.168.0.1', '192.168.0.2'] };
const server = virtualServer('10.0.0.9', 80);
const foreign = virtualServer('10.0.0.50', 80, { scheduler: 'lc' });

describe('programFirst', () => {
  let world: World;

  beforeEach(() => {
    world = new World();
    world.services.set('default/kubernetes', api);
  });

  const program = (): Promise<FirstReport | undefined> =>
    programFirst(world.options(), ['default/kubernetes']);

  /** Everything that the kernel holds. */
  const held = (): unknown[] => world.tables.map(({ entries }) => [...entries]);

  it('writes the base and the services, from the inside to the address', async () => {
    expect(await program()).to.deep.equal({ writes: 10, shortfall: 0 });
    expect(world.wire.written).to.deep.equal([
      '+ sysctls net/ipv4/vs/conntrack',
      '+ sets KUBE-CLUSTER-IP',
      '+ sets KUBE-IPVS-IPS',
      '+ firewall IPv4',
      `+ setEntries ${setEntry('KUBE-CLUSTER-IP', '10.0.0.9,tcp:80').key}`,
      `+ setEntries ${setEntry('KUBE-IPVS-IPS', '10.0.0.9').key}`,
      `+ virtualServers ${server.key}`,
      `+ realServers ${realServer(server, '192.168.0.1').key}`,
      `+ realServers ${realServer(server, '192.168.0.2').key}`,
      '+ addresses 10.0.0.9',
    ]);
  });

  it('leaves what there is besides, ours or not, and so does nothing but add', async () => {
    const old = virtualServer('10.0.0.51', 80);
    world.kernel.sysctls.load([{ key: 'net/ipv4/vs/conntrack', value: '0' }]);
    world.kernel.sets.load(base.sets);
    world.kernel.setEntries.load([setEntry('KUBE-CLUSTER-IP', '10.0.0.51,tcp:80')]);
    world.kernel.virtualServers.load([foreign, old]);
    world.kernel.realServers.load([realServer(foreign, '10.1.0.7'), realServer(old, '10.1.0.8')]);
    world.kernel.addresses.load([{ key: '10.0.0.51', address: '10.0.0.51' }]);
    expect((await program())?.shortfall).to.equal(0);
    expect(world.wire.written.filter((line) => !line.startsWith('+'))).to.deep.equal([
      '~ sysctls net/ipv4/vs/conntrack',
    ]);
    expect(world.keys('virtualServers')).to.have.members([foreign.key, old.key, server.key]);
    expect(world.keys('addresses')).to.deep.equal(['10.0.0.51', '10.0.0.9']);
  });

  const obstacles: readonly (readonly [string, () => void])[] = [
    [
      'the service has a virtual server with endpoints already',
      () => {
        world.kernel.virtualServers.load([server]);
        world.kernel.realServers.load([realServer(server, '192.168.0.9')]);
      },
    ],
    [
      'there is a virtual server at its address without endpoints',
      () => {
        world.kernel.virtualServers.load([server]);
      },
    ],
    [
      'there is another virtual server at its address',
      () => {
        world.kernel.virtualServers.load([virtualServer('10.0.0.9', 80, { scheduler: 'lc' })]);
      },
    ],
    [
      'a set is of another type, which would have to be made anew',
      () => {
        world.kernel.sets.load([{ ...base.sets[0]!, type: 'hash:ip' }]);
      },
    ],
    [
      'the firewall has another program',
      () => {
        const jumps = [{ table: 'nat', hook: 'OUTPUT', rule: '-j KUBE-SERVICES' }] as const;
        world.kernel.firewall.load([{ ...base.firewall[0]!, jumps }]);
      },
    ],
  ];
  for (const [what, load] of obstacles) {
    it(`writes nothing at all where ${what}`, async () => {
      load();
      const before = held();
      expect(await program()).to.equal(undefined);
      expect(held()).to.deep.equal(before);
      expect(world.writes).to.equal(0);
    });
  }

  it('reads no table of a node that serves already', async () => {
    world.kernel.virtualServers.load([server]);
    world.kernel.realServers.load([realServer(server, '192.168.0.9')]);
    await program();
    expect(world.tables.map(({ reads }) => reads)).to.deep.equal([0, 0, 0, 0, 0, 0, 0]);
  });

  it('writes nothing where a table cannot be read, and says so', async () => {
    world.kernel.setEntries.failRead(new TableError('set-entries', 'EPERM', 'it is forbidden'));
    const error: unknown = await program().catch((thrown: unknown) => thrown);
    expect(error).to.be.instanceOf(TableError);
    expect(world.writes).to.equal(0);
  });

  it('tells what was refused, and binds no address where it would lead nowhere', async () => {
    world.refuse('virtualServers', server.key);
    expect((await program())?.shortfall).to.equal(4);
    expect(world.keys('addresses')).to.deep.equal([]);
  });

  describe('and the start behind it', () => {
    beforeEach(async () => {
      await program();
      world.resetCounts();
    });

    it('writes only the difference', async () => {
      world.services.set('default/kubernetes', { ...api, endpoints: ['192.168.0.1', '192.168.0.3'] });
      world.services.set('a/web', { vip: '10.0.0.1', endpoints: [] });
      await world.start();
      const written = world.wire.written.filter((line) => line.includes('10.0.0.9'));
      expect(written).to.deep.equal([
        `+ realServers ${realServer(server, '192.168.0.3').key}`,
        `- realServers ${realServer(server, '192.168.0.2').key}`,
      ]);
      expect(world.keys('addresses')).to.deep.equal(['10.0.0.1', '10.0.0.9']);
    });

    it('writes nothing where nothing else is asked for', async () => {
      await world.start();
      expect(world.wire.written).to.deep.equal([]);
    });

    it('removes the service again where it is gone meanwhile', async () => {
      world.services.clear();
      await world.start();
      expect(world.keys('virtualServers')).to.deep.equal([]);
      expect(world.keys('addresses')).to.deep.equal([]);
      expect(world.keys('setEntries')).to.deep.equal([]);
    });
  });
});
