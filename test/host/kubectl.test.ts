import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { Kubectl, kubectlPath } from '../kube/kubectl.ts';
import type { JsonObject } from '../kube/object.ts';
import { ApiServer } from '../kube/server.ts';

const manifest = `
apiVersion: v1
kind: Service
metadata: { name: web, labels: { app: web } }
spec:
  selector: { app: web }
  ports: [{ name: http, port: 80, targetPort: 8080 }]
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: { name: web-1, labels: { kubernetes.io/service-name: web } }
addressType: IPv4
ports: [{ name: http, port: 8080, protocol: TCP }]
endpoints:
  - { addresses: [10.1.0.1], conditions: { ready: true }, nodeName: node-1 }
  - { addresses: [10.1.0.2], conditions: { ready: true }, nodeName: node-2 }
---
apiVersion: v1
kind: Service
metadata: { name: outside }
spec: { ports: [{ port: 53, protocol: UDP }] }
---
apiVersion: v1
kind: Endpoints
metadata: { name: outside }
subsets: [{ addresses: [{ ip: 192.0.2.53 }], ports: [{ port: 53, protocol: UDP }] }]
---
apiVersion: v1
kind: Node
metadata: { name: node-1, labels: { topology.kubernetes.io/zone: a } }
`;

describe('the real kubectl on the API server of the tests', () => {
  let server: ApiServer;
  let folder: string;
  let kubectl: Kubectl;

  async function must(args: readonly string[], stdin = ''): Promise<string> {
    const { code, stdout, stderr } = await kubectl.run(args, stdin);
    expect(code, `kubectl ${args.join(' ')}: ${stderr}`).to.equal(0);
    return stdout;
  }

  function held(resource: string, name: string): JsonObject {
    const object = server.store.get(resource, resource === 'nodes' ? '' : 'default', name);
    if (!object) throw new Error(`expected ${resource} ${name}, got nothing`);
    return object;
  }

  beforeEach(async () => {
    server = await ApiServer.start();
    folder = await mkdtemp(join(tmpdir(), 'kubectl-'));
    await writeFile(join(folder, 'config'), server.kubeconfig('admin'));
    kubectl = new Kubectl(await kubectlPath(), join(folder, 'config'));
  });

  afterEach(async () => {
    await server.stop();
    await rm(folder, { recursive: true });
  });

  it('applies objects of every kind, and finds nothing to do when it applies them again', async () => {
    const words = (word: string): string =>
      [
        'service/web',
        'endpointslice.discovery.k8s.io/web-1',
        'service/outside',
        'endpoints/outside',
        'node/node-1',
      ]
        .map((name) => `${name} ${word}\n`)
        .join('');
    expect(await must(['apply', '-f', '-'], manifest)).to.equal(words('created'));
    expect(await must(['apply', '-f', '-'], manifest)).to.equal(words('unchanged'));
    expect(held('services', 'web')['spec']).to.deep.include({ type: 'ClusterIP', sessionAffinity: 'None' });
    expect(held('endpointslices', 'outside-mirrored-1')['endpoints']).to.deep.equal([
      { addresses: ['192.0.2.53'], conditions: { ready: true } },
    ]);
  });

  it('gets them as tables, as YAML and by selector', async () => {
    await must(['apply', '-f', '-'], manifest);
    const table = await must(['get', 'svc,endpointslices,endpoints,nodes']);
    expect(table).to.match(/^service\/web +ClusterIP +10\.96\.\d+\.\d+ +<none> +80\/TCP +\d+s$/m);
    expect(table).to.match(/^endpointslice\S*\/web-1 +IPv4 +8080 +10\.1\.0\.1,10\.1\.0\.2 +\d+s$/m);
    expect(table).to.match(/^endpoints\/outside +192\.0\.2\.53:53 +\d+s$/m);
    expect(table).to.match(/^node\/node-1 +Unknown/m);
    expect(await must(['get', 'svc', '-l', 'app in (web),!gone', '-o', 'name'])).to.equal('service/web\n');
    expect(
      await must(['get', 'svc', '-A', '--field-selector', 'metadata.name=outside', '-o', 'name']),
    ).to.equal('service/outside\n');
    expect(await must(['get', 'node', 'node-1', '-o', 'yaml'])).to.contain('topology.kubernetes.io/zone: a');
  });

  it('gets long lists page by page', async () => {
    for (let number = 0; number < 7; number += 1) {
      server.store.create({ apiVersion: 'v1', kind: 'Node', metadata: { name: `node-${number}` } });
    }
    const names = await must(['get', 'nodes', '-o', 'name', '--chunk-size', '3']);
    expect(names.trim().split('\n')).to.have.lengthOf(7);
    expect(server.requests.filter(({ resource }) => resource === 'nodes')).to.have.lengthOf(3);
  });

  it('describes them', async () => {
    await must(['apply', '-f', '-'], manifest);
    expect(await must(['describe', 'service', 'web'])).to.match(
      /^Endpoints: +10\.1\.0\.1:8080,10\.1\.0\.2:8080$/m,
    );
    expect(await must(['describe', 'endpointslice', 'web-1'])).to.match(/Addresses: +10\.1\.0\.1$/m);
    expect(await must(['describe', 'node', 'node-1'])).to.match(/^Name: +node-1$/m);
    expect(await must(['describe', 'endpoints', 'outside'])).to.contain('192.0.2.53');
  });

  it('patches in each of the three ways', async () => {
    await must(['apply', '-f', '-'], manifest);
    await must(['patch', 'svc', 'web', '-p', '{"spec":{"ports":[{"port":443,"name":"tls"}]}}']);
    const ports = held('services', 'web')['spec'] as { ports: { port: number }[] };
    expect(ports.ports.map(({ port }) => port)).to.have.members([80, 443]);
    await must(['patch', 'svc', 'web', '--type', 'merge', '-p', '{"spec":{"sessionAffinity":"ClientIP"}}']);
    expect(held('services', 'web')['spec']).to.deep.include({ sessionAffinity: 'ClientIP' });
    const steps = '[{"op":"remove","path":"/endpoints/0"}]';
    await must(['patch', 'endpointslice', 'web-1', '--type', 'json', '-p', steps]);
    expect(held('endpointslices', 'web-1')['endpoints']).to.have.lengthOf(1);
  });

  it('labels, annotates, cordons, replaces and applies a change', async () => {
    await must(['apply', '-f', '-'], manifest);
    await must(['label', 'svc', 'web', 'service.kubernetes.io/service-proxy-name=other']);
    await must(['annotate', 'svc', 'web', 'note=1']);
    await must(['cordon', 'node-1']);
    expect(held('nodes', 'node-1')['spec']).to.deep.include({ unschedulable: true });
    const scaled = manifest.replace(/ {2}- \{ addresses: \[10\.1\.0\.2\].*\n/, '');
    expect(await must(['apply', '-f', '-'], scaled)).to.contain('web-1 configured');
    expect(held('endpointslices', 'web-1')['endpoints']).to.have.lengthOf(1);
    expect(held('services', 'web')['metadata']).to.deep.include({
      labels: { app: 'web', 'service.kubernetes.io/service-proxy-name': 'other' },
    });
    await must(['replace', '-f', '-'], await must(['get', 'svc', 'web', '-o', 'yaml']));
  });

  it('applies on the server', async () => {
    await must(['apply', '--server-side', '-f', '-'], manifest);
    expect(held('endpointslices', 'web-1')['endpoints']).to.have.lengthOf(2);
  });

  it('deletes, and waits until the objects are gone', async () => {
    await must(['apply', '-f', '-'], manifest);
    expect(await must(['delete', '-f', '-'], manifest)).to.match(/service "web" deleted/);
    expect(server.store.get('services', 'default', 'web')).to.equal(undefined);
    expect(server.store.get('endpointslices', 'default', 'outside-mirrored-1')).to.equal(undefined);
    await must(['apply', '-f', '-'], manifest);
    await must(['delete', 'svc', '--all']);
    const { code, stderr } = await kubectl.run(['get', 'svc', 'web']);
    expect([code, stderr]).to.deep.equal([1, 'Error from server (NotFound): services "web" not found\n']);
  });

  it('watches', async () => {
    const watching = kubectl.start(['get', 'svc', '--watch', '--output-watch-events']);
    let seen = '';
    watching.stdout.setEncoding('utf8').on('data', (text: string) => {
      seen += text;
      if (seen.includes('DELETED')) watching.kill();
    });
    const closed = once(watching, 'close');
    await server.seen({ verb: 'watch', resource: 'services' });
    await must(['create', '-f', '-'], manifest);
    await must(['delete', 'svc', 'web']);
    await closed;
    expect(seen.split('\n').map((line) => line.split(/ +/)[0])).to.include.members(['ADDED', 'DELETED']);
  });

  it('is told why it may not', async () => {
    server.authorization.forbid({ verb: 'list', resource: 'services' });
    expect((await kubectl.run(['get', 'svc'])).stderr).to.equal(
      'Error from server (Forbidden): services is forbidden: User "admin" cannot list resource "services" in API ' +
        'group "" in the namespace "default"\n',
    );
    server.authentication.revokeTokens('admin');
    expect((await kubectl.run(['get', 'nodes'])).stderr).to.match(/Unauthorized|logged in/);
  });

  it('trusts a client certificate as well as a token', async () => {
    await writeFile(join(folder, 'config'), await server.certificateKubeconfig('admin'));
    expect(await must(['get', 'ns', '-o', 'name'])).to.equal('namespace/default\nnamespace/kube-system\n');
    expect(server.requests.at(-1)?.user).to.equal('admin');
  });
});

describe('the API server of the tests as a program', () => {
  it('serves a load and a churn to whoever has its kubeconfig, until it is stopped', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'kubectl-'));
    const config = join(folder, 'config');
    const args = ['test/kube/serve.ts', '--kubeconfig-out', config, '--load', '3x2', '--churn', '20'];
    const program = spawn('node', args, { stdio: ['ignore', 'pipe', 'inherit'] });
    const closed = once(program, 'close');
    try {
      const [url] = (await once(program.stdout.setEncoding('utf8'), 'data')) as [string];
      const kubectl = new Kubectl(await kubectlPath(), config);
      const { stdout } = await kubectl.run(['get', 'svc', '-o', 'name']);
      expect(stdout).to.equal('service/load-00000\nservice/load-00001\nservice/load-00002\n');
      expect((await kubectl.run(['cluster-info'])).stdout).to.contain(url.trim());
      const changes = kubectl.start(['get', 'endpointslices', '--watch-only']);
      await once(changes.stdout, 'data');
      changes.kill();
    } finally {
      program.kill('SIGTERM');
      await rm(folder, { recursive: true });
    }
    expect(await closed).to.deep.equal([0, null]);
  });
});
