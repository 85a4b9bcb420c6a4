import { expect } from 'chai';
import { TableError } from '../../../lib/kernel/table.ts';
import { setEntry } from '../../../lib/model/ip-set.ts';
import type { BasePlan, ServicePlan } from '../../../lib/model/plan.ts';
import { base, realServer, type Sketch, virtualServer, World } from './world.ts';

const web: Sketch = { vip: '10.0.0.1', endpoints: ['10.1.0.1'] };
const api: Sketch = { vip: '10.0.0.9', endpoints: ['192.168.0.1'] };

/** The positions of the lines that begin so. */
function positions(lines: readonly string[], start: string): number[] {
  return lines.flatMap((line, index) => (line.startsWith(start) ? [index] : []));
}

/** That everything of one kind comes before everything of the next. */
function expectOrder(lines: readonly string[], starts: readonly string[]): void {
  const places = starts.map((start) => positions(lines, start));
  for (const [index, place] of places.entries()) {
    expect(place, `${starts[index]!} among ${lines.join(', ')}`).not.to.be.empty;
    if (index > 0) expect(Math.min(...place)).to.be.greaterThan(Math.max(...places[index - 1]!));
  }
}

describe('the order of writes', () => {
  it('is from the inside out where a service is made', async () => {
    const world = new World();
    world.services.set('a/web', web);
    await world.start();
    expectOrder(world.wire.written, [
      '+ sysctls',
      '+ sets',
      '+ firewall',
      '+ setEntries',
      '+ virtualServers',
      '+ realServers',
      '+ addresses',
    ]);
  });

  it('is from the outside in where a service goes, and its real servers go with their virtual server', async () => {
    const world = new World();
    world.services.set('a/web', web);
    await world.start();
    world.resetCounts();
    await world.change({ 'a/web': undefined });
    expectOrder(world.wire.written, ['- addresses', '- virtualServers', '- setEntries']);
    expect(positions(world.wire.written, '- realServers')).to.be.empty;
    expect(world.keys('realServers')).to.be.empty;
    expect(world.reconciler.status().pending.realServers).to.equal(0);
  });

  it('removes a real server before the virtual servers and after the addresses', async () => {
    const world = new World();
    world.services.set('a/web', { ...web, endpoints: ['10.1.0.1', '10.1.0.2'] });
    world.services.set('a/old', { vip: '10.0.0.2', endpoints: ['10.1.0.3'] });
    await world.start();
    world.resetCounts();
    await world.change({ 'a/web': web, 'a/old': undefined });
    expectOrder(world.wire.written, ['- addresses', '- realServers', '- virtualServers', '- setEntries']);
  });

  it('makes what is new before it removes what is old', async () => {
    const world = new World();
    world.services.set('a/web', web);
    await world.start();
    world.resetCounts();
    await world.change({ 'a/web': { ...web, vip: '10.0.0.2' } });
    expectOrder(world.wire.written, ['+ addresses', '- addresses']);
  });

  it('completes default/kubernetes before another service is begun', async () => {
    const world = new World();
    for (let index = 0; index < 20; index += 1) {
      world.services.set(`a/${index}`, { vip: `10.0.1.${index}`, endpoints: ['10.1.0.1'] });
    }
    world.services.set('default/kubernetes', api);
    await world.start();
    const { written } = world.wire;
    const complete = written.indexOf('+ addresses 10.0.0.9');
    const others = written.findIndex((line) => line.includes('10.0.1.'));
    expect(complete).to.be.greaterThan(0);
    expect(others).to.be.greaterThan(complete);
    expect(world.planned[0]).to.equal('default/kubernetes');
    expect(positions(written, '+ firewall')[0]).to.be.lessThan(complete);
  });

  it('is cut into batches, so that many services do not hold up the event loop', async () => {
    const world = new World();
    for (let index = 0; index < 2000; index += 1) {
      world.services.set(`a/${index}`, { vip: `10.${index >> 8}.${index & 255}.1`, endpoints: [] });
    }
    await world.start();
    expect(world.keys('virtualServers')).to.have.length(2000);
    expect(world.kernel.virtualServers.applies).to.be.within(4, 8);
  });
});

