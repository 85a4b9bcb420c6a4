/**
 * The cluster that a daemon is measured with: the API server of the tests with a load, as a process of its own, and
 * beside it a plain HTTP port (`Control`) through which the load is made, changed and asked for.
 *
 *   node test/bench/cluster-server.ts ADDRESS CONTROL_PORT
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { get } from 'node:https';
import { Churn, load, type LoadSize } from '../kube/load.ts';
import { type KubeObject, listIn, objectIn } from '../kube/object.ts';
import { resourceNamed } from '../kube/resource-type.ts';
import { ApiServer } from '../kube/server.ts';
import type { Store } from '../kube/store.ts';
import { kubernetesService, type Replacement, type Served } from './control.ts';

const [address = '127.0.0.1', controlPort = '0'] = process.argv.slice(2);

/** A cluster that is being served. */
interface Cluster {
  readonly server: ApiServer;
  readonly size: LoadSize;
  /** Endpoints that were replaced one by one. */
  replaced: number;
}

let cluster: Cluster | undefined;

function current(): Cluster {
  if (cluster === undefined)
    throw new Error('expected a cluster that is served, got none: POST /serve first');
  return cluster;
}

async function serve(size: LoadSize): Promise<Served> {
  await cluster?.server.stop();
  const server = await ApiServer.start({ address, mirroring: false });
  const port = Number(new URL(server.url).port);
  server.store.put({
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { name: 'measured' },
    spec: { podCIDRs: ['10.244.0.0/24'] },
    status: { addresses: [{ type: 'InternalIP', address: '192.0.2.2' }] },
  });
  for (const object of kubernetesObjects(port)) server.store.put(object);
  load(server.store, size);
  cluster = { server, size, replaced: 0 };
  const kubeconfig = server.kubeconfig('kube-ipvs');
  await warmUp(server);
  return { kubeconfig };
}

/** The service of the API server itself, the first that a cold node needs. */
function kubernetesObjects(port: number): Parameters<Store['put']>[0][] {
  const { address: clusterIP, port: servicePort } = kubernetesService;
  return [
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: 'kubernetes', namespace: 'default' },
      spec: {
        type: 'ClusterIP',
        clusterIP,
        clusterIPs: [clusterIP],
        ipFamilies: ['IPv4'],
        ipFamilyPolicy: 'SingleStack',
        sessionAffinity: 'None',
        ports: [{ name: 'https', protocol: 'TCP', port: servicePort, targetPort: port }],
      },
    },
    {
      apiVersion: 'discovery.k8s.io/v1',
      kind: 'EndpointSlice',
      metadata: {
        name: 'kubernetes',
        namespace: 'default',
        labels: { 'kubernetes.io/service-name': 'kubernetes' },
      },
      addressType: 'IPv4',
      ports: [{ name: 'https', protocol: 'TCP', port }],
      endpoints: [{ addresses: [address], conditions: { ready: true } }],
    },
  ];
}

/** Lists everything once: how fast the server makes texts of its objects is not what is measured. */
async function warmUp(server: ApiServer): Promise<void> {
  const headers = { authorization: `Bearer ${server.authentication.token('kube-ipvs')}` };
  for (const path of ['/api/v1/services', '/apis/discovery.k8s.io/v1/endpointslices']) {
    await new Promise((resolve, reject) => {
      const asked = get(`${server.url}${path}`, { ca: server.authority.certificate, headers }, (response) => {
        response.resume().once('end', resolve);
      });
      asked.once('error', reject);
    });
  }
}

/** The n-th new endpoint address. Those of the load begin with 10. */
function newAddress(number: number): string {
  return `12.${(number >> 16) & 255}.${(number >> 8) & 255}.${number & 255}`;
}

