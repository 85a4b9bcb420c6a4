import { expect } from 'chai';
import fc from 'fast-check';
import { fakeKernel, type FakeKernel } from '../../../lib/kernel/fake-kernel.ts';
import { TableError } from '../../../lib/kernel/table.ts';
import { setEntry } from '../../../lib/model/ip-set.ts';
import type { Keyed } from '../../../lib/model/keyed.ts';
import { defaultDrainTimeout } from '../../../lib/reconciler/draining.ts';
import type { TableName } from '../../../lib/reconciler/table-name.ts';
import { realServer, type Sketch, virtualServer, World } from './world.ts';

const tableNames = [
  'sysctls',
  'sets',
  'firewall',
  'setEntries',
  'virtualServers',
  'realServers',
  'addresses',
] as const satisfies readonly TableName[];

/** One thing that happens to a node, with a name for the report of a failure. */
interface Event {
  readonly run: (world: World) => unknown;
  toString(): string;
}

function event(name: string, run: Event['run'], ...details: unknown[]): Event {
  return { run, toString: () => `${name} ${details.map((detail) => JSON.stringify(detail)).join(' ')}` };
}

const services = ['default/kubernetes', 'a/web', 'a/db', 'b/web'];
const vips = ['10.0.0.1', '10.0.0.2', '10.0.0.3'];
const pods = ['10.1.0.1', '10.1.0.2', '10.1.0.3'];
/** A port that no service here has: a virtual server on it is left over from an earlier process. */
const stalePort = 9999;

const sketches: fc.Arbitrary<Sketch> = fc.record({
  vip: fc.constantFrom(...vips),
  endpoints: fc.subarray(pods),
  ports: fc.subarray([80, 443], { minLength: 1 }),
  created: fc.nat(2),
  scheduler: fc.constantFrom('rr', 'lc'),
  weight: fc.nat(1),
});

const anyTable = fc.constantFrom(...tableNames);

/**
 * The key that stands at that place among those that a table holds, counted round. Foreign entries are not among them,
 * nor those that tell ours from foreign ones: who destroys these and then kills the process leaves a riddle.
 */
function keyAt(world: World, table: TableName, place: number): string | undefined {
  const keys = world.keys(table).filter((key) => !isForeign(key) && !isRecord(key));
  return keys[place % keys.length];
}

function isForeign(key: string): boolean {
  return key.includes('192.168.9.9') || key.startsWith('OTHER');
}

function isRecord(key: string): boolean {
  return key.startsWith('KUBE-CLUSTER-IP') || key.includes(`:${stalePort}`);
}

/** What other programs on the node have put there. */
function loadForeign(kernel: FakeKernel): void {
  const foreign = virtualServer('192.168.9.9', 443);
  kernel.sets.load([{ key: 'OTHER', name: 'OTHER', type: 'hash:ip', family: 'IPv4' }]);
  kernel.setEntries.load([setEntry('OTHER', '10.0.0.1')]);
  kernel.virtualServers.load([foreign]);
  kernel.realServers.load([realServer(foreign, '192.168.9.10')]);
}

/** The API server's service is the oldest of a cluster. */
function aged(service: string, sketch: Sketch | undefined): Sketch | undefined {
  return sketch && service === 'default/kubernetes' ? { ...sketch, created: -1 } : sketch;
}

const anySketch = fc.option(sketches, { nil: undefined });

const change = fc
  .dictionary(fc.constantFrom(...services), anySketch, { minKeys: 1, noNullPrototype: true })
  .map((changes) => {
    const all = Object.fromEntries(Object.entries(changes).map(([key, sketch]) => [key, aged(key, sketch)]));
    return event('change', (world) => world.change(all), all);
  });

const refuse = fc.tuple(anyTable, fc.nat(20)).map(([table, place]) =>
  event(
    'refuse',
    (world) => {
      const key = keyAt(world, table, place);
      if (key !== undefined) world.refuse(table, key);
    },
    table,
    place,
  ),
);