describe('what depends on a refused entry', () => {
  it('is held back and follows when that is accepted: a real server after its virtual server', async () => {
    const world = new World();
    world.services.set('a/web', web);
    world.services.set('a/ok', { vip: '10.0.0.2', endpoints: ['10.1.0.2'] });
    world.kernel.virtualServers.refuse('TCP 10.0.0.1:80');
    await world.start();
    expect(world.keys('realServers')).to.deep.equal(['TCP 10.0.0.2:80 -> 10.1.0.2:8080']);
    expect(world.keys('addresses'), 'packets would end at the node itself').to.deep.equal(['10.0.0.2']);
    expect(world.reconciler.status().refused.map(({ key }) => key)).to.deep.equal(['TCP 10.0.0.1:80']);
    world.kernel.virtualServers.accept('TCP 10.0.0.1:80');
    await world.pass(2000);
    expect(world.keys('realServers')).to.have.length(2);
    expect(world.keys('addresses')).to.have.length(2);
    expect(world.reconciler.status().refused).to.be.empty;
  });

  it('is not an address that another virtual server is there for', async () => {
    const world = new World();
    world.services.set('a/web', { ...web, ports: [80, 443] });
    world.kernel.virtualServers.refuse('TCP 10.0.0.1:80');
    await world.start();
    expect(world.keys('addresses')).to.deep.equal(['10.0.0.1']);
  });

  it('is every new address of a family whose iptables program is not there: all of the node would be reached at it', async () => {
    const world = new World();
    world.services.set('a/web', web);
    world.services.set('a/six', { vip: 'fd00::1', endpoints: ['fd00:1::1'] });
    world.kernel.firewall.refuse('IPv4', { code: 'xtables-lock' });
    await world.start();
    expect(world.keys('realServers')).to.have.length(2);
    expect(world.keys('addresses'), 'of IPv6, for which no program is wanted').to.deep.equal(['fd00::1']);
    world.kernel.firewall.accept('IPv4');
    await world.pass(2000);
    expect(world.keys('addresses')).to.have.members(['10.0.0.1', 'fd00::1']);
  });

  it('is no address where an earlier iptables program stands that only cannot become another', async () => {
    const world = new World();
    world.services.set('a/web', web);
    world.kernel.firewall.load([
      { ...base.firewall[0]!, jumps: [{ table: 'nat', hook: 'INPUT', rule: '-j A' }] },
    ]);
    world.kernel.firewall.refuse('IPv4', { code: 'xtables-lock' });
    await world.start();
    expect(world.keys('addresses')).to.deep.equal(['10.0.0.1']);
  });

  it('is not a real server of a virtual server that is there and only refuses a change', async () => {
    const world = new World();
    world.services.set('a/web', web);
    await world.start();
    world.kernel.virtualServers.refuse('TCP 10.0.0.1:80');
    await world.change({ 'a/web': { ...web, scheduler: 'lc', endpoints: ['10.1.0.5'] } });
    expect(world.keys('realServers')).to.deep.equal(['TCP 10.0.0.1:80 -> 10.1.0.5:8080']);
  });

  it('is a set entry where a set of that name is of another type: what is in that one is left alone', async () => {
    const world = new World();
    world.services.set('a/web', web);
    world.kernel.sets.load([
      { key: 'KUBE-CLUSTER-IP', name: 'KUBE-CLUSTER-IP', type: 'hash:ip', family: 'IPv4' },
    ]);
    world.kernel.sets.refuse('KUBE-CLUSTER-IP');
    await world.start();
    expect(world.keys('setEntries')).to.deep.equal(['KUBE-IPVS-IPS 10.0.0.1']);
    world.kernel.sets.accept('KUBE-CLUSTER-IP');
    await world.pass(2000);
    expect(world.keys('setEntries')).to.have.length(2);
  });

  it('is a set entry where its set could not be made', async () => {
    const world = new World();
    world.services.set('a/web', web);
    world.kernel.sets.refuse('KUBE-CLUSTER-IP');
    await world.start();
    expect(world.keys('setEntries')).to.deep.equal(['KUBE-IPVS-IPS 10.0.0.1']);
    expect(world.reconciler.status().refused.map(({ table }) => table)).to.deep.equal(['sets']);
    world.kernel.sets.accept('KUBE-CLUSTER-IP');
    await world.pass(2000);
    expect(world.keys('setEntries')).to.have.length(2);
  });

  it('is the set entry that records a virtual server which cannot be removed', async () => {
    const world = new World();
    world.services.set('a/web', web);
    await world.start();
    world.kernel.virtualServers.refuse('TCP 10.0.0.1:80', { code: 'EPERM' });
    await world.change({ 'a/web': undefined });
    expect(world.keys('setEntries')).to.deep.equal(['KUBE-CLUSTER-IP 10.0.0.1,tcp:80']);
    expect(world.keys('addresses')).to.be.empty;
    world.kernel.virtualServers.accept('TCP 10.0.0.1:80');
    await world.restart();
    expect(world.keys('virtualServers'), 'known for ours by the entry alone').to.be.empty;
    expect(world.keys('setEntries')).to.be.empty;
  });

  it('is what records a virtual server, its address too, while it is not known which there are', async () => {
    const world = new World();
    world.services.set('a/web', web);
    await world.start();
    world.kernel.virtualServers.failRead(new TableError('virtual-servers', 'ENOBUFS', 'overrun'));
    world.wire.lossy.add('virtualServers');
    await world.change({ 'a/new': { vip: '10.0.0.2', endpoints: [] } });
    await world.change({ 'a/web': undefined });
    expect(world.keys('setEntries')).to.include('KUBE-CLUSTER-IP 10.0.0.1,tcp:80');
    expect(world.keys('addresses')).to.include('10.0.0.1');
    world.kernel.virtualServers.failRead(undefined);
    await world.pass(120_000);
    expect(world.keys('virtualServers')).to.deep.equal(['TCP 10.0.0.2:80']);
    expect(world.keys('addresses')).to.deep.equal(['10.0.0.2']);
    expect(world.keys('setEntries')).to.have.length(2);
  });
});

