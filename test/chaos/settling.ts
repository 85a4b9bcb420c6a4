import { pino } from 'pino';
import type { Catalog } from '../../lib/catalog/catalog.ts';
import type { KernelTables } from '../../lib/kernel/kernel-tables.ts';
import { decodeEndpointSlice } from '../../lib/sources/objects/endpoint-slice-decoder.ts';
import { decodeService } from '../../lib/sources/objects/service-decoder.ts';
import type { KubeObject } from '../kube/object.ts';
import { resourceNamed } from '../kube/resource-type.ts';
import type { Store } from '../kube/store.ts';
import { fakeChaosKernel } from './chaos-kernel.ts';
import { ownNode, steady } from './cluster.ts';
import { type Contents, contentsOf, type Difference, differences, type Same, sameText } from './contents.ts';
import { Controller } from './controller.ts';
import { expectedServers, servedByClusterIP } from './expectation.ts';
import { ChaosFailure } from './failure.ts';
import { mayLose } from './kinds.ts';
import { reachOf } from './reach.ts';
import type { Stage } from './stage.ts';
import { makeForeign } from './witness.ts';
import { until } from './until.ts';

/** What a run was like at its end. */
export interface Settled {
  /** Whether clients were made to list again, because they may have missed something that none can see. */
  readonly relisted: boolean;
  /** Entries of the kernel. */
  readonly entries: number;
}

/**
 * Everything that is wrong ends, and the controller comes to rest. Then, or ChaosFailure is thrown:
 *
 * - the kernel holds what a controller makes of the same API server that never saw anything else;
 * - its virtual servers on cluster addresses are those that a simple reading of the services gives;
 * - an audit finds nothing to write, and neither does the next life of the controller;
 * - what is foreign is as it was made;
 * - the catalog takes as much room as that of the fresh controller.
 *
 * Nothing helps the controller to come to rest but time, with two exceptions. Objects that cannot be used are deleted,
 * for their last good version stays in force and a fresh controller has none. And where events may have been lost in
 * silence (`mayLose`), something else is written and the server restarted without its history: only then does every
 * client list again, whatever version it is at.
 */
export async function settle(stage: Stage, kinds: ReadonlySet<string>): Promise<Settled> {
  const { server, kernel, ground, lives, witness } = stage;
  await server.heal();
  kernel.troubles.heal();
  ground.disconnectAll?.();
  deleteUnusable(server.api.store);
  const relisted = mayLose(kinds);
  if (relisted) await relist(stage);
  else tellHeldEvents(server.api.store);

  const fresh = await freshContents(stage, fakeChaosKernel().tables);
  const same = ground.clear === undefined ? sameText : tableSame(kernel.tables);
  await comesToHold(stage, fresh.contents, same);
  stage.check();
  compareWithExpectation(server.api.store, fresh.contents);
  await until(
    () => sizeOf(lives.controller.catalog) === fresh.size,
    () => unlikeSize(sizeOf(lives.controller.catalog), fresh.size),
  );
  await expectNothingToWrite(stage);
  await lives.end();
  await witness.lookAtForeign(kernel.tables);
  stage.check();
  if (ground.clear !== undefined) await compareWithCleared(stage, ground.clear);
  return { relisted, entries: [...fresh.contents.values()].reduce((sum, { size }) => sum + size, 0) };
}

/** Objects that cannot be used would have the past decide what is served. */
function deleteUnusable(store: Store): void {
  const decoders = [
    ['services', decodeService],
    ['endpointslices', decodeEndpointSlice],
  ] as const;
  for (const [resource, decode] of decoders) {
    for (const object of store.list(resourceNamed(resource))) {
      const { value, skipped } = decode(object, { unknownFields: 'accept' });
      if (value === undefined && skipped === undefined) drop(store, resource, object);
    }
  }
}

function drop(store: Store, resource: string, { metadata: { namespace = '', name } }: KubeObject): void {
  if (store.get(resource, namespace, name) !== undefined) store.delete(resource, namespace, name);
}

/** An event that is to come late comes with the next one: there is one more of every resource. */
function tellHeldEvents(store: Store): void {
  const labels = { told: 'true' };
  const { namespace, name } = steady;
  store.patch('services', namespace, name, { metadata: { labels } });
  store.patch('endpointslices', namespace, `${name}-a`, { metadata: { labels } });
  store.patch('nodes', '', ownNode, { metadata: { labels } });
}

