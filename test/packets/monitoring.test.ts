import { expect } from 'chai';
import { mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parse, stringify } from 'yaml';
import { alerts, rulesFile } from '../../scripts/alerts/rules-file.ts';
import type { Alert } from '../../scripts/alerts/rule.ts';
import { dashboards } from '../../scripts/dashboards/dashboards.ts';
import type { Controller } from '../lab/controller.ts';
import type { Node } from '../lab/node.ts';
import { PrometheusServer } from '../prometheus/server.ts';
import { Watcher } from '../prometheus/watcher.ts';
import { withoutVariables } from '../unit/dashboards/promql.ts';
import { Clients } from './support-clients.ts';
import { ControlPlane } from './support-control-plane.ts';
import type { ServiceSpec } from './support-objects.ts';
import { objectsOf } from './support-objects.ts';
import { Site, streamPort, until } from './support.ts';

const program = 'dist/kube-ipvs.mjs';

/** Slices that come late. */
const lateSlices = 8;

/** Milliseconds that they are late by: more than the objective, less than programs have run. */
const late = 7000;

/** Alerts that a lab on a busy machine may deserve. */
const timing = ['KubeIpvsAuditStale', 'KubeIpvsEventLoopLag', 'KubeIpvsProgrammingSlow'];

/** The name of a Service that the program of another version cannot plan. */
const unplannable = 'unplannable';

/** The alerts that kubernetes-mixin has for kube-proxy. */
const mixinAlerts = [
  { alert: 'KubeProxyDown', expr: 'absent(up{job="kube-proxy"} == 1)' },
  { alert: 'KubeProxyInstanceUnreachable', expr: 'up{job="kube-proxy"} == 0' },
];

/** Limits of shipped alerts that a test cannot wait for, and the same for one that is in a hurry. */
const hurries: Readonly<Record<string, readonly [limit: string, short: string]>> = {
  // A subquery looks at whole multiples of its step only, of which a short test may have none.
  KubeIpvsServiceWithoutEndpoints: ['[6h:5m]', '[5m:5s]'],
  KubeIpvsProgrammingSlow: [' > 50', ` > ${lateSlices / 2}`],
  KubeIpvsSyncStale: [' > 60', ' > 10'],
  KubeIpvsAuditStale: [' > 300', ' > 15'],
  KubeIpvsWatchUnsteady: [' > 5', ' > 1'],
};

/** An alert's expression with its limit for one that is in a hurry. */
function hurried({ name, expression }: Alert): string {
  const [limit, short] = hurries[name] ?? ['', ''];
  if (!expression.includes(limit)) throw new Error(`expected "${limit}" in ${name}, got ${expression}`);
  return expression.replace(limit, short);
}

/** The rules as they are shipped, but that no alert waits for long, and with one that fires once rules are evaluated. */
function impatientRules(): string {
  const shipped = parse(rulesFile((alert) => ({ ...alert, waits: '0s', expression: hurried(alert) }))) as {
    groups: object[];
  };
  const others = { name: 'lab', rules: [{ alert: 'Evaluated', expr: 'vector(1)' }, ...mixinAlerts] };
  return stringify({ groups: [...shipped.groups, others] });
}

/** What every panel of every dashboard asks, as Grafana would while everything is picked. */
function expressionsOfPanels(): string[] {
  const text = JSON.stringify(dashboards());
  const targets = [...text.matchAll(/"expr":("(?:[^"\\]|\\.)*")/g)].map(
    ([, json]) => JSON.parse(json ?? '') as string,
  );
  return [...new Set(targets.map((expression) => withoutVariables(expression, '20s')))];
}

