import { expect } from 'chai';
import fc from 'fast-check';
import type { ServicePlan } from '../../../lib/model/plan.ts';
import { nextSlowStartStep, slowStartWeight } from '../../../lib/reconciler/slow-start.ts';
import { planOf, type Sketch, World } from './world.ts';

const key = (address: string): string => `TCP 10.0.0.1:80 -> ${address}:8080`;
const one: Sketch = { vip: '10.0.0.1', endpoints: ['10.1.0.1'], weight: 10 };
const two: Sketch = { ...one, endpoints: ['10.1.0.1', '10.1.0.2'] };

/** A world whose service has a first endpoint, and lets further ones start within 90 seconds. */
async function running(): Promise<World> {
  const world: World = new World({ plan: (service) => planned(world, service) });
  world.services.set('a/web', one);
  await world.start();
  world.resetCounts();
  return world;
}

function planned(world: World, service: string): ServicePlan | undefined {
  const sketch = world.services.get(service);
  return sketch && { ...planOf(service, sketch), slowStart: 90_000 };
}

function weights(world: World): (number | undefined)[] {
  return ['10.1.0.1', '10.1.0.2'].map(
    (address) => world.kernel.realServers.entries.get(key(address))?.weight,
  );
}

describe('the weight of a real server that starts slowly', () => {
  it('grows evenly from 1 to its whole weight', () => {
    const at = [0, 9999, 10_000, 45_000, 89_999, 90_000, 1e9];
    expect(at.map((elapsed) => slowStartWeight(10, elapsed, 90_000))).to.deep.equal([1, 1, 2, 5, 9, 10, 10]);
    expect(slowStartWeight(1, 0, 90_000)).to.equal(1);
  });

  it('grows at each step that is told, never falls, and is whole in the end', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 20 }), fc.integer({ min: 1, max: 1e6 }), (full, period) => {
        let elapsed = 0;
        let weight = slowStartWeight(full, 0, period);
        for (let steps = 0; weight < full; steps += 1) {
          expect(steps).to.be.below(full);
          const next = nextSlowStartStep(full, elapsed, period);
          expect(next).to.be.above(elapsed).and.at.most(period);
          expect(slowStartWeight(full, next, period)).to.be.above(weight);
          elapsed = next;
          weight = slowStartWeight(full, elapsed, period);
        }
        expect(nextSlowStartStep(full, elapsed, period)).to.equal(Infinity);
      }),
    );
  });
});

describe('a service whose real servers start slowly', () => {
  it('has those at their whole weight that it begins with', async () => {
    const world = await running();
    expect(weights(world)).to.deep.equal([10, undefined]);
    expect(world.clock.next).to.equal(undefined);
  });

  it('lets one that comes grow step by step, and writes nothing else', async () => {
    const world = await running();
    await world.change({ 'a/web': two });
    expect(weights(world)).to.deep.equal([10, 1]);
    world.resetCounts();
    await world.pass(9999);
    expect([world.writes, weights(world)]).to.deep.equal([0, [10, 1]]);
    await world.pass(1);
    expect(weights(world)).to.deep.equal([10, 2]);
    await world.pass(35_000);
    expect(weights(world)).to.deep.equal([10, 5]);
    await world.pass(45_000);
    expect(weights(world)).to.deep.equal([10, 10]);
    expect(world.wire.written).to.deep.equal(Array(3).fill(`~ realServers ${key('10.1.0.2')}`));
    expect(world.clock.next, 'nothing is left to do').to.equal(undefined);
  });

  it('goes on where it was when it is planned again meanwhile, and finds no drift in it', async () => {
    const world = await running();
    await world.change({ 'a/web': two });
    await world.pass(20_000);
    world.resetCounts();
    await world.change({ 'a/web': { ...two } });
    expect((await world.audit()).drift).to.be.empty;
    expect([world.writes, weights(world)]).to.deep.equal([0, [10, 3]]);
  });

  it('lets one that went and comes back begin anew', async () => {
    const world = await running();
    await world.change({ 'a/web': two });
    await world.pass(90_000);
    await world.change({ 'a/web': one });
    await world.change({ 'a/web': two });
    expect(weights(world)).to.deep.equal([10, 1]);
  });

  it('has every weight whole after a restart', async () => {
    const world = await running();
    await world.change({ 'a/web': two });
    await world.restart();
    expect(weights(world)).to.deep.equal([10, 10]);
  });

  it('is forgotten when it goes', async () => {
    const world = await running();
    await world.change({ 'a/web': two });
    await world.change({ 'a/web': undefined });
    expect(world.clock.next).to.equal(undefined);
  });
});
