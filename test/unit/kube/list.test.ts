import { expect } from 'chai';
import { ApiServer } from '../../kube/server.ts';
import { ask, type Reply } from './client.ts';
import { service, slice } from './objects.ts';

describe('a list of the API server of the tests', () => {
  let server: ApiServer;

  before(async () => {
    server = await ApiServer.start();
  });

  after(async () => {
    await server.stop();
  });

  beforeEach(() => {
    for (const name of ['a', 'b', 'c', 'd', 'e']) server.store.put(service(name, { name }));
  });

  async function list(query: string): Promise<Reply> {
    return await ask(server, `/api/v1/services?${query}`);
  }

  function names({ body }: Reply): string {
    return body.items.map(({ metadata }) => metadata.name).join('');
  }

  it('has the kind of the list and the version of the newest write', async () => {
    const { body } = await list('');
    expect([body.kind, body.apiVersion]).to.deep.equal(['ServiceList', 'v1']);
    expect(body.metadata).to.deep.equal({ resourceVersion: String(server.store.revision) });
  });

  it('shows the same snapshot on every page, whatever happens in between', async () => {
    const first = await list('limit=2');
    expect([names(first), first.body.metadata.remainingItemCount]).to.deep.equal(['ab', 3]);
    server.store.delete('services', 'default', 'd');
    server.store.create(service('bb'));
    const second = await list(`limit=2&continue=${first.body.metadata.continue}`);
    const third = await list(`limit=2&continue=${second.body.metadata.continue}`);
    expect([names(second), names(third), third.body.metadata.continue]).to.deep.equal(['cd', 'e', undefined]);
    expect(third.body.metadata.resourceVersion).to.equal(first.body.metadata.resourceVersion);
    server.store.delete('services', 'default', 'bb');
  });

  it('refuses the next page of a snapshot that was compacted, and says how to go on without it', async () => {
    const first = await list('limit=2');
    server.store.put(service('c', { changed: 'yes' }));
    server.compact();
    const refused = await list(`limit=2&continue=${first.body.metadata.continue}`);
    expect([refused.code, refused.body.reason]).to.deep.equal([410, 'Expired']);
    expect(names(await list(`limit=9&continue=${refused.body.metadata.continue}`))).to.equal('cde');
  });

  it('has no pages where any version will do', async () => {
    expect(names(await list('limit=2&resourceVersion=0'))).to.equal('abcde');
  });

  it('shows the state of exactly the version that is asked for', async () => {
    const then = server.store.revision;
    server.store.delete('services', 'default', 'a');
    const exact = `resourceVersion=${then}&resourceVersionMatch=Exact`;
    expect(names(await list(exact))).to.equal('abcde');
    expect(names(await list(`resourceVersion=${then}&limit=9`))).to.equal('abcde');
    expect(names(await list(`resourceVersion=${then}`))).to.equal('bcde');
    expect(names(await list(`resourceVersion=${then}&resourceVersionMatch=NotOlderThan`))).to.equal('bcde');
    server.compact();
    expect((await list(exact)).code).to.equal(410);
  });

  it('says that a version is yet to come', async () => {
    const { code, headers, body } = await list(`resourceVersion=${server.store.revision + 1}`);
    expect([code, body.reason, headers['retry-after']]).to.deep.equal([504, 'Timeout', '1']);
  });

  for (const [query, code] of [
    ['resourceVersionMatch=Exact', 422],
    ['resourceVersionMatch=Other&resourceVersion=1', 422],
    ['resourceVersionMatch=Exact&resourceVersion=0', 422],
    ['sendInitialEvents=true', 422],
    ['watch=1&sendInitialEvents=true', 422],
    ['watch=1&resourceVersionMatch=NotOlderThan', 422],
    ['continue=nonsense', 400],
    ['continue=bm8&resourceVersion=5', 400],
    ['resourceVersion=x', 400],
    ['limit=-1', 400],
    ['labelSelector=a%20b', 400],
    ['fieldSelector=spec.ports=1', 400],
  ] as const) {
    it(`answers ${code} to ${query}`, async () => {
      const reply = await list(query);
      expect([reply.code, reply.body.kind, reply.body.code]).to.deep.equal([code, 'Status', code]);
    });
  }

  for (const [selector, chosen] of [
    ['', 'abcde'],
    ['name', 'abcde'],
    ['!name', ''],
    ['name=a', 'a'],
    ['name==b', 'b'],
    ['name!=a', 'bcde'],
    ['other!=a', 'abcde'],
    ['name in (a,b)', 'ab'],
    ['name notin (a, b),name!=c', 'de'],
    ['other notin (a)', 'abcde'],
    ['!x/y,!z.example/w', 'abcde'],
  ] as const) {
    it(`chooses by the labels ${selector}`, async () => {
      server.store.put(service('c', { name: 'c' }));
      expect(names(await list(`labelSelector=${encodeURIComponent(selector)}`))).to.equal(chosen);
    });
  }

  it('chooses by name, by namespace and by fields of the kind', async () => {
    server.store.put(service('a', {}, 'kube-system'));
    expect(names(await list('fieldSelector=metadata.name%3Da'))).to.equal('aa');
    expect(names(await list('fieldSelector=metadata.name%3Da,metadata.namespace!%3Ddefault'))).to.equal('a');
    expect(names(await list('fieldSelector=spec.clusterIP%3D10.0.0.1'))).to.equal('');
    const own = await ask(server, '/api/v1/namespaces/kube-system/services');
    expect(names(own)).to.equal('a');
    server.store.delete('services', 'kube-system', 'a');
  });

  it('is a table where a table is asked for', async () => {
    server.store.put(slice('a-1', 'a', ['10.1.0.1', '10.1.0.2']));
    const headers = { accept: 'application/json;as=Table;v=v1;g=meta.k8s.io,application/json' };
    const { body } = await ask(server, '/apis/discovery.k8s.io/v1/endpointslices', { headers });
    const [row] = body['rows'] as { cells: unknown[]; object: { kind: string } }[];
    expect(body.kind).to.equal('Table');
    expect(row?.cells.slice(0, 4)).to.deep.equal(['a-1', 'IPv4', '8080', '10.1.0.1,10.1.0.2']);
    expect(row?.object.kind).to.equal('PartialObjectMetadata');
  });

  it('is compressed where it is long and the client takes that', async () => {
    server.store.put({ ...service('a'), status: { filling: 'x'.repeat(200_000) } });
    const packed = await ask(server, '/api/v1/services', { headers: { 'accept-encoding': 'gzip' } });
    const plain = await ask(server, '/api/v1/services');
    expect([packed.headers['content-encoding'], plain.headers['content-encoding']]).to.deep.equal([
      'gzip',
      undefined,
    ]);
    expect(packed.body).to.deep.equal(plain.body);
    server.store.put(service('a', { name: 'a' }));
  });
});