/** What kubernetes-mixin's dashboard Proxy shows that a program without goroutines can have, in metrics and labels. */
const mixin = [
  'sum(up{cluster="lab", job="kube-proxy"})',
  'sum(rate(kubeproxy_sync_proxy_rules_duration_seconds_count{cluster="lab", job="kube-proxy", instance=~".*"}[20s]))',
  'histogram_quantile(0.99, rate(kubeproxy_sync_proxy_rules_duration_seconds_bucket{job="kube-proxy"}[20s]))',
  'sum(rate(kubeproxy_network_programming_duration_seconds_count{job="kube-proxy"}[20s]))',
  'sum(rate(rest_client_requests_total{job="kube-proxy", code=~"2.."}[20s]))',
  'histogram_quantile(0.99, sum by (verb, url, le) (rate(rest_client_request_duration_seconds_bucket{job="kube-proxy", verb="GET"}[1m])))',
  'process_resident_memory_bytes{job="kube-proxy"}',
  'rate(process_cpu_seconds_total{job="kube-proxy"}[20s])',
];

/** Does something again and again until something else has come. */
async function again(act: () => unknown, pause: number, comes: Promise<unknown>): Promise<void> {
  const come = new AbortController();
  const end = comes.finally(() => {
    come.abort();
  });
  // Whatever becomes of it is told at the end.
  end.catch(() => undefined);
  while (!come.signal.aborted) {
    await act();
    await sleep(pause);
  }
  await end;
}