/** Puts another endpoint in the place of the first one of a service. */
function replaceFirst(service: number): Replacement {
  const { server, size } = current();
  const name = `load-${String(service % size.services).padStart(5, '0')}-0`;
  const slice = server.store.get('endpointslices', 'default', name);
  const [first, ...rest] = listIn(slice?.['endpoints']);
  if (slice === undefined || first === undefined) throw new Error(`expected endpoints in the slice ${name}`);
  const before = String(listIn(objectIn(first)['addresses'])[0]);
  const after = newAddress((current().replaced += 1));
  const at = Date.now();
  server.store.update({ ...slice, endpoints: [{ ...objectIn(first), addresses: [after] }, ...rest] });
  return { before, after, at };
}

/** Replaces an endpoint in each of so many services as fast as it goes. */
async function burst(count: number): Promise<Replacement[]> {
  const replacements: Replacement[] = [];
  for (let service = 0; service < count; service += 1) {
    replacements.push(replaceFirst(service));
    // What was written is sent while the next are made.
    if (service % 100 === 99) await new Promise(setImmediate);
  }
  return replacements;
}

function churn(perSecond: number, seconds: number): Promise<number> {
  const { server, size } = current();
  const churning = new Churn(server.store, size, { perSecond, seconds });
  churning.start();
  return new Promise((resolve) => {
    setTimeout(() => {
      churning.stop();
      resolve(churning.replaced);
    }, seconds * 1000);
  });
}

/** What IPVS should hold, in the words of ipvsadm, sorted, written down without the planner. */
function rules(): string {
  const { store } = current().server;
  const behind = new Map<string, KubeObject[]>();
  for (const slice of store.list(resourceNamed('endpointslices'))) {
    const service = slice.metadata.labels?.['kubernetes.io/service-name'] ?? '';
    behind.set(service, [...(behind.get(service) ?? []), slice]);
  }
  const lines = store.list(resourceNamed('services')).flatMap((service) => {
    const spec = objectIn(service['spec']);
    const virtual = `${String(spec['clusterIP'])}:${String(objectIn(listIn(spec['ports'])[0])['port'])}`;
    const reals = (behind.get(service.metadata.name) ?? []).flatMap((slice) => {
      const port = String(objectIn(listIn(slice['ports'])[0])['port']);
      return listIn(slice['endpoints']).map(
        (endpoint) => `${String(listIn(objectIn(endpoint)['addresses'])[0])}:${port}`,
      );
    });
    return [`-A -t ${virtual} -s rr`, ...reals.map((real) => `-a -t ${virtual} -r ${real} -m -w 1`)];
  });
  return `${lines.sort().join('\n')}\n`;
}

const numbers = (query: URLSearchParams, ...names: readonly string[]): number[] =>
  names.map((name) => Number(query.get(name)));

async function answer({ pathname, searchParams }: URL): Promise<unknown> {
  if (pathname === '/time') return Date.now();
  if (pathname === '/rules') return rules();
  if (pathname === '/serve') {
    const [services = 0, endpoints = 0] = numbers(searchParams, 'services', 'endpoints');
    return serve({ services, endpoints });
  }
  if (pathname === '/replace') return replaceFirst(numbers(searchParams, 'service')[0] ?? 0);
  if (pathname === '/burst') return burst(numbers(searchParams, 'count')[0] ?? 0);
  if (pathname === '/churn') {
    const [perSecond = 0, seconds = 0] = numbers(searchParams, 'perSecond', 'seconds');
    return churn(perSecond, seconds);
  }
  throw new Error(`expected a command of the control, got ${pathname}`);
}

function handle(request: IncomingMessage, response: ServerResponse): void {
  answer(new URL(request.url ?? '/', 'http://control')).then(
    (value) => response.end(JSON.stringify(value)),
    (error: unknown) => response.writeHead(500).end(String(error)),
  );
}

createServer(handle).listen(Number(controlPort), address, function (this: ReturnType<typeof createServer>) {
  const bound = this.address();
  console.log(typeof bound === 'object' ? bound?.port : bound);
});
