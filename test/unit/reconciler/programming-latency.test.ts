import { expect } from 'chai';
import fc from 'fast-check';
import type { ProgrammedChange } from '../../../lib/reconciler/programming-latency.ts';
import type { ReconcilerListener } from '../../../lib/reconciler/reports.ts';
import { planOf, type Sketch, World } from './world.ts';

const web: Sketch = { vip: '10.0.0.1', endpoints: ['10.1.0.1'] };
const dns: Sketch = { vip: '10.0.0.2', endpoints: ['10.1.1.1'] };

/** Services over a kernel in memory, with the clock's present as the origin of all times. */
class Measured {
  readonly samples: ProgrammedChange[] = [];
  readonly world: World;
  readonly #origin: number;

  constructor(listener: ReconcilerListener = {}) {
    this.world = new World({
      drainTimeout: 0,
      listener: { ...listener, programmed: (sample) => this.samples.push(sample) },
    });
    this.#origin = this.world.clock.now();
  }

  /** A change of a service that began at these times after the origin, written as far as the kernel takes it. */
  async change(service: string, sketch: Sketch | undefined, ...times: number[]): Promise<void> {
    const { world } = this;
    if (sketch === undefined) world.services.delete(service);
    else world.services.set(service, sketch);
    world.reconciler.changed([service], [[service, times.map((time) => this.#origin + time)]]);
    await world.settled();
  }

  /** What was told and not yet taken: service, begin after the origin, latency. */
  take(): [string, number, number][] {
    return this.samples
      .splice(0)
      .map(({ service, triggered, latency }) => [service, triggered - this.#origin, latency]);
  }
}

async function started(...services: [string, Sketch][]): Promise<Measured> {
  const measured = new Measured();
  for (const [service, sketch] of services) measured.world.services.set(service, sketch);
  await measured.world.start();
  measured.world.clock.advance(1000);
  return measured;
}

const grown: Sketch = { ...web, endpoints: ['10.1.0.1', '10.1.0.2'] };
const newcomer = 'TCP 10.0.0.1:80 -> 10.1.0.2:8080';

describe('the latency of programming', () => {
  const told: readonly [title: string, times: number[], expected: [string, number, number][]][] = [
    ['a change once', [400], [['a/web', 400, 600]]],
    [
      'every change of a burst',
      [400, 700, 900],
      [
        ['a/web', 400, 600],
        ['a/web', 700, 300],
        ['a/web', 900, 100],
      ],
    ],
    ['one time of several slices once', [400, 400], [['a/web', 400, 600]]],
    ['nothing that began before the program', [-1, 0], []],
    ['a time a little ahead, of a clock that differs, as no time at all', [3000], [['a/web', 3000, 0]]],
    ['nothing of a time that lies far ahead', [60_000], []],
    ['nothing where it is not known when the change began', [], []],
  ];
  for (const [title, times, expected] of told) {
    it(`tells ${title}`, async () => {
      const measured = await started(['a/web', web]);
      await measured.change('a/web', grown, ...times);
      expect(measured.take()).to.deep.equal(expected);
      expect(measured.world.reconciler.status().latency.count).to.equal(expected.length);
    });
  }

  it('ends when the kernel has taken what it refused first', async () => {
    const measured = await started(['a/web', web]);
    measured.world.refuse('realServers', newcomer);
    await measured.change('a/web', grown, 500);
    expect(measured.take()).to.deep.equal([]);
    measured.world.acceptAll();
    await measured.world.pass(60_000);
    expect(measured.take()).to.deep.equal([['a/web', 500, 60_500]]);
  });

  const refusable: readonly [table: 'virtualServers' | 'setEntries' | 'addresses', key: string][] = [
    ['virtualServers', 'TCP 10.0.0.1:80'],
    ['setEntries', 'KUBE-CLUSTER-IP 10.0.0.1,tcp:80'],
    ['addresses', '10.0.0.1'],
  ];
  for (const [table, key] of refusable) {
    it(`is not told while ${table} refuse ${key}`, async () => {
      const measured = await started();
      measured.world.refuse(table, key);
      await measured.change('a/web', web, 500);
      expect(measured.take()).to.deep.equal([]);
      measured.world.acceptAll();
      await measured.world.pass(60_000);
      expect(measured.take()).to.have.length(1);
    });
  }

  it('is not told while an endpoint that went is still served', async () => {
    const measured = await started(['a/web', grown]);
    measured.world.refuse('realServers', newcomer);
    await measured.change('a/web', web, 500);
    expect(measured.take()).to.deep.equal([]);
    measured.world.acceptAll();
    await measured.world.pass(60_000);
    expect(measured.take()).to.deep.equal([['a/web', 500, 60_500]]);
  });

  it('does not wait for what is refused for another service', async () => {
    const measured = await started(['a/web', web]);
    measured.world.refuse('virtualServers', 'TCP 10.0.0.2:80');
    await measured.change('a/dns', dns, 500);
    await measured.change('a/web', grown, 600);
    expect(measured.take()).to.deep.equal([['a/web', 600, 400]]);
  });

  it('waits with a change for one before it that the kernel has not taken', async () => {
    const measured = await started(['a/web', web]);
    measured.world.refuse('realServers', newcomer);
    await measured.change('a/web', grown, 500);
    await measured.change('a/web', { ...grown, endpoints: [...grown.endpoints, '10.1.0.3'] }, 900);
    expect(measured.take()).to.deep.equal([]);
    await measured.change('a/web', web, 1000);
    expect(measured.take().map(([, triggered]) => triggered)).to.deep.equal([500, 900, 1000]);
  });

  it('is not told of a service that went', async () => {
    const measured = await started(['a/web', web]);
    measured.world.refuse('realServers', newcomer);
    await measured.change('a/web', grown, 500);
    await measured.change('a/web', undefined, 700);
    measured.world.acceptAll();
    await measured.change('a/web', web);
    expect(measured.take()).to.deep.equal([]);
  });

  it('is told of a service whose plan could not be made when it can', async () => {
    const measured = await started(['a/web', web]);
    const bad = { ...web, endpoints: undefined as unknown as readonly string[] };
    await measured.change('a/web', bad, 500);
    expect(measured.take()).to.deep.equal([]);
    await measured.change('a/web', grown);
    expect(measured.take()).to.deep.equal([['a/web', 500, 500]]);
  });

  it('is not told of what a process before this one was asked for', async () => {
    const measured = await started(['a/web', web]);
    await measured.world.restart();
    await measured.change('a/web', grown, 500, 900);
    expect(measured.take()).to.deep.equal([]);
    measured.world.clock.advance(10);
    await measured.change('a/web', web, 1005);
    expect(measured.take()).to.deep.equal([['a/web', 1005, 5]]);
  });

  it('is measured by the clock of the machine, that may be set', async () => {
    const samples: ProgrammedChange[] = [];
    let wall = 5000;
    const world = new World({ wallTime: () => wall, listener: { programmed: (one) => samples.push(one) } });
    await world.start();
    wall = 9000;
    world.services.set('a/web', web);
    world.reconciler.changed(['a/web'], [['a/web', [8000]]]);
    await world.settled();
    expect(samples).to.deep.equal([{ service: 'a/web', triggered: 8000, latency: 1000, families: ['IPv4'] }]);
    expect(world.reconciler.status().latency).to.deep.equal({ count: 1, sum: 1000, last: samples[0] });
  });
});

describe('the latency of programming, whatever happens', () => {
  const names = ['a/web', 'a/dns', 'b/db'];
  const step = fc.oneof(
    fc.record({
      kind: fc.constant('change' as const),
      service: fc.nat(names.length - 1),
      endpoints: fc.uniqueArray(fc.integer({ min: 1, max: 5 }), { maxLength: 4 }),
      times: fc.array(fc.integer({ min: 1, max: 900 }), { maxLength: 4 }),
    }),
    fc.record({ kind: fc.constant('remove' as const), service: fc.nat(names.length - 1) }),
    fc.record({
      kind: fc.constant('refuse' as const),
      service: fc.nat(names.length - 1),
      endpoint: fc.integer({ min: 1, max: 5 }),
    }),
    fc.record({ kind: fc.constant('accept' as const) }),
  );
  /** A removal that is refused, of a service that goes and comes back before it is tried again. */
  const goneWithItsVirtualServer: (typeof step extends fc.Arbitrary<infer Step> ? Step : never)[] = [
    { kind: 'change', service: 1, endpoints: [5], times: [] },
    { kind: 'refuse', service: 1, endpoint: 5 },
    { kind: 'change', service: 1, endpoints: [], times: [] },
    { kind: 'remove', service: 1 },
    { kind: 'change', service: 1, endpoints: [], times: [1] },
  ];
  const vipOf = (service: number): string => `10.0.0.${service + 1}`;
  const sketchOf = (service: number, endpoints: number[]): Sketch => ({
    vip: vipOf(service),
    endpoints: endpoints.map((number) => `10.1.${service}.${number}`),
  });

  it('is told once of each distinct time whose service came to be as it should, and of no other', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 25 }), async (steps) => {
        const measured = await started();
        const { world } = measured;
        const expected: [string, number][] = [];
        const waiting = new Map<string, Set<number>>();
        const isHeld = (service: string): boolean => {
          const plan = planOf(service, world.services.get(service) ?? { vip: '', endpoints: [] });
          const { server, realServers = [] } = plan.virtualServers[0] ?? {};
          const isIts = (key: string): boolean => key.startsWith(`${server?.key ?? ''} `);
          // What was refused counts until it is tried again, though it may have gone with its virtual server meanwhile.
          if (world.reconciler.status().refused.some(({ key }) => isIts(key))) return false;
          const held = world.keys('realServers').filter(isIts);
          return (
            held.join() ===
            realServers
              .map(({ key }) => key)
              .sort()
              .join()
          );
        };
        const expectHeld = (): void => {
          for (const [service, times] of waiting) {
            if (!isHeld(service)) continue;
            for (const time of times) expected.push([service, time]);
            waiting.delete(service);
          }
        };
        for (const action of steps) {
          if (action.kind === 'change') {
            const service = names[action.service] ?? '';
            waiting.set(service, new Set([...(waiting.get(service) ?? []), ...action.times]));
            await measured.change(service, sketchOf(action.service, action.endpoints), ...action.times);
          } else if (action.kind === 'remove') {
            const service = names[action.service] ?? '';
            waiting.delete(service);
            await measured.change(service, undefined);
          } else if (action.kind === 'refuse') {
            const vip = `TCP ${vipOf(action.service)}:80`;
            world.refuse('realServers', `${vip} -> 10.1.${action.service}.${action.endpoint}:8080`);
          } else {
            world.acceptAll();
            await world.pass(60_000);
          }
          expectHeld();
        }
        const all = measured.take().map(([service, time]): [string, number] => [service, time]);
        expect(all.map(String).sort()).to.deep.equal(expected.map(String).sort());
      }),
      { numRuns: 300, examples: [[goneWithItsVirtualServer]] },
    );
  });
});