const refuseServer = fc.tuple(fc.constantFrom(...vips), fc.constantFrom(80, 443)).map(([vip, port]) =>
  event(
    'refuse server',
    (world) => {
      world.refuse('virtualServers', `TCP ${vip}:${port}`);
    },
    vip,
    port,
  ),
);

const acceptAll = event('accept all', (world) => {
  world.acceptAll();
});

const vanish = fc.tuple(anyTable, fc.nat(20)).map(([table, place]) =>
  event(
    'vanish',
    (world) => {
      const key = keyAt(world, table, place);
      if (key !== undefined) world.kernel[table].unload([key]);
    },
    table,
    place,
  ),
);

const alter = fc.nat(20).map((place) =>
  event(
    'alter',
    (world) => {
      const server = world.kernel.virtualServers.entries.get(keyAt(world, 'virtualServers', place) ?? '');
      if (server !== undefined) world.kernel.virtualServers.load([{ ...server, scheduler: 'sh' }]);
      const real = world.kernel.realServers.entries.get(keyAt(world, 'realServers', place) ?? '');
      if (real !== undefined) world.kernel.realServers.load([{ ...real, weight: 7 }]);
    },
    place,
  ),
);

/** What a process that died long ago has left: a virtual server, the entry that records it, perhaps its address. */
const leftOver = fc.tuple(fc.constantFrom('10.0.9.1', ...vips), fc.boolean()).map(([vip, bound]) =>
  event(
    'left over',
    (world) => {
      const server = virtualServer(vip, stalePort);
      if (!world.kernel.sets.entries.has('KUBE-CLUSTER-IP')) return;
      world.kernel.setEntries.load([setEntry('KUBE-CLUSTER-IP', `${vip},tcp:${stalePort}`)]);
      world.kernel.virtualServers.load([server]);
      world.kernel.realServers.load([realServer(server, '10.1.0.1')]);
      if (bound) world.kernel.addresses.load([{ key: vip, address: vip }]);
    },
    vip,
    bound,
  ),
);

const strayRealServer = fc.nat(20).map((place) =>
  event(
    'stray real server',
    (world) => {
      const server = world.kernel.virtualServers.entries.get(keyAt(world, 'virtualServers', place) ?? '');
      if (server !== undefined) world.kernel.realServers.load([realServer(server, '10.1.0.99')]);
    },
    place,
  ),
);

/** Clients come to a real server, or the last one leaves it. */
const connect = fc.tuple(fc.nat(20), fc.nat(2), fc.nat(1)).map(([place, active, inactive]) =>
  event(
    'connect',
    (world) => {
      const key = keyAt(world, 'realServers', place);
      if (key !== undefined) world.kernel.realServers.connect(key, active, inactive);
    },
    place,
    active,
    inactive,
  ),
);

const failRead = anyTable.map((table) =>
  event(
    'fail read',
    (world) => {
      world.kernel[table].failRead(new TableError(table, 'EPERM', 'may not read'));
    },
    table,
  ),
);

const failApply = anyTable
  .filter((table) => table !== 'setEntries')
  .map((table) =>
    event(
      'fail apply',
      (world) => {
        world.kernel[table].failApply(new TableError(table, 'ENOBUFS', 'overrun'));
      },
      table,
    ),
  );

const loseReply = anyTable.map((table) => event('lose reply', (world) => world.wire.lossy.add(table), table));

const healTables = event('heal tables', (world) => {
  for (const table of tableNames) {
    world.kernel[table].failRead(undefined);
    world.kernel[table].failApply(undefined);
  }
});

/**
 * The process is killed in the middle of bringing a change about, and another begins. Only where its ip sets worked till
 * then: what is written while they cannot be read or written has no record.
 */
const killed = fc.tuple(fc.nat(8), fc.constantFrom(...services), anySketch).map(([writes, service, sketch]) =>
  event(
    'killed',
    async (world) => {
      const { pending, failed } = world.reconciler.status();
      if (pending.setEntries > 0 || failed.some(({ table }) => table === 'setEntries')) return;
      world.wire.writesLeft = writes;
      await world.change({ [service]: aged(service, sketch) });
      await world.restart();
    },
    writes,
    service,
    sketch,
  ),
);