async function relist({ server: { api } }: Stage): Promise<void> {
  await api.stop();
  api.store.put({
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: { name: 'shop', labels: { relist: 'true' } },
  });
  await api.restart({ compacted: true });
}

/** Starts a controller that knows nothing over tables that hold nothing, and ends it when it is done. */
async function freshContents(
  { server, ground }: Stage,
  tables: KernelTables,
): Promise<{ readonly contents: Contents; readonly size: number }> {
  await makeForeign(tables);
  const controller = new Controller({
    server: server.api.url,
    directory: server.directory,
    tables,
    planner: ground.planner,
    haste: ground.haste,
    random: () => 0.5,
    log: pino({ level: 'silent' }),
  });
  controller.start();
  try {
    await until(
      () => controller.troubles.length === 0,
      () => new ChaosFailure(['a fresh controller does not come to rest', ...controller.troubles]),
    );
    await controller.reconciler.settled();
    return { contents: await contentsOf(tables), size: sizeOf(controller.catalog) };
  } finally {
    await controller.stop();
  }
}

/** To the kernel, of which the contents of one in memory may differ in what does not matter. */
function tableSame(tables: KernelTables): Same {
  return (table, a, b) => (tables[table].equals as (a: unknown, b: unknown) => boolean)(a, b);
}

async function comesToHold({ kernel, lives }: Stage, expected: Contents, same: Same): Promise<void> {
  const { controller } = lives;
  const found = async (): Promise<readonly Difference[]> =>
    differences(expected, await contentsOf(kernel.tables), same);
  await until(
    async () => controller.troubles.length === 0 && controller.watching && (await found()).length === 0,
    async () =>
      unlike(
        'the kernel does not come to hold what a fresh controller makes of it (-), but this (+):',
        await found(),
        [...controller.troubles, ...(controller.watching ? [] : ['the controller does not watch'])],
      ),
  );
}

function unlike(what: string, found: readonly Difference[], troubles: readonly string[] = []): ChaosFailure {
  return new ChaosFailure([what, ...found.map(({ line }) => line), ...troubles], found[0]?.key);
}

/** What a catalog holds, but for the values that it remembers in order to share them: those are bounded. */
function sizeOf(catalog: Catalog): number {
  return reachOf(catalog, ['SharedValues']);
}

function unlikeSize(size: number, fresh: number): ChaosFailure {
  return new ChaosFailure([`expected a catalog of ${fresh} values like a fresh one's, got one of ${size}`]);
}

async function expectNothingToWrite(stage: Stage): Promise<void> {
  const { lives, witness, history } = stage;
  await lives.controller.reconciler.settled();
  const told = history.length;
  const before = witness.writes;
  const { drift, failures } = await lives.controller.reconciler.audit();
  await lives.end();
  lives.begin(witness);
  const { controller } = lives;
  await until(
    () => controller.troubles.length === 0,
    () => new ChaosFailure(['the next life does not come to rest', ...controller.troubles]),
  );
  await controller.reconciler.settled();
  if (witness.writes === before && drift.length === 0 && failures.length === 0) return;
  throw new ChaosFailure([
    `expected nothing to write at rest, got ${witness.writes - before} writes`,
    ...history.slice(told),
    ...drift.map(({ table, key, kind }) => `${kind}: ${table} ${key}`),
    ...failures.map(({ table, error }) => `failed: ${table}: ${error.message}`),
  ]);
}

function compareWithExpectation(store: Store, contents: Contents): void {
  const expected = expectedServers(store);
  const served = servedByClusterIP(contents, expected);
  const wrong = [...new Set([...expected.keys(), ...served.keys()])]
    .filter((key) => expected.get(key) !== served.get(key))
    .map((key) => `${key}: expected ${expected.get(key) ?? 'none'}, got ${served.get(key) ?? 'none'}`);
  if (wrong.length > 0)
    throw new ChaosFailure(['the services, simply read, ask for something else:', ...wrong]);
}

async function compareWithCleared(stage: Stage, clear: () => Promise<void>): Promise<void> {
  const survived = await contentsOf(stage.kernel.tables);
  await clear();
  const { contents } = await freshContents(stage, stage.kernel.tables);
  const found = differences(contents, survived, sameText);
  if (found.length === 0) return;
  throw unlike('the emptied kernel was filled otherwise (-) than it was before (+):', found);
}