describe('the order of writes where a traffic policy changes', () => {
  const exempt = 'KUBE-NODE-PORT-LOCAL-TCP';
  const baseWithPorts: BasePlan = {
    ...base,
    sets: [...base.sets, { key: exempt, name: exempt, type: 'bitmap:port', family: 'IPv4' }],
  };

  /** A node port: by all endpoints, or by one on the node with the sources of clients kept. */
  function planOf(service: string, policy: string): ServicePlan {
    const server = virtualServer('192.168.0.1', 30_080);
    const endpoints = policy === 'Local' ? ['10.1.0.1'] : ['10.1.0.1', '10.1.0.2'];
    return {
      service,
      created: 0,
      virtualServers: [{ server, realServers: endpoints.map((address) => realServer(server, address)) }],
      setEntries: policy === 'Local' ? [setEntry(exempt, '30080')] : [],
      addresses: [],
    };
  }

  async function running(policy: string): Promise<{ world: World; turn: (next?: string) => Promise<void> }> {
    let now: string | undefined = policy;
    const world = new World({
      base: baseWithPorts,
      plan: (service) => (now === undefined ? undefined : planOf(service, now)),
    });
    world.services.set('a/web', web);
    await world.start();
    world.resetCounts();
    return {
      world,
      turn: async (next) => {
        now = next;
        await world.change({ 'a/web': next === undefined ? undefined : web });
      },
    };
  }

  it('takes the endpoints elsewhere away before clients keep their sources', async () => {
    const { world, turn } = await running('Cluster');
    await turn('Local');
    expectOrder(world.wire.written, ['- realServers', '+ setEntries']);
  });

  it('masquerades clients before there are endpoints elsewhere again', async () => {
    const { world, turn } = await running('Local');
    await turn('Cluster');
    expectOrder(world.wire.written, ['- setEntries', '+ realServers']);
  });

  it('keeps the record of a node port that goes until its virtual server is gone', async () => {
    const { world, turn } = await running('Local');
    await turn();
    expectOrder(world.wire.written, ['- virtualServers', '- setEntries']);
  });

  it('keeps the sources of clients from the first packet on where the service is new', async () => {
    const world = new World({ base: baseWithPorts, plan: (service) => planOf(service, 'Local') });
    world.services.set('a/web', web);
    await world.start();
    expectOrder(world.wire.written, ['+ setEntries', '+ virtualServers', '+ realServers']);
  });
});
