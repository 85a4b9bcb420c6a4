import { expect } from 'chai';
import { ApiServer } from '../../kube/server.ts';
import { ask, type Reply } from './client.ts';
import { service, slice } from './objects.ts';

describe('writing to the API server of the tests', () => {
  const services = '/api/v1/namespaces/default/services';
  const web = `${services}/web`;
  let server: ApiServer;

  before(async () => {
    server = await ApiServer.start();
  });

  after(async () => {
    await server.stop();
  });

  afterEach(async () => {
    await ask(server, services, { method: 'DELETE' });
    await ask(server, '/api/v1/namespaces/default/endpoints', { method: 'DELETE' });
    await ask(server, '/apis/discovery.k8s.io/v1/namespaces/default/endpointslices', { method: 'DELETE' });
  });

  async function patch(type: string, body: unknown, path = web): Promise<Reply> {
    const headers = { 'content-type': `application/${type}` };
    return await ask(server, path, { method: 'PATCH', body, headers });
  }

  it('fills in what the API fills in', async () => {
    const body = { metadata: { name: 'web' }, spec: { type: 'NodePort', ports: [{ port: 80 }] } };
    const { code, body: made } = await ask(server, services, { method: 'POST', body });
    expect(code).to.equal(201);
    expect(made).to.deep.include({ kind: 'Service', apiVersion: 'v1' });
    expect(made.metadata).to.include({
      namespace: 'default',
      resourceVersion: String(server.store.revision),
    });
    expect(made.metadata.uid).to.match(/^[0-9a-f-]{36}$/);
    expect(made.metadata.creationTimestamp).to.match(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
    expect(made['spec']).to.deep.include({
      clusterIPs: ['10.96.0.10'],
      ipFamilies: ['IPv4'],
      ports: [{ port: 80, protocol: 'TCP', targetPort: 80, nodePort: 30_000 }],
    });
  });

  it('keeps what identifies an object and counts the generations of a slice', () => {
    const made = server.store.create(slice('web-1', 'web', ['10.1.0.1']));
    const changed = server.store.update(slice('web-1', 'web', ['10.1.0.2']));
    const labelled = server.store.patch('endpointslices', 'default', 'web-1', {
      metadata: { labels: { a: 'b' } },
    });
    expect(changed.metadata.uid).to.equal(made.metadata.uid);
    expect([made, changed, labelled].map(({ metadata }) => metadata.generation)).to.deep.equal([1, 2, 2]);
    expect(Number(labelled.metadata.resourceVersion)).to.equal(Number(made.metadata.resourceVersion) + 2);
  });

  it('makes no version of an object that is written as it was', () => {
    const made = server.store.create(service('web'));
    expect(server.store.update(service('web'))).to.equal(made);
  });

  it('refuses a name that is taken, and a write over a state that was not seen', async () => {
    const { metadata } = server.store.create(service('web'));
    server.store.patch('services', 'default', 'web', { metadata: { labels: { a: 'b' } } });
    const again = await ask(server, services, { method: 'POST', body: service('web') });
    expect([again.code, again.body.reason]).to.deep.equal([409, 'AlreadyExists']);
    const { resourceVersion } = metadata;
    const body = { ...service('web'), metadata: { name: 'web', resourceVersion } };
    const late = await ask(server, web, { method: 'PUT', body });
    expect([late.code, late.body.reason]).to.deep.equal([409, 'Conflict']);
    const removal = { preconditions: { uid: 'another' } };
    expect((await ask(server, web, { method: 'DELETE', body: removal })).code).to.equal(409);
  });

  for (const [what, method, path, body, code] of [
    ['an object that is not there', 'GET', web, undefined, 404],
    ['the removal of nothing', 'DELETE', web, undefined, 404],
    ['an update of nothing', 'PUT', web, service('web'), 404],
    ['a resource that is not served', 'GET', '/apis/apps/v1/deployments', undefined, 404],
    [
      'a namespace that is not there',
      'POST',
      '/api/v1/namespaces/gone/services',
      service('web', {}, 'gone'),
      404,
    ],
    ['an object of another kind', 'POST', services, slice('web', 'web', []), 400],
    ['an object of another namespace', 'POST', services, service('web', {}, 'other'), 400],
    ['an object without name', 'POST', services, { metadata: {} }, 400],
    ['a body that is no JSON', 'POST', services, '{', 400],
    ['a service without ports', 'POST', services, { metadata: { name: 'web' }, spec: {} }, 422],
  ] as const) {
    it(`answers ${code} to ${what}`, async () => {
      const reply = await ask(server, path, { method, body });
      expect([reply.code, reply.body.kind, reply.body.code]).to.deep.equal([code, 'Status', code]);
    });
  }

  for (const [type, body] of [
    ['merge-patch+json', { spec: { sessionAffinity: 'ClientIP', selector: null } }],
    ['strategic-merge-patch+json', { spec: { sessionAffinity: 'ClientIP', selector: null } }],
    [
      'json-patch+json',
      [
        { op: 'test', path: '/spec/selector/app', value: 'web' },
        { op: 'add', path: '/spec/sessionAffinity', value: 'ClientIP' },
        { op: 'remove', path: '/spec/selector' },
      ],
    ],
  ] as const) {
    it(`takes a ${type}`, async () => {
      const made = service('web');
      const spec = { ...(made['spec'] as object), selector: { app: 'web' } };
      server.store.create({ ...made, spec });
      const reply = await patch(type, body);
      expect(reply.code).to.equal(200);
      expect(reply.body['spec']).to.deep.include({ sessionAffinity: 'ClientIP', clusterIP: '10.96.1.1' });
      expect(reply.body['spec']).not.to.have.property('selector');
    });
  }

  it('merges the ports of a service by number, and replaces those of a slice', async () => {
    server.store.create(service('web'));
    const ports = [
      { port: 443, name: 'tls' },
      { port: 80, $patch: 'delete' },
    ];
    const { body } = await patch('strategic-merge-patch+json', { spec: { ports } });
    expect(body['spec']).to.deep.include({
      ports: [{ port: 443, name: 'tls', protocol: 'TCP', targetPort: 443 }],
    });
    server.store.create(slice('web-1', 'web', ['10.1.0.1']));
    const path = '/apis/discovery.k8s.io/v1/namespaces/default/endpointslices/web-1';
    const changed = await patch('strategic-merge-patch+json', { ports: [{ port: 1 }] }, path);
    expect(changed.body['ports']).to.deep.equal([{ port: 1 }]);
  });

  it('does nothing of a JSON patch of which one step fails', async () => {
    const made = server.store.create(service('web'));
    const steps = [
      { op: 'add', path: '/metadata/labels/a', value: 'b' },
      { op: 'remove', path: '/spec/nothing' },
    ];
    expect((await patch('json-patch+json', steps)).code).to.equal(422);
    expect(server.store.get('services', 'default', 'web')).to.equal(made);
  });

  it('keeps an object with finalizers until the last one is gone', async () => {
    const made = service('web');
    server.store.create({ ...made, metadata: { ...made.metadata, finalizers: ['test/hold'] } });
    expect((await ask(server, web, { method: 'DELETE' })).body.metadata.deletionTimestamp).to.be.a('string');
    expect((await ask(server, web)).code).to.equal(200);
    await patch('merge-patch+json', { metadata: { finalizers: null } });
    expect((await ask(server, web)).code).to.equal(404);
  });

  it('writes the status through its own resource, and nothing else there', async () => {
    server.store.create(service('web'));
    const body = {
      ...service('web'),
      spec: {},
      status: { loadBalancer: { ingress: [{ ip: '192.0.2.1' }] } },
    };
    const { body: written } = await ask(server, `${web}/status`, { method: 'PUT', body });
    expect(written['status']).to.deep.equal(body.status);
    expect(written['spec']).to.deep.include({ clusterIP: '10.96.1.1' });
  });

  it('shows an event in the form of both of its resources', async () => {
    const event = {
      metadata: { name: 'e1' },
      regarding: { kind: 'Service', name: 'web' },
      note: 'What happened.',
      reason: 'Test',
    };
    const path = '/apis/events.k8s.io/v1/namespaces/default/events';
    expect((await ask(server, path, { method: 'POST', body: event })).code).to.equal(201);
    const { body } = await ask(server, '/api/v1/events?fieldSelector=involvedObject.name%3Dweb');
    expect(body.items[0]).to.deep.include({
      apiVersion: 'v1',
      kind: 'Event',
      message: 'What happened.',
      involvedObject: event.regarding,
    });
  });

  it('mirrors the Endpoints of a service without selector into slices by family', () => {
    server.store.create(service('web'));
    server.store.create({
      apiVersion: 'v1',
      kind: 'Endpoints',
      metadata: { name: 'web' },
      subsets: [
        {
          addresses: [{ ip: '10.1.0.1' }, { ip: 'fd00::1' }],
          notReadyAddresses: [{ ip: '10.1.0.2' }],
          ports: [{ port: 1 }],
        },
      ],
    });
    expect(server.store.get('endpointslices', 'default', 'web-mirrored-1')?.['endpoints']).to.deep.equal([
      { addresses: ['10.1.0.1'], conditions: { ready: true } },
      { addresses: ['10.1.0.2'], conditions: { ready: false } },
    ]);
    expect(server.store.get('endpointslices', 'default', 'web-mirrored-2')).to.include({
      addressType: 'IPv6',
    });
    server.store.patch('services', 'default', 'web', { spec: { selector: { app: 'web' } } });
    expect(server.store.get('endpointslices', 'default', 'web-mirrored-1')).to.equal(undefined);
  });
});