const events: fc.Arbitrary<Event> = fc.oneof(
  { weight: 6, arbitrary: change },
  { weight: 1, arbitrary: refuse },
  { weight: 1, arbitrary: refuseServer },
  { weight: 1, arbitrary: fc.constant(acceptAll) },
  { weight: 3, arbitrary: vanish },
  { weight: 1, arbitrary: alter },
  { weight: 1, arbitrary: leftOver },
  { weight: 1, arbitrary: strayRealServer },
  { weight: 4, arbitrary: connect },
  { weight: 1, arbitrary: failRead },
  { weight: 1, arbitrary: failApply },
  { weight: 1, arbitrary: loseReply },
  { weight: 2, arbitrary: fc.constant(healTables) },
  { weight: 1, arbitrary: killed },
  { weight: 1, arbitrary: fc.constant(event('restart', (world) => world.restart())) },
  { weight: 1, arbitrary: fc.constant(event('audit', (world) => world.audit())) },
  { weight: 1, arbitrary: fc.constant(event('pass', (world) => world.pass(5000))) },
);

/** Everything that a kernel holds, in an order of its own. Of its virtual server a real server knows only the key. */
function contents(kernel: FakeKernel): Record<string, unknown> {
  return Object.fromEntries(
    tableNames.map((table) => {
      const entries: Keyed[] = [...kernel[table].entries.values()];
      const sorted = entries.sort((a, b) => (a.key < b.key ? -1 : 1));
      return [table, sorted.map((entry) => ({ ...entry, virtualServer: undefined }))];
    }),
  );
}

/** Every fault ends: what was refused is taken, what failed works. */
function heal(world: World): void {
  for (const table of tableNames) {
    world.kernel[table].failRead(undefined);
    world.kernel[table].failApply(undefined);
  }
  world.wire.lossy.clear();
  world.acceptAll();
}

/** Notes the real servers that are removed by themselves, not with their virtual server, while they have connections. */
function watchForCuts({ realServers }: FakeKernel): string[] {
  const cut: string[] = [];
  const apply = realServers.apply.bind(realServers);
  realServers.apply = (changes) => {
    for (const { key, after } of changes) {
      if (after === undefined && realServers.connectionsOf(key) > 0) cut.push(key);
    }
    return apply(changes);
  };
  return cut;
}

describe('whatever happens to a node', () => {
  it('when the faults have ended its kernel is as a fresh start makes it, with what is foreign untouched', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(events, { minLength: 1, maxLength: 25 }),
        fc.boolean(),
        async (happenings, connectionsEnd) => {
          const world = new World();
          loadForeign(world.kernel);
          const cut = watchForCuts(world.kernel);
          await world.start();
          for (const happening of happenings) await happening.run(world);
          heal(world);
          await world.pass(120_000);
          expect(cut, 'no connection is cut before its time').to.be.empty;
          if (connectionsEnd) world.kernel.realServers.disconnectAll();
          else await world.pass(defaultDrainTimeout);
          const { failures } = await world.audit();
          expect(failures).to.be.empty;
          await world.pass(120_000);
          if (!connectionsEnd) await world.pass(defaultDrainTimeout);

          const fresh = new World({}, freshKernel());
          for (const [service, sketch] of world.services) fresh.services.set(service, sketch);
          await fresh.start();
          expect(contents(world.kernel)).to.deep.equal(contents(fresh.kernel));

          const { revision, programmed, refused, failed, draining } = world.reconciler.status();
          expect({ programmed, refused, failed, draining }).to.deep.equal({
            programmed: revision,
            refused: [],
            failed: [],
            draining: [],
          });
          world.resetCounts();
          await world.audit();
          await world.restart();
          expect(world.writes).to.equal(0);
        },
      ),
      { numRuns: 300 },
    );
  });
});

function freshKernel(): FakeKernel {
  const kernel = fakeKernel();
  loadForeign(kernel);
  return kernel;
}
