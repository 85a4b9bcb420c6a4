import { createServer } from 'node:http';
import { setTimeout } from 'node:timers/promises';
import { expect } from 'chai';
import { resourceNamed } from '../kube/resource-type.ts';
import { ask, converse } from '../unit/health/support.ts';
import type { Answered } from '../unit/health/support.ts';
import { cleanUp, eventually, kubeIpvsBeside, startKubeIpvs } from './cli-program.ts';
import type { Running } from './cli-program.ts';
import { addInterface, ClusterSite, nodeName, service, virtualServers } from './cluster-site.ts';
import { enterOwnNamespace } from './own-namespace.ts';

const healthPort = 10256;
const metricsPort = 10249;
const nodeAddress = '192.168.111.128';

/** A Service that load balancers ask for at a port. */
function balanced(clusterIP: string, healthCheckNodePort: number) {
  const plain = service(clusterIP, 30080 + Number(clusterIP.split('.')[3]));
  const spec = { ...plain.spec, type: 'LoadBalancer', externalTrafficPolicy: 'Local', healthCheckNodePort };
  return { ...plain, spec };
}

/** Ready endpoints of a Service of `service` on this node. */
function localSlice(clusterIP: string, ...addresses: readonly string[]) {
  const { name, namespace } = service(clusterIP).metadata;
  return {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: { name: `${name}-x`, namespace, labels: { 'kubernetes.io/service-name': name } },
    addressType: 'IPv4',
    ports: [{ name: '', protocol: 'TCP', port: 8080 }],
    endpoints: addresses.map((address) => ({
      addresses: [address],
      conditions: { ready: true },
      nodeName,
    })),
  };
}

/** What is answered; undefined where nobody listens. */
function answer(port: number, path = '/', host = '127.0.0.1'): Promise<Answered | undefined> {
  return ask(port, path, { host }).catch(() => undefined);
}

/** Waits until a port answers with a status, or, with undefined, does not. */
async function untilStatus(wanted: number | undefined, ...where: Parameters<typeof answer>): Promise<string> {
  const deadline = Date.now() + 90_000;
  for (;;) {
    const got = await answer(...where);
    if (got?.status === wanted) return got?.body ?? '';
    if (Date.now() > deadline) throw new Error(`expected ${wanted} from ${where.join()}, got ${got?.status}`);
    await setTimeout(50);
  }
}

/** Milliseconds that a probe waits: kubelet waits for a second unless told otherwise. */
const probeTimeout = 3000;

/** The status that a probe gets. */
async function answerWithin(milliseconds: number, ...where: Parameters<typeof answer>): Promise<string> {
  const ended = new AbortController();
  const late = setTimeout(milliseconds, 'no answer', { signal: ended.signal });
  const got = answer(...where).then((answered) => String(answered?.status));
  try {
    return await Promise.race([got, late]);
  } finally {
    ended.abort();
    late.catch(() => undefined);
  }
}

/** Waits until a watch is open (1) or is not (0), and gives what is told of it, the sum over all reasons. */
async function untilWatch(
  resource: string,
  open: 0 | 1,
  milliseconds = 90_000,
): Promise<ReadonlyMap<string, number>> {
  const deadline = Date.now() + milliseconds;
  for (;;) {
    const body = (await answer(metricsPort, '/metrics'))?.body ?? '';
    const told = new Map<string, number>();
    const samples = new RegExp(`^kube_ipvs_(\\w+)\\{resource="${resource}".*\\} (\\S+)$`, 'gm');
    for (const [, name = '', value] of body.matchAll(samples))
      told.set(name, (told.get(name) ?? 0) + Number(value));
    if (told.get('watch_open') === open) return told;
    if (Date.now() > deadline) throw new Error(`expected ${resource} to be ${open}, got:\n${body}`);
    await setTimeout(100);
  }
}

/** Somebody else's server at a port of every address. */
async function takePort(port: number): Promise<{ release: () => Promise<unknown> }> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(port, resolve));
  return { release: () => new Promise((resolve) => server.close(resolve)) };
}

