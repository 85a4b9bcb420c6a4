import { expect } from 'chai';
import { World } from './world.ts';

describe('reconciler', () => {
  it('brings services into the kernel', async () => {
    const world = new World();
    world.services.set('a/web', { vip: '10.0.0.1', endpoints: ['10.1.0.1', '10.1.0.2'] });
    await world.start();
    expect([...world.kernel.realServers.entries.keys()]).to.deep.equal([
      'TCP 10.0.0.1:80 -> 10.1.0.1:8080',
      'TCP 10.0.0.1:80 -> 10.1.0.2:8080',
    ]);
    expect([...world.kernel.addresses.entries.keys()]).to.deep.equal(['10.0.0.1']);
  });

  it('writes nothing when it is restarted over a kernel that is right', async () => {
    const world = new World();
    world.services.set('a/web', { vip: '10.0.0.1', endpoints: ['10.1.0.1', '10.1.0.2'] });
    await world.start();
    world.resetCounts();
    await world.restart();
    expect(world.writes).to.equal(0);
  });
});
