import { expect } from 'chai';
import { parse } from 'yaml';
import { Authority } from '../../kube/certificates.ts';
import { ApiServer } from '../../kube/server.ts';
import { ask, WatchReader } from './client.ts';

const path = '/api/v1/services';

describe('access to the API server of the tests', () => {
  let server: ApiServer;

  beforeEach(async () => {
    server = await ApiServer.start();
  });

  afterEach(async () => {
    await server.stop();
  });

  for (const [who, token] of [
    ['nobody', ''],
    ['a stranger', 'made-up'],
  ] as const) {
    it(`is refused to ${who} with 401`, async () => {
      const { code, body } = await ask(server, path, { token });
      expect([code, body.kind, body.reason]).to.deep.equal([401, 'Status', 'Unauthorized']);
    });
  }

  it('is by the newest token, and by an old one as long as that is kept', async () => {
    const first = server.authentication.token('tester');
    const second = server.authentication.rotateToken('tester', true);
    expect((await ask(server, path, { token: first })).code).to.equal(200);
    const third = server.authentication.rotateToken('tester');
    const codes = [];
    for (const token of [first, second, third]) codes.push((await ask(server, path, { token })).code);
    expect(codes).to.deep.equal([401, 401, 200]);
  });

  it('is by a client certificate, whose common name is the user', async () => {
    const identity = await server.authority.sign({ commonName: 'node-agent' });
    expect((await ask(server, path, { token: '', identity })).code).to.equal(200);
    expect(server.requests.at(-1)).to.include({ user: 'node-agent', verb: 'list', resource: 'services' });
  });

  it('is refused to a certificate of another authority', async () => {
    const identity = await (await Authority.create('another')).sign({ commonName: 'node-agent' });
    expect((await ask(server, path, { token: '', identity })).code).to.equal(401);
  });

  it('is forbidden for a verb and a resource until it is allowed again', async () => {
    const allow = server.authorization.forbid({ verb: 'watch', resource: 'services', user: 'tester' });
    const watch = await WatchReader.open(server, path);
    expect(watch.code).to.equal(403);
    watch.close();
    expect((await ask(server, path)).code).to.equal(200);
    allow();
    const again = await WatchReader.open(server, path);
    expect(again.code).to.equal(200);
    again.close();
  });

  it('is told by a kubeconfig', async () => {
    const written = parse(server.kubeconfig('admin')) as {
      clusters: { cluster: { server: string; 'certificate-authority-data': string } }[];
      users: { user: { token: string } }[];
    };
    const { cluster } = written.clusters[0] ?? expect.fail('no cluster');
    expect(cluster.server).to.equal(server.url);
    expect(Buffer.from(cluster['certificate-authority-data'], 'base64').toString()).to.equal(
      server.authority.certificate,
    );
    expect((await ask(server, path, { token: written.users[0]?.user.token ?? '' })).code).to.equal(200);
  });

  it('goes on with another certificate of the same authority', async () => {
    await server.rotateCertificate();
    expect((await ask(server, path)).code).to.equal(200);
  });
});

describe('discovery on the API server of the tests', () => {
  let server: ApiServer;

  before(async () => {
    server = await ApiServer.start();
  });

  after(async () => {
    await server.stop();
  });

  it('names groups, versions, resources and the version of the server', async () => {
    expect((await ask(server, '/api')).body['versions']).to.deep.equal(['v1']);
    const groups = (await ask(server, '/apis')).body['groups'] as { name: string }[];
    expect(groups.map(({ name }) => name)).to.include.members(['discovery.k8s.io', 'events.k8s.io', 'apps']);
    const core = (await ask(server, '/api/v1')).body['resources'] as { name: string }[];
    expect(core.map(({ name }) => name)).to.include.members([
      'services',
      'endpoints',
      'nodes',
      'services/status',
    ]);
    const slices = (await ask(server, '/apis/discovery.k8s.io/v1')).body['resources'] as { name: string }[];
    expect(slices.map(({ name }) => name)).to.deep.equal(['endpointslices']);
    expect((await ask(server, '/version')).body['major']).to.equal('1');
    expect((await ask(server, '/readyz')).code).to.equal(200);
  });

  it('answers 404 to any other path', async () => {
    const { code, body } = await ask(server, '/apis/metrics.k8s.io/v1');
    expect([code, body.reason]).to.deep.equal([404, 'NotFound']);
  });
});
