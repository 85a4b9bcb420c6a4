import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { ApiServer } from '../../kube/server.ts';
import { StateFolder } from '../../kube/state.ts';
import { resourceNamed } from '../../kube/resource-type.ts';
import { service } from './objects.ts';

describe('the state of an API server, in a folder', () => {
  let folder: string;
  const servers: ApiServer[] = [];

  /** A server that begins with what the folder holds now. The one before needs not have ended. */
  async function start(): Promise<ApiServer> {
    const state = new StateFolder(folder);
    const server = await ApiServer.start(await state.read());
    state.keep(server.store);
    servers.push(server);
    return server;
  }

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'state-'));
  });

  afterEach(async () => {
    await Promise.all(servers.splice(0).map((server) => server.stop()));
    await rm(folder, { recursive: true });
  });

  it('holds every change as soon as it is made, with its version', async () => {
    const first = await start();
    first.store.create(service('web'));
    first.store.patch('services', 'default', 'web', { spec: { sessionAffinity: 'ClientIP' } });
    const second = await start();
    expect(second.store.revision).to.equal(first.store.revision);
    expect(second.store.objects).to.deep.equal(first.store.objects);
    expect(second.store.list(resourceNamed('services'))).to.have.lengthOf(1);
  });

  it('does not hold what was before', async () => {
    const { store } = await start();
    store.create(service('web'));
    const { history, revision } = (await start()).store;
    expect(() => history.since(revision - 1)).to.throw('too old resource version');
    expect(history.since(revision)).to.deep.equal([]);
  });

  it('makes an authority that stays', async () => {
    const first = await start();
    expect((await start()).authority.certificate).to.equal(first.authority.certificate);
  });

  it('names the users of tokens', async () => {
    await writeFile(join(folder, 'tokens.csv'), 'secret,node-agent\nother,admin\n');
    const { authentication } = await start();
    expect(['node-agent', 'admin'].map((user) => authentication.token(user))).to.deep.equal([
      'secret',
      'other',
    ]);
  });
});
