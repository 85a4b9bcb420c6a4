import { expect } from 'chai';
import { ApiServer } from '../../kube/server.ts';
import { ask } from './client.ts';

describe('a configuration that is applied to the API server of the tests', () => {
  const path = '/api/v1/namespaces/default/configmaps/a';
  let server: ApiServer;

  before(async () => {
    server = await ApiServer.start();
  });

  after(() => server.stop());

  afterEach(() => ask(server, path, { method: 'DELETE' }));

  async function apply(manager: string, data: object, labels: object = {}): Promise<unknown> {
    const body = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'a', labels }, data };
    const headers = { 'content-type': 'application/apply-patch+yaml' };
    const answer = await ask(server, `${path}?fieldManager=${manager}`, { method: 'PATCH', body, headers });
    expect(answer.code).to.be.oneOf([200, 201]);
    return answer.body['data'];
  }

  it('takes away what its manager applies no more, and nothing of others', async () => {
    await apply('one', { a: '1', b: '1' }, { one: 'yes' });
    await apply('two', { c: '2' });
    server.store.patch('configmaps', 'default', 'a', { data: { d: '3' } });
    expect(await apply('one', { a: '4' })).to.deep.equal({ a: '4', c: '2', d: '3' });
    expect(server.store.get('configmaps', 'default', 'a')?.metadata.labels).to.deep.equal({});
    expect(await apply('two', {})).to.deep.equal({ a: '4', d: '3' });
  });

  it('knows nothing of an object that had the same name before', async () => {
    await apply('one', { a: '1' });
    await ask(server, path, { method: 'DELETE' });
    await ask(server, '/api/v1/namespaces/default/configmaps', {
      method: 'POST',
      body: { metadata: { name: 'a' }, data: { a: '2' } },
    });
    expect(await apply('one', {})).to.deep.equal({ a: '2' });
  });
});