describe('kube-ipvs run and who asks how it is', () => {
  let site: ClusterSite;

  before(() => {
    enterOwnNamespace();
    addInterface();
  });

  beforeEach(async () => {
    site = await ClusterSite.open();
  });

  afterEach(async () => {
    await site.close();
    cleanUp();
  });

  async function whileRunning(
    flags: readonly string[],
    work: (running: Running) => Promise<void>,
  ): Promise<void> {
    const running = startKubeIpvs('run', ...site.flags(...flags));
    try {
      await work(running);
    } finally {
      expect(await running.stop(), running.log()).to.equal(0);
    }
  }

  async function logged(running: Running, text: string): Promise<void> {
    await eventually(
      () => running.log(),
      (log) => log.includes(text),
    );
  }

  it('is healthy at every address of both families, and tells its mode on loopback alone', async () => {
    await whileRunning([], async (running) => {
      await logged(running, 'ready: every service is programmed');
      for (const host of ['127.0.0.1', '::1', nodeAddress]) {
        const { status, body } = (await answer(healthPort, '/healthz', host))!;
        expect(status, body).to.equal(200);
        expect(JSON.parse(body)).to.include({ nodeEligible: true, healthy: true });
        expect(body).to.match(/"status":\{"IPv4":\{"lastUpdated":"20[^}]+"healthy":true\},"IPv6":/);
      }
      expect(await answer(healthPort, '/livez')).to.include({ status: 200 });
      expect(await answer(healthPort, '/metrics')).to.include({ status: 404 });
      expect(await answer(metricsPort, '/proxyMode')).to.include({ status: 200, body: 'ipvs' });
      expect(await answer(metricsPort, '/healthz')).to.include({ status: 200, body: 'ok' });
      expect(await answer(metricsPort, '/proxyMode', nodeAddress)).to.equal(undefined);
      const { body: configuration } = (await answer(metricsPort, '/configz'))!;
      expect(JSON.parse(configuration)).to.have.nested.include({
        'kubeproxy\\.config\\.k8s\\.io.kind': 'KubeIpvsConfiguration',
        'kubeproxy\\.config\\.k8s\\.io.ipvs.syncPeriod': '30s',
      });
      const { status, body } = (await answer(metricsPort, '/metrics'))!;
      expect(status).to.equal(200);
      for (const resource of ['services', 'endpointslices', 'nodes']) {
        expect(body).to.include(`kube_ipvs_watch_lists_total{resource="${resource}"} 1\n`);
        expect(body).to.include(`kube_ipvs_watch_open{resource="${resource}"} 1\n`);
      }
      expect(body).to.match(/^kubeproxy_sync_proxy_rules_duration_seconds_count\{ip_family="IPv4"\} [1-9]/m);
      expect(body).to.match(/^kubeproxy_proxy_healthz_total\{code="200"\} [1-9]/m);
      expect(body).to.match(/^rest_client_requests_total\{method="GET",host="[^"]+",code="200"\} [1-9]/m);
      expect(body).to.match(/^kube_ipvs_entries\{table="virtualServers"\} [1-9]/m);
      expect(body).to.match(/^kube_ipvs_build_info\{version="[^"]+",.*,ipvs_version="1\./m);
      expect(body).to.match(/^kube_ipvs_conntrack_entries_limit [1-9]/m);
      expect(body).to.match(/^process_resident_memory_bytes [1-9]/m);
    });
  });

  it('sends new clients elsewhere when the Node goes, and lives', async () => {
    await whileRunning([], async (running) => {
      await logged(running, 'ready: every service is programmed');
      const taints = [{ key: 'ToBeDeletedByClusterAutoscaler', value: '1', effect: 'NoSchedule' }];
      site.server.store.patch('nodes', '', nodeName, { spec: { taints } });
      expect(await untilStatus(503, healthPort, '/healthz')).to.contain(
        '"nodeEligible":false,"healthy":true',
      );
      expect(await answer(healthPort, '/livez')).to.include({ status: 200 });
      site.server.store.patch('nodes', '', nodeName, { spec: { taints: [] } });
      await untilStatus(200, healthPort, '/healthz');
      site.server.store.delete('nodes', '', nodeName);
      await untilStatus(503, healthPort, '/healthz');
      expect(await answer(healthPort, '/livez')).to.include({ status: 200 });
    });
  });

  it('lives before the API server has said anything, and while it is away', async () => {
    await site.server.stop();
    await whileRunning([], async (running) => {
      await logged(running, 'expected an answer');
      expect(await answer(healthPort, '/livez')).to.include({ status: 200 });
      expect(await answer(healthPort, '/healthz')).to.include({ status: 200 });
      // But what replaces one program after another is to go no further.
      const { status, body } = (await answer(healthPort, '/readyz'))!;
      expect(status, body).to.equal(503);
      expect(JSON.parse(body)).to.include({ healthy: true, programmed: false });
    });
  });

  it('shows within two sync periods that its watches are dead, while the node stays in service', async () => {
    await whileRunning([], async (running) => {
      await logged(running, 'ready: every service is programmed');
      const [services, nodes] = [await untilWatch('services', 1), await untilWatch('nodes', 1)];
      await untilStatus(200, healthPort, '/readyz');
      await site.server.stop();
      // Two sync periods are a minute, and what is told then is what an alert goes by.
      for (const resource of ['services', 'endpointslices', 'nodes']) await untilWatch(resource, 0, 60_000);
      const later = await untilWatch('services', 0);
      expect(later.get('watch_lists_total')).to.equal(services.get('watch_lists_total'));
      expect(later.get('watch_last_event_timestamp_seconds')).to.equal(
        services.get('watch_last_event_timestamp_seconds'),
      );
      expect(nodes.get('watch_troubles_total'), 'troubles before').to.equal(undefined);
      expect(later.get('watch_troubles_total')).to.be.at.least(1);
      for (const path of ['/healthz', '/readyz'])
        expect(await answer(healthPort, path)).to.include({ status: 200 });
    });
  });

  it('leaves probes without an answer while all of it hangs, and answers when it goes on', async () => {
    await whileRunning([], async (running) => {
      await logged(running, 'ready: every service is programmed');
      const paths = [
        [healthPort, '/livez'],
        [healthPort, '/healthz'],
        [metricsPort, '/metrics'],
      ] as const;
      for (const [port, path] of paths) await untilStatus(200, port, path);
      running.signal('SIGSTOP');
      const probes = await Promise.all(paths.map(([port, path]) => answerWithin(probeTimeout, port, path)));
      expect(probes).to.deep.equal(['no answer', 'no answer', 'no answer']);
      running.signal('SIGCONT');
      for (const [port, path] of paths) await untilStatus(200, port, path);
    });
  });

  it('answers at the health check ports of services as their endpoints come and go', async () => {
    await whileRunning([], async () => {
      site.server.store.create(balanced('10.96.0.20', 31020));
      const none = await untilStatus(503, 31020, '/', nodeAddress);
      expect(JSON.parse(none)).to.deep.equal({
        service: { namespace: 'default', name: 'at-10-96-0-20' },
        localEndpoints: 0,
        serviceProxyHealthy: true,
      });
      site.server.store.create(localSlice('10.96.0.20', '10.244.0.5', '10.244.0.6'));
      const two = await untilStatus(200, 31020, '/', nodeAddress);
      expect(JSON.parse(two)).to.include({ localEndpoints: 2 });
      site.server.store.patch('services', 'default', 'at-10-96-0-20', {
        spec: { healthCheckNodePort: 31021 },
      });
      await untilStatus(200, 31021, '/', nodeAddress);
      expect(await answer(31020, '/', nodeAddress)).to.equal(undefined);
      site.server.store.delete('services', 'default', 'at-10-96-0-20');
      await untilStatus(undefined, 31021, '/', nodeAddress);
    });
  });

  it('serves health check ports where it serves node ports', async () => {
    site.server.store.create(balanced('10.96.0.20', 31020));
    await whileRunning(['--nodeport-addresses', '192.168.111.129/32'], async () => {
      await untilStatus(503, 31020, '/', '192.168.111.129');
      expect(await answer(31020, '/', nodeAddress)).to.equal(undefined);
      expect(await answer(31020)).to.equal(undefined);
    });
  });

  it('tells the owner of a service by an Event that somebody has its port, and takes it when it is free', async () => {
    const somebody = await takePort(31020);
    await whileRunning([], async () => {
      site.server.store.create(balanced('10.96.0.20', 31020));
      const [event] = await eventually(
        () => site.server.store.list(resourceNamed('events.events.k8s.io')),
        (events) => events.length > 0,
      );
      expect(event).to.include({ reason: 'FailedToStartServiceHealthcheck', type: 'Warning' });
      expect(event?.['note']).to.contain('port 31020 of every address, got EADDRINUSE');
      await somebody.release();
      await untilStatus(503, 31020, '/', nodeAddress);
    });
  });

  it('ends while connections are open, and ends them', async () => {
    const running = startKubeIpvs('run', ...site.flags());
    await untilStatus(200, healthPort, '/livez');
    await logged(running, 'ready: every service is programmed');
    const open = await converse(healthPort, 'GET /healthz HTTP/1.1\r\n');
    expect(await running.stop(), running.log()).to.equal(0);
    expect(await open.ended).to.equal('');
  });

  it('goes on where a port is taken, says so and takes it when it is free', async () => {
    const somebody = await takePort(healthPort);
    await whileRunning([], async (running) => {
      await logged(running, 'health is not served: it is tried again');
      await eventually(virtualServers, (lines) => lines.length === 1);
      await somebody.release();
      await untilStatus(200, healthPort, '/livez');
    });
  });

  it('does not start where a port is taken and that is asked for', async () => {
    const somebody = await takePort(metricsPort);
    const { status, err } = await kubeIpvsBeside(['run', ...site.flags('--bind-address-hard-fail')]);
    await somebody.release();
    expect(status).to.equal(1);
    expect(err).to.contain(`error: expected to listen at 127.0.0.1:${metricsPort}, got EADDRINUSE; end the`);
    expect(virtualServers()).to.deep.equal([]);
  });

  it('listens nowhere where that is asked for', async () => {
    const flags = ['--healthz-bind-address', '', '--metrics-bind-address', '0'];
    await whileRunning(flags, async (running) => {
      await logged(running, 'ready: every service is programmed');
      expect(await answer(healthPort, '/livez')).to.equal(undefined);
      expect(await answer(metricsPort, '/proxyMode')).to.equal(undefined);
    });
  });
});
