import { expect } from 'chai';
import { ApiServer } from '../../kube/server.ts';
import { WatchReader } from './client.ts';
import { service } from './objects.ts';

describe('a watch of the API server of the tests', () => {
  let server: ApiServer;
  let watch: WatchReader | undefined;

  beforeEach(async () => {
    server = await ApiServer.start();
  });

  afterEach(async () => {
    watch?.close();
    await server.stop();
  });

  const services = '/api/v1/services';

  it('tells what happened behind its version, and then what happens', async () => {
    const from = server.store.revision;
    server.store.create(service('one'));
    watch = await WatchReader.open(server, `${services}?resourceVersion=${from}`);
    server.store.patch('services', 'default', 'one', { spec: { type: 'NodePort' } });
    server.store.delete('services', 'default', 'one');
    expect(await watch.names(3)).to.deep.equal(['ADDED one', 'MODIFIED one', 'DELETED one']);
  });

  for (const version of ['', '0']) {
    it(`begins with what there is where its version is "${version}"`, async () => {
      server.store.create(service('one'));
      watch = await WatchReader.open(server, `${services}?resourceVersion=${version}`);
      server.store.create(service('two'));
      expect(await watch.names(2)).to.deep.equal(['ADDED one', 'ADDED two']);
    });
  }

  it('sends the initial events and then the bookmark that ends them', async () => {
    server.store.create(service('one'));
    watch = await WatchReader.open(
      server,
      `${services}?sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true`,
    );
    expect(await watch.names(1)).to.deep.equal(['ADDED one']);
    const { type, object } = await watch.next();
    expect(type).to.equal('BOOKMARK');
    expect(object).to.deep.equal({
      kind: 'Service',
      apiVersion: 'v1',
      metadata: {
        resourceVersion: String(server.store.revision),
        creationTimestamp: null,
        annotations: { 'k8s.io/initial-events-end': 'true' },
      },
    });
  });

  it('tells of objects that begin and cease to match its selector as added and deleted', async () => {
    watch = await WatchReader.open(server, `${services}?resourceVersion=0&labelSelector=!skip`);
    server.store.create(service('one', { skip: 'yes' }));
    server.store.patch('services', 'default', 'one', { metadata: { labels: { skip: null } } });
    server.store.patch('services', 'default', 'one', { metadata: { labels: { skip: 'again' } } });
    expect(await watch.names(2)).to.deep.equal(['ADDED one', 'DELETED one']);
  });

  it('sends bookmarks with the newest version, whatever it was that changed', async () => {
    watch = await WatchReader.open(
      server,
      `${services}?resourceVersion=${server.store.revision}&allowWatchBookmarks=1`,
    );
    server.store.create({ apiVersion: 'v1', kind: 'Node', metadata: { name: 'node-1' } });
    server.bookmark();
    const { type, object } = await watch.next();
    expect([type, object.metadata.resourceVersion]).to.deep.equal([
      'BOOKMARK',
      String(server.store.revision),
    ]);
  });

  it('is told 410 as event for a version whose history is gone', async () => {
    const from = server.store.revision;
    server.store.create(service('one'));
    server.compact();
    watch = await WatchReader.open(server, `${services}?resourceVersion=${from}`);
    const { type, object } = await watch.next();
    expect([watch.code, type, object.code, object.reason]).to.deep.equal([200, 'ERROR', 410, 'Expired']);
    expect(await watch.line()).to.equal(undefined);
  });

  it('misses nothing of what is written because of a write', async () => {
    server.store.create(service('one'));
    watch = await WatchReader.open(server, `/api/v1/endpoints?resourceVersion=${server.store.revision}`);
    const slices = await WatchReader.open(
      server,
      '/apis/discovery.k8s.io/v1/endpointslices?resourceVersion=0',
    );
    const subsets = [{ addresses: [{ ip: '10.1.0.1' }], ports: [{ port: 80 }] }];
    server.store.create({ apiVersion: 'v1', kind: 'Endpoints', metadata: { name: 'one' }, subsets });
    expect(await watch.names(1)).to.deep.equal(['ADDED one']);
    expect(await slices.names(1)).to.deep.equal(['ADDED one-mirrored-1']);
    slices.close();
  });

  it('is told nothing until a version that is yet to come has passed', async () => {
    watch = await WatchReader.open(server, `${services}?resourceVersion=${server.store.revision + 1}`);
    server.store.create(service('one'));
    server.store.create(service('two'));
    expect(await watch.names(1)).to.deep.equal(['ADDED two']);
  });

  it('goes on over a compaction', async () => {
    watch = await WatchReader.open(server, `${services}?resourceVersion=${server.store.revision}`);
    server.compact();
    server.store.create(service('one'));
    expect(await watch.names(1)).to.deep.equal(['ADDED one']);
  });

  it('shows tables where tables are asked for, with the columns in the first one only', async () => {
    const headers = { accept: 'application/json;as=Table;v=v1;g=meta.k8s.io' };
    watch = await WatchReader.open(server, `${services}?resourceVersion=0`, { headers });
    for (const name of ['one', 'two']) server.store.create(service(name));
    const tables = [(await watch.next()).object, (await watch.next()).object];
    expect(tables.map(({ kind }) => kind)).to.deep.equal(['Table', 'Table']);
    expect(tables.map((table) => (table['columnDefinitions'] as unknown[]).length > 0)).to.deep.equal([
      true,
      false,
    ]);
  });

  it('ends when its time is up', async () => {
    watch = await WatchReader.open(server, `${services}?resourceVersion=0&timeoutSeconds=1`);
    expect(await watch.line()).to.equal(undefined);
  });
});
