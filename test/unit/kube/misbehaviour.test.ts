import { expect } from 'chai';
import { ApiServer } from '../../kube/server.ts';
import { ask, open, WatchReader } from './client.ts';
import { service } from './objects.ts';

const path = '/api/v1/services';

/** The error of a promise that is to fail. */
async function failureOf(promise: Promise<unknown>): Promise<Error> {
  try {
    await promise;
  } catch (error) {
    if (error instanceof Error) return error;
  }
  throw new Error('expected a failure, got none');
}

describe('an API server that misbehaves', () => {
  let server: ApiServer;

  beforeEach(async () => {
    server = await ApiServer.start();
    server.store.create(service('one'));
  });

  afterEach(async () => {
    await server.stop();
  });

  it('refuses as it is told, so many times, and is well again', async () => {
    const does = { kind: 'refuse', code: 429, retryAfterSeconds: 2 } as const;
    server.misbehave({ match: { resource: 'services' }, does, after: 1, times: 1 });
    const replies = [await ask(server, path), await ask(server, path), await ask(server, path)];
    expect(replies.map(({ code }) => code)).to.deep.equal([200, 429, 200]);
    expect(replies[1]?.headers['retry-after']).to.equal('2');
    expect(replies[1]?.body.reason).to.equal('TooManyRequests');
  });

  it('lets other requests be, and stops when it is told', async () => {
    const undo = server.misbehave({
      match: { verb: 'list', user: 'tester' },
      does: { kind: 'refuse', code: 500 },
    });
    expect((await ask(server, path)).code).to.equal(500);
    expect((await ask(server, path, { token: server.authentication.token('other') })).code).to.equal(200);
    expect((await ask(server, '/api/v1/namespaces/default/services/one')).code).to.equal(200);
    undo();
    expect((await ask(server, path)).code).to.equal(200);
  });

  it('does the same at random with the same seed', async () => {
    const codes = async (): Promise<number[]> => {
      const random = await ApiServer.start({ seed: 7, authority: server.authority });
      random.misbehave({ does: { kind: 'refuse', code: 503 }, probability: 0.5 });
      const seen: number[] = [];
      while (seen.length < 8) seen.push((await ask(random, '/version')).code);
      await random.stop();
      return seen;
    };
    const first = await codes();
    expect(first).to.include.members([200, 503]);
    expect(await codes()).to.deep.equal(first);
  });

  it('cuts an answer in the middle of a line', async () => {
    server.misbehave({ match: { verb: 'watch' }, does: { kind: 'cut', afterBytes: 20 } });
    const watch = await WatchReader.open(server, `${path}?resourceVersion=0`);
    expect(await failureOf(watch.line())).to.include({ code: 'ECONNRESET' });
  });

  it('breaks the connection instead of answering', async () => {
    server.misbehave({ does: { kind: 'disconnect' } });
    expect(await failureOf(ask(server, path))).to.include({ code: 'ECONNRESET' });
  });

  it('hangs, until its connections are dropped', async () => {
    server.misbehave({ does: { kind: 'hang' }, times: 1 });
    const hanging = failureOf(ask(server, path));
    await server.seen({ verb: 'list', resource: 'services' });
    expect((await ask(server, path)).code).to.equal(200);
    server.dropConnections();
    expect(await hanging).to.include({ code: 'ECONNRESET' });
  });

  it('falls silent in a watch and keeps the connection', async () => {
    server.misbehave({ match: { verb: 'watch' }, does: { kind: 'half-open' }, times: 1 });
    const silent = await WatchReader.open(server, `${path}?resourceVersion=0`);
    const well = await WatchReader.open(server, `${path}?resourceVersion=0`);
    const said = silent.line().catch(() => 'the connection broke');
    expect(await well.names(1)).to.deep.equal(['ADDED one']);
    server.dropConnections();
    expect(await said).to.equal('the connection broke');
  });

  it('drips', async () => {
    server.misbehave({ does: { kind: 'drip', bytes: 100, everyMs: 1 } });
    const parts: unknown[] = [];
    for await (const part of await open(server, path)) parts.push(part);
    expect(parts).to.have.lengthOf.above(3);
  });

  it('lags behind', async () => {
    server.store.create(service('two'));
    server.misbehave({ match: { verb: ['list', 'get'] }, does: { kind: 'stale', behind: 1 } });
    const { body } = await ask(server, path);
    expect(body.items).to.have.lengthOf(1);
    expect(body.metadata.resourceVersion).to.equal(String(server.store.revision - 1));
    expect((await ask(server, '/api/v1/namespaces/default/services/two')).code).to.equal(404);
  });

  for (const [fault, seen] of [
    ['lost', ['ADDED a', 'ADDED c']],
    ['duplicate', ['ADDED a', 'ADDED b', 'ADDED b', 'ADDED c']],
    ['out-of-order', ['ADDED a', 'ADDED c', 'ADDED b']],
    ['unknown-type', ['ADDED a', 'SURPRISED b', 'ADDED c']],
  ] as const) {
    it(`spoils every second event of a watch: ${fault}`, async () => {
      server.misbehave({ does: { kind: 'events', fault, every: 2 } });
      const watch = await WatchReader.open(server, `${path}?resourceVersion=${server.store.revision}`);
      for (const name of ['a', 'b', 'c']) server.store.create(service(name));
      expect(await watch.names(seen.length)).to.deep.equal(seen);
      watch.close();
    });
  }

  it('sends objects without version', async () => {
    server.misbehave({ does: { kind: 'events', fault: 'no-resource-version' } });
    const watch = await WatchReader.open(server, `${path}?resourceVersion=0`);
    const { object } = await watch.next();
    expect(object.metadata).to.include({ name: 'one' }).and.not.to.have.property('resourceVersion');
    watch.close();
  });

  it('sends lines that are no JSON', async () => {
    server.misbehave({ does: { kind: 'events', fault: 'broken-line' } });
    const watch = await WatchReader.open(server, `${path}?resourceVersion=0`);
    const line = await watch.line();
    expect(() => JSON.parse(line ?? '{}') as unknown).to.throw(SyntaxError);
    watch.close();
  });

  it('sends something else than JSON', async () => {
    server.misbehave({ does: { kind: 'garble' } });
    const { headers, body } = await ask(server, path);
    expect(headers['content-type']).to.equal('text/html');
    expect((body as unknown as { text: string }).text).to.match(/^<html>/);
  });

  it('sends no bookmarks, not even the one that ends a list', async () => {
    server.misbehave({ does: { kind: 'no-bookmarks' } });
    const query = 'allowWatchBookmarks=true&sendInitialEvents=true&resourceVersionMatch=NotOlderThan';
    const watch = await WatchReader.open(server, `${path}?${query}`);
    server.bookmark();
    server.store.create(service('two'));
    expect(await watch.names(2)).to.deep.equal(['ADDED one', 'ADDED two']);
    watch.close();
  });

  it('ends watches as if their time were up', async () => {
    const watch = await WatchReader.open(server, `${path}?resourceVersion=${server.store.revision}`);
    server.endWatches();
    expect(await watch.line()).to.equal(undefined);
    expect(server.watchCount).to.equal(0);
  });

  it('ends watches with the event of a version that is gone', async () => {
    const watch = await WatchReader.open(server, `${path}?resourceVersion=${server.store.revision}`);
    server.expireWatches();
    expect((await watch.next()).object.code).to.equal(410);
    expect(await watch.line()).to.equal(undefined);
  });
});