describe('a real Prometheus beside two nodes', function () {
  this.timeout(300_000);

  let site: Site;
  let plane: ControlPlane;
  let prometheus: PrometheusServer;
  let watcher: Watcher;
  let clients: Clients;
  let folder: string;

  function service(name: string, number: number, pods: readonly string[], spec = {}): ServiceSpec {
    const endpoints = pods.map((pod) => {
      const { addresses } = site.pods.find((one) => one.name === pod)!;
      const node = pod === 'web-1' || pod === 'web-2' ? site.first : site.second;
      return { addresses, nodeName: node.name };
    });
    const ports = [
      { name: 'page', port: 80, targetPort: streamPort },
      { name: 'hold', port: 7000 },
    ];
    return { name, clusterIPs: [`10.96.2.${number}`, `fd00:10:96:2::${number}`], ports, endpoints, spec };
  }

  async function put(...services: readonly ServiceSpec[]): Promise<void> {
    await plane.apply(services.flatMap(objectsOf));
  }

  /** Slices of a service that say of their change that it began long ago. */
  function oldSlices(of: string): string {
    const slices = Array.from({ length: lateSlices }, (_, index) => ({
      ...{ apiVersion: 'discovery.k8s.io/v1', kind: 'EndpointSlice', addressType: 'IPv4' },
      metadata: {
        ...{ name: `late-${index}`, namespace: 'default', labels: { 'kubernetes.io/service-name': of } },
        annotations: {
          'endpoints.kubernetes.io/last-change-trigger-time': new Date(
            Date.now() - late - index,
          ).toISOString(),
        },
      },
      ports: [{ name: 'page', protocol: 'TCP', port: streamPort }],
      endpoints: [{ addresses: [site.pod('web-1').ipv4], conditions: { ready: true } }],
    }));
    return slices.map((slice) => JSON.stringify(slice)).join('\n');
  }

  /** Another version of the program, as after half an update, with room for the metrics of one service alone. */
  async function startOther(node: Node): Promise<Controller> {
    const other = join(folder, 'other.mjs');
    return node.startController({
      command: [
        ...['node', other, 'run', '--kubeconfig', plane.kubeconfig(node), '--hostname-override', node.name],
        ...[
          '--metrics-bind-address',
          '0.0.0.0:10249',
          '--service-metrics',
          'service',
          '--service-metrics-limit',
          '9',
        ],
      ],
    });
  }

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'monitoring-'));
    const { version } = JSON.parse(await readFile('package.json', 'utf8')) as { version: string };
    const fault = `if(state.service.name==="${unplannable}")throw new Error("no plan for it");`;
    const other = (await readFile(program, 'utf8'))
      .replaceAll(`"${version}"`, '"0.0.9"')
      .replace(/function planService\(state,\w+,\w+\)\{/, `$&${fault}`);
    await writeFile(join(folder, 'other.mjs'), other);
    await symlink(resolve('node_modules'), join(folder, 'node_modules'));
    site = await Site.build();
    plane = await ControlPlane.build(site.cluster);
    await plane.start();
    await plane.apply(await readFile('test/fixtures/cluster.yaml', 'utf8'));
    await put(
      service('shop', 1, ['web-1', 'web-3']),
      service('empties', 2, ['web-2']),
      service('late', 5, ['web-1']),
    );
    site.readFrom((node) => ['--kubeconfig', plane.kubeconfig(node)]);
    await site.startAll(
      ...['--cluster-cidr', '10.244.0.0/16,fd00:10:244::/48', '--metrics-bind-address', '0.0.0.0:10249'],
      ...['--service-metrics', 'endpoint', '--ipvs-sync-period', '2s', '--drain-timeout', '3s'],
    );
    const targets = site.nodes.map(({ ipv4 }) => `${ipv4}:10249`);
    prometheus = await PrometheusServer.start(site.client, targets, impatientRules());
    watcher = new Watcher(prometheus, [...expressionsOfPanels(), ...mixin]);
    const probes = ['healthz', 'livez'].map((path) => `curl -s -m 2 -o /dev/null 127.0.0.1:10256/${path}`);
    await site.first.start(['sh', '-c', `while :; do ${probes.join('; ')}; sleep 1; done`]);
    clients = new Clients();
    clients.connect(40, [[site.pod('web-2'), '10.96.2.1', 80]]);
    await clients.hold(site.first, '10.96.2.1', 7000);
  });

  after(async () => {
    await site.destroy();
    await plane.destroy();
    await prometheus.destroy();
    await rm(folder, { recursive: true });
  });

  it('scrapes both, and no alert fires while they are well', async () => {
    const [audits, programmed] = [
      'kube_ipvs_audit_last_timestamp_seconds > 0',
      'kube_ipvs_service_endpoints',
    ];
    await until(
      () => prometheus.ask(['up == 1', audits, programmed]),
      (answers) => answers.every(({ result = [] }) => result.length >= site.nodes.length),
      90_000,
    );
    const firing = (): Promise<readonly string[]> => prometheus.firing();
    await until(firing, (names) => names.includes('Evaluated'), 60_000);
    await until(
      firing,
      (names) => names.filter((name) => !timing.includes(name)).join() === 'Evaluated',
      60_000,
    );
  });

  it('has alerts that fire for what is wrong with Services', async () => {
    const outside = { externalIPs: ['192.0.2.50'] };
    await put(service('twin-1', 3, ['web-1'], outside), service('twin-2', 4, ['web-1'], outside));
    await watcher.untilFired('KubeIpvsVirtualServersContended');
    await put(service('empties', 2, []));
    await watcher.untilFired('KubeIpvsServiceWithoutEndpoints');
  });

  it('has an alert that fires where changes are late', async () => {
    await plane.kubectl(['create', '-f', '-'], oldSlices('late'));
    await watcher.untilFired('KubeIpvsProgrammingSlow');
  });

  it('has alerts that fire where others change the kernel, or it refuses something', async () => {
    const disable = (value: 0 | 1): Promise<string> =>
      site.first.must(['sysctl', '-q', '-w', `net.ipv6.conf.kube-ipvs0.disable_ipv6=${value}`]);
    await disable(1);
    await watcher.untilFired('KubeIpvsEntriesRefused');
    await disable(0);
    const other = 'while :; do ip address del 10.96.2.2/32 dev kube-ipvs0; sleep 1; done';
    const disturber = await site.first.start(['sh', '-c', other]);
    await watcher.untilFired('KubeIpvsDriftRepeated');
    await disturber.kill();
  });

  it('has alerts that fire where iptables hangs, and where it fails', async () => {
    // A chain is emptied while somebody holds the lock that every writer waits for.
    const script = 'XTABLES_LOCKFILE=/run/other.lock iptables-legacy -F KUBE-NODE-PORT; sleep 1000';
    const holder = await site.first.start(['flock', '-o', '/run/xtables.lock', 'sh', '-c', script]);
    const { pid } = site.controller(site.first);
    const writers = (): Promise<string> =>
      site.first.exec('pgrep', ['-P', String(pid), '-f', 'restore']).then(({ stdout }) => stdout.trim());
    const writer = Number(await until(writers, (text) => /^\d+$/.test(text), 30_000));
    process.kill(writer, 'SIGSTOP');
    await put(service('late', 5, ['web-2']));
    await watcher.untilFired('KubeIpvsSyncStale', 'KubeIpvsAuditStale').finally(() => {
      process.kill(writer, 'SIGCONT');
    });
    await holder.kill();
    const inPlace = ['nsenter', '--mount', '--target', String(pid)];
    const program = '/usr/sbin/xtables-legacy-multi';
    await site.first.must([...inPlace, 'mount', '--bind', '/usr/bin/false', program]);
    await watcher.untilFired('KubeIpvsTableUnusable', 'KubeIpvsUnhealthy');
    await site.first.must([...inPlace, 'umount', '--lazy', program]);
  });

  it('has alerts that fire where connection tracking fills up, and is full', async () => {
    const [limit, count] = ['max', 'count'].map((what) => `/proc/sys/net/netfilter/nf_conntrack_${what}`);
    const before = await readFile(limit!, 'utf8');
    const tighten = async (): Promise<void> => {
      const entries = Number(await site.first.must(['cat', count!]));
      await writeFile(limit!, String(Math.ceil(entries / 0.96)));
    };
    await again(tighten, 500, watcher.untilFired('KubeIpvsConntrackNearLimit'));
    // Prometheus comes with a new connection each time: it hears of it when there is room again.
    await writeFile(limit!, '1');
    await sleep(3000);
    await writeFile(limit!, before);
    await watcher.untilFired('KubeIpvsConntrackFull');
  });

  it('has an alert that fires where nothing is forwarded', async () => {
    const off = (): Promise<unknown> => site.first.must(['sysctl', '-q', '-w', 'net.ipv4.ip_forward=0']);
    await again(off, 200, watcher.untilFired('KubeIpvsForwardingOff'));
  });

  it('has an alert that fires where connections outlive their time to drain', async () => {
    await put(service('shop', 1, []));
    await watcher.untilFired('KubeIpvsDrainsCut');
    await put(service('shop', 1, ['web-1', 'web-3']));
  });

  it('has alerts that fire where watches do not last, and while the API server is away', async () => {
    const expire = (): void => {
      plane.expireWatches();
    };
    await again(expire, 1000, watcher.untilFired('KubeIpvsWatchUnsteady'));
    await plane.kill();
    await watcher.untilFired('KubeIpvsWatchStale');
    await plane.start();
  });

  it('gets an answer to every expression of every panel, and to those of dashboards made for kube-proxy', async () => {
    await watcher.untilAnswered();
    expect(watcher.errors).to.deep.equal([]);
  });

  it('has alerts that fire where the program hangs, starts again and again, and is of several versions', async () => {
    const { pid } = site.controller(site.second);
    const hang = async (): Promise<void> => {
      process.kill(pid, 'SIGSTOP');
      await sleep(4000);
      process.kill(pid, 'SIGCONT');
    };
    await again(hang, 3000, watcher.untilFired('KubeIpvsEventLoopLag'));
    await put(service(unplannable, 6, ['web-1']));
    await site.controller(site.second).kill();
    await watcher.untilFired('KubeIpvsDown', 'KubeProxyInstanceUnreachable');
    for (const starts of [1, 2, 3]) {
      const other = await startOther(site.second);
      const started = `changes(process_start_time_seconds{instance="${site.second.ipv4}:10249"}[30m]) >= ${starts}`;
      await until(
        () => prometheus.ask([started]),
        ([answer]) => answer?.result?.length === 1,
        60_000,
      );
      if (starts === 3)
        await watcher.untilFired(
          ...['KubeIpvsRestarting', 'KubeIpvsVersionSkew'],
          ...['KubeIpvsServiceSeriesDropped', 'KubeIpvsServicesUnplanned'],
        );
      await other.kill();
    }
  });

  it('has an alert that fires where none is left, as those that are made for kube-proxy do', async () => {
    await site.controller(site.first).kill();
    await watcher.untilFired('KubeIpvsAbsent', 'KubeProxyDown');
  });

  it('has no alert that has not fired', () => {
    expect([...watcher.fired]).to.include.members(alerts.map(({ name }) => name));
  });
});
