import { Authority } from '../kube/certificates.ts';
import { chaos } from '../chaos/chaos.ts';
import { fakeChaosKernel } from '../chaos/chaos-kernel.ts';

/** Operations of each run. Runs of this length differ in which troubles meet. */
const operations = 2000;

describe('chaos, with a kernel in memory', () => {
  let authority: Authority;

  before(async () => {
    authority = await Authority.create();
  });

  /** Makes chaos with each seed, all at a time: most of it is waiting. */
  async function survive(seeds: readonly number[]): Promise<void> {
    const runs = seeds.map((seed) => chaos({ seed, operations, kernel: fakeChaosKernel(), authority }));
    const failure = (await Promise.allSettled(runs)).find(({ status }) => status === 'rejected');
    if (failure?.status === 'rejected') throw failure.reason;
  }

  it('ends so with seeds that once found a fault', async () => {
    // An error whose body never came stopped a watch for good.
    await survive([20_008, 30_005]);
    // A node port that an earlier life left stayed, for its record went before it was known whose it was.
    await survive([928_076, 30_006, 50_002]);
  });

  const first = Date.now() % 1_000_000;
  const seeds = [0, 1, 2, 3, 4].map((index) => first + index);
  it(`ends, whatever goes wrong, with the kernel that a fresh start makes (seeds ${seeds.join(', ')})`, async () => {
    await survive(seeds);
  });
});
