import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Catalog } from '../../../../lib/catalog/catalog.ts';
import { type Clock, systemClock } from '../../../../lib/sources/clock.ts';
import { ApiClient } from '../../../../lib/sources/kubernetes/api-client.ts';
import { Credentials } from '../../../../lib/sources/kubernetes/credentials.ts';
import { readKubeconfig } from '../../../../lib/sources/kubernetes/kubeconfig.ts';
import { KubernetesSource } from '../../../../lib/sources/kubernetes/kubernetes-source.ts';
import { Transport } from '../../../../lib/sources/kubernetes/transport.ts';
import { Authority } from '../../../kube/certificates.ts';
import type { MisbehaviourRule } from '../../../kube/misbehaviour.ts';
import { ApiServer } from '../../../kube/server.ts';
import { service, slice } from '../../kube/objects.ts';
import { recordingLog } from './scripted-api.ts';

/** Time that runs a hundred times as fast, so that waits and idle limits take milliseconds. */
const hurry: Clock = {
  now: () => Date.now() * 100,
  setTimeout: (call, milliseconds) => setTimeout(call, milliseconds / 100),
  clearTimeout: (timer) => {
    systemClock.clearTimeout(timer);
  },
};

/** Waits until a condition holds; the test's own time limit ends the wait. */
async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await sleep(5);
}

