import { expect } from 'chai';
import fc from 'fast-check';
import { virtualServerFlags, virtualServerKey } from '../../../lib/model/virtual-server.ts';
import { listenersOf } from '../../rules/listeners.ts';
import { worldArbitrary } from '../../rules/random-world.ts';
import { affinityTimeout } from '../../rules/services.ts';
import type { World } from '../../rules/world.ts';
import { inForce, plansOf } from './planned.ts';

/** By virtual server: where it leads, as `address port` and sorted, and how long a client stays at one. */
type Balancing = Record<string, { readonly targets: string[]; readonly affinity: number }>;

function byTheRules(world: World): Balancing {
  return Object.fromEntries(
    listenersOf(world).map(({ service, targets, ...id }) => [
      virtualServerKey(id),
      {
        targets: targets.map(({ address, port }) => `${address} ${port}`).sort(),
        affinity: affinityTimeout(service),
      },
    ]),
  );
}

function byThePlan(world: World): Balancing {
  return Object.fromEntries(
    [...inForce(plansOf(world))].map(([key, { server, realServers }]) => [
      key,
      {
        targets: realServers.map(({ address, port }) => `${address} ${port}`).sort(),
        affinity: (server.flags & virtualServerFlags.persistent) === 0 ? 0 : server.timeout,
      },
    ]),
  );
}

describe('what is planned', () => {
  it('answers where the rules say, and leads where they say', () => {
    fc.assert(
      fc.property(worldArbitrary(), (world) => {
        expect(byThePlan(world)).to.deep.equal(byTheRules(world));
      }),
      { numRuns: 300 },
    );
  });
});