describe('an API server that restarts', () => {
  let server: ApiServer;

  beforeEach(async () => {
    server = await ApiServer.start();
    server.store.create(service('one'));
  });

  afterEach(async () => {
    await server.stop();
  });

  it('comes back at the same place with what it held, and its watches are broken', async () => {
    const { url } = server;
    const watch = await WatchReader.open(server, `${path}?resourceVersion=${server.store.revision}`);
    const broken = failureOf(watch.line());
    await server.stop();
    expect(await failureOf(ask(server, path))).to.include({ code: 'ECONNREFUSED' });
    await server.restart();
    expect(await broken).to.include({ code: 'ECONNRESET' });
    expect([server.url, (await ask(server, path)).body.items.length]).to.deep.equal([url, 1]);
  });

  it('comes back deaf, and well again', async () => {
    await server.restart({ silent: true });
    const unanswered = failureOf(ask(server, path));
    const early = await Promise.race([
      unanswered,
      new Promise((resolve) => setTimeout(resolve, 50, 'nothing')),
    ]);
    expect(early).to.equal('nothing');
    await server.restart();
    expect(await unanswered).to.include({ code: 'ECONNRESET' });
    expect((await ask(server, path)).code).to.equal(200);
  });

  it('comes back without its history', async () => {
    const from = server.store.revision;
    server.store.create(service('two'));
    await server.restart({ compacted: true });
    const watch = await WatchReader.open(server, `${path}?resourceVersion=${from}`);
    expect((await watch.next()).object.code).to.equal(410);
  });

  it('comes back from a backup, at a version that was before', async () => {
    const then = server.store.revision;
    server.store.create(service('two'));
    server.store.delete('services', 'default', 'one');
    await server.restart({ restoreTo: then });
    const { body } = await ask(server, path);
    expect(body.metadata.resourceVersion).to.equal(String(then));
    expect(body.items.map(({ metadata }) => metadata.name)).to.deep.equal(['one']);
  });

  it('comes back from a backup with no revision given out twice, where it is told so', async () => {
    const then = server.store.revision;
    server.store.create(service('two'));
    await server.restart({ restoreTo: then, bump: 1000 });
    const watch = await WatchReader.open(server, `${path}?resourceVersion=${then + 1}`);
    expect((await watch.next()).object.code).to.equal(410);
    expect(server.store.create(service('two')).metadata.resourceVersion).to.equal(String(then + 1001));
  });

  it('comes back with another authority, which who trusts the old one refuses', async () => {
    const old = server.authority;
    await server.restart({ newAuthority: true });
    expect((await ask(server, path)).code).to.equal(200);
    const refused = await failureOf(ask(server, path, { authority: old }));
    expect(refused)
      .to.have.property('code')
      .that.matches(/SIGNATURE|SELF_SIGNED|UNABLE_TO/);
  });

  it('answers an expired version as HTTP 410 where it is told so', async () => {
    const old = await ApiServer.start({ expired: 'response', authority: server.authority });
    old.compact();
    const { code, body } = await ask(old, `${path}?watch=1&resourceVersion=5`);
    expect([code, body.reason]).to.deep.equal([410, 'Expired']);
    await old.stop();
  });
});