describe('KubernetesSource, from an API server over TLS', () => {
  let authority: Authority;
  let server: ApiServer;
  let catalog: Catalog;
  let transport: Transport;
  let source: KubernetesSource;
  let directory: string;

  before(async () => {
    authority = await Authority.create();
    directory = await mkdtemp(join(tmpdir(), 'kube-ipvs-integration-'));
  });

  after(() => rm(directory, { recursive: true }));

  beforeEach(async () => {
    server = await ApiServer.start({ authority, bookmarkMs: 50 });
    server.store.create(service('web'));
    server.store.create(slice('web-1', 'web', ['10.1.0.1']));
    const file = join(directory, 'config');
    await writeFile(file, server.kubeconfig('kube-ipvs'));
    transport = new Transport({ userAgent: 'kube-ipvs/test', answerTime: 500 });
    const api = new ApiClient(new Credentials(await readKubeconfig(file), systemClock), transport);
    catalog = new Catalog();
    source = new KubernetesSource({ api, catalog, log: recordingLog().log, clock: hurry });
  });

  afterEach(async () => {
    await source.stop();
    transport.close();
    await server.stop();
  });

  /** What the catalog has: services with their addresses. */
  function served(): Record<string, string[]> {
    const entries = [...catalog.keys()].map((key): [string, string[]] => {
      const slices = catalog.get(key)?.slices ?? [];
      return [key, slices.flatMap(({ endpoints }) => endpoints.map(({ address }) => address))];
    });
    return Object.fromEntries(entries.sort());
  }

  const serves = (expected: Record<string, string[]>): Promise<void> =>
    until(() => JSON.stringify(served()) === JSON.stringify(expected));

  async function begin(): Promise<void> {
    source.start();
    await until(() => catalog.synced);
    expect(served()).to.deep.equal({ 'default/web': ['10.1.0.1'] });
  }

  it('follows what is created, changed and deleted', async () => {
    await begin();
    server.store.create(service('other'));
    await serves({ 'default/other': [], 'default/web': ['10.1.0.1'] });
    server.store.put(slice('web-1', 'web', ['10.1.0.1', '10.1.0.2']));
    await serves({ 'default/other': [], 'default/web': ['10.1.0.1', '10.1.0.2'] });
    server.store.delete('services', 'default', 'other');
    server.store.delete('endpointslices', 'default', 'web-1');
    await serves({ 'default/web': [] });
    expect(source.counters.services.troubles.size).to.equal(0);
  });

  it('takes away a service that is labelled for another proxy, and takes it back', async () => {
    await begin();
    const label = 'service.kubernetes.io/service-proxy-name';
    server.store.patch('services', 'default', 'web', { metadata: { labels: { [label]: 'other' } } });
    await serves({});
    server.store.patch('services', 'default', 'web', { metadata: { labels: { [label]: null } } });
    await serves({ 'default/web': ['10.1.0.1'] });
  });

  for (const [what, interrupt] of [
    [
      'its connections break',
      () => {
        server.dropConnections();
      },
    ],
    [
      'its watches expire',
      () => {
        server.expireWatches();
      },
    ],
    ['it is restarted', () => server.restart()],
    ['it is restarted without its history', () => server.restart({ compacted: true })],
    ['it is restarted with another certificate', () => server.restart({ newCertificate: true })],
  ] as const) {
    it(`misses nothing when ${what}`, async () => {
      await begin();
      server.store.create(service('before'));
      await interrupt();
      server.store.delete('services', 'default', 'before');
      server.store.create(service('after'));
      await serves({ 'default/after': [], 'default/web': ['10.1.0.1'] });
    });
  }

  it('misses nothing of what happens while the server is away', async () => {
    await begin();
    await server.stop();
    server.store.delete('endpointslices', 'default', 'web-1');
    server.store.create(service('new'));
    server.compact();
    await until(() => source.troubles.length === 2);
    expect(served()).to.deep.equal({ 'default/web': ['10.1.0.1'] });
    await server.restart();
    await serves({ 'default/new': [], 'default/web': [] });
    await until(() => source.troubles.length === 0);
  });

  it('goes back with a server that is restored from a backup', async () => {
    const backup = server.store.revision;
    await begin();
    server.store.create(service('lost'));
    server.store.put(slice('web-1', 'web', ['10.1.0.9']));
    await serves({ 'default/lost': [], 'default/web': ['10.1.0.9'] });
    await server.restart({ restoreTo: backup });
    await serves({ 'default/web': ['10.1.0.1'] });
  });

  const faults: [string, MisbehaviourRule['does']][] = [
    ['hangs', { kind: 'hang' }],
    ['disconnects', { kind: 'disconnect' }],
    ['is half open', { kind: 'half-open', afterBytes: 300 }],
    ['is cut', { kind: 'cut', afterBytes: 300 }],
    ['is refused', { kind: 'refuse', code: 500 }],
    ['is throttled', { kind: 'refuse', code: 429, retryAfterSeconds: 1 }],
    ['drips', { kind: 'drip', bytes: 50, everyMs: 1 }],
    ['repeats events', { kind: 'events', fault: 'duplicate' }],
    ['has events out of order', { kind: 'events', fault: 'out-of-order' }],
    ['has events of an unknown type', { kind: 'events', fault: 'unknown-type' }],
    ['has objects without version', { kind: 'events', fault: 'no-resource-version' }],
    ['has broken lines', { kind: 'events', fault: 'broken-line' }],
  ];
  for (const [what, does] of faults) {
    it(`ends with what there is when a watch ${what}, from the start and later on`, async () => {
      const undo = server.misbehave({ match: { verb: 'watch' }, does, times: 4 });
      source.start();
      await until(() => catalog.synced);
      for (let count = 0; count < 10; count += 1) {
        server.store.put(service(`service-${count % 3}`));
        server.store.put(slice('web-1', 'web', [`10.1.1.${count}`]));
        await sleep(2);
      }
      server.store.delete('services', 'default', 'service-1');
      // A late event comes after the next one; one that never comes no client can miss.
      for (let count = 0; count < 2; count += 1) {
        server.store.put(service('service-2', { round: String(count) }));
        server.store.put(slice(`other-${count}`, 'other', ['10.1.2.1']));
      }
      await sleep(20);
      undo();
      server.dropConnections();
      await serves({ 'default/service-0': [], 'default/service-2': [], 'default/web': ['10.1.1.9'] });
    });
  }
});
