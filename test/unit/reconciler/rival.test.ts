import { expect } from 'chai';
import { virtualServer, World } from './world.ts';

const hour = 3_600_000;
const told = 'another program writes what is ours on this node: if kube-proxy still runs here, stop it';

async function running(): Promise<World> {
  const world = new World();
  world.services.set('a/web', { vip: '10.0.0.1', endpoints: ['10.1.0.1'] });
  await world.start();
  return world;
}

/** Somebody removes our rules, and an audit brings them back, so many times. */
async function contend(world: World, times: number): Promise<void> {
  for (let time = 0; time < times; time += 1) {
    world.kernel.firewall.unload(['IPv4']);
    await world.audit();
  }
}

function warnings({ log }: World): object[] {
  return log.lines.filter(({ message }) => message === told).map(({ fields }) => fields);
}

describe('another program that writes the same things', () => {
  it('is told of when audits in a row find the same table changed, with the table', async () => {
    const world = await running();
    await contend(world, 2);
    expect(warnings(world)).to.be.empty;
    await contend(world, 1);
    expect(warnings(world)).to.deep.equal([{ tables: ['firewall'] }]);
  });

  it('is told of once an hour while it goes on', async () => {
    const world = await running();
    await contend(world, 20);
    expect(warnings(world)).to.have.length(1);
    world.clock.advance(hour);
    await contend(world, 1);
    expect(warnings(world)).to.have.length(2);
  });

  it('is not suspected for what happens now and then', async () => {
    const world = await running();
    for (let time = 0; time < 5; time += 1) {
      await contend(world, 2);
      await world.audit();
    }
    expect(warnings(world)).to.be.empty;
  });

  it('is not suspected where one table after another is changed', async () => {
    const world = await running();
    await contend(world, 2);
    world.kernel.virtualServers.load([virtualServer('10.0.0.1', 80, { scheduler: 'sh' })]);
    await world.audit();
    expect(warnings(world)).to.be.empty;
  });

  it('is not suspected for sysctls and addresses, which many programs write', async () => {
    const world = await running();
    for (let time = 0; time < 5; time += 1) {
      world.kernel.addresses.unload(['10.0.0.1']);
      world.kernel.sysctls.unload(['net/ipv4/vs/conntrack']);
      await world.audit();
    }
    expect(warnings(world)).to.be.empty;
  });

  it('is answered by one repair an audit, and none between', async () => {
    const world = await running();
    world.resetCounts();
    await contend(world, 3);
    world.kernel.firewall.unload(['IPv4']);
    await world.settled();
    expect(world.kernel.firewall.writes).to.equal(3);
  });
});
