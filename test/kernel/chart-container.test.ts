import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { accessRules } from '../../lib/sources/kubernetes/access-rules.ts';
import { at, type KubernetesObject, one, rendered } from '../host/chart-template.ts';
import { Helm } from '../kube/helm.ts';
import { ApiServer } from '../kube/server.ts';
import { cleanUp, eventually, program, type Ran, ranBeside, startedAs, type Running } from './cli-program.ts';
import { addInterface, node, nodeName, service, slice, virtualServers } from './cluster-site.ts';
import { type Container, PodRuntime, type PodSpec } from './container.ts';
import { enterOwnNamespace, output } from './own-namespace.ts';

/** What the API server calls the account of the chart. */
const account = 'system:serviceaccount:kube-system:kube-ipvs';

describe('the pod of the chart, in the file tree of the image', function () {
  // Helm and every program that is started take their time in User-Mode-Linux.
  this.timeout(240_000);

  let server: ApiServer;
  let helm: Helm;
  let folder: string;

  /** The DaemonSet's pod and what its node makes of it. */
  async function podOf(...values: readonly string[]): Promise<{ pod: PodSpec; runtime: PodRuntime }> {
    const address = new URL(server.url);
    const reach = `k8sServiceHost=${address.hostname},k8sServicePort=${address.port}`;
    const objects: readonly KubernetesObject[] = await rendered(helm, [...values, '--set', reach]);
    const pod = at(one(objects, 'DaemonSet'), 'spec', 'template', 'spec') as PodSpec;
    const map = one(objects, 'ConfigMap');
    const runtime = new PodRuntime(pod, {
      folder,
      nodeName,
      configMaps: { [map.metadata.name]: at(map, 'data') as Record<string, string> },
      account: {
        token: server.authentication.token(account),
        'ca.crt': server.authority.certificate,
        namespace: 'kube-system',
      },
    });
    return { pod, runtime };
  }

  /** Runs the containers of the pod as a node does, and does something while the last one runs. */
  async function whileRunning(
    { pod, runtime }: { pod: PodSpec; runtime: PodRuntime },
    work: (running: Running, container: Container) => Promise<void>,
  ): Promise<void> {
    const [container] = pod.containers;
    if (container === undefined) throw new Error('expected a container, got none');
    for (const init of pod.initContainers ?? []) {
      const begun = await ranBeside(runtime.commandLine(init));
      expect(begun.status, begun.err).to.equal(0);
    }
    const running = startedAs(runtime.commandLine(container));
    try {
      await eventually(
        () => running.log(),
        (log) => log.includes('ready: every service is programmed'),
      );
      await work(running, container);
    } finally {
      expect(await running.stop(), running.log()).to.equal(0);
    }
  }

  /** What `kubectl exec` does. */
  function exec({ pid }: Running, ...command: readonly string[]): Promise<Ran> {
    const environment = readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0').filter(Boolean);
    const target = ['--target', String(pid), '--mount', '--root', '--wd=/'];
    return ranBeside(['env', '-i', ...environment, 'nsenter', ...target, ...command]);
  }

  before(async () => {
    enterOwnNamespace();
    addInterface();
    output('sysctl -w net.ipv4.vs.conntrack=0');
    folder = mkdtempSync(join(tmpdir(), 'pod-'));
    helm = await Helm.open();
    server = await ApiServer.start();
    server.authorization.limit(account, accessRules);
    for (const object of [
      node(),
      service('10.96.0.10', 30_000),
      slice('10.96.0.10', { '10.244.0.1': 'zone-a' }),
    ])
      server.store.create(object);
  });

  after(async () => {
    cleanUp();
    await server.stop();
    await helm.close();
    rmSync(folder, { recursive: true });
  });

  it('programs what an API server has, with the default values and no privilege beyond those it states', async () => {
    await whileRunning(await podOf(), async (running, container) => {
      expect(container.securityContext.capabilities?.add).to.deep.equal(['NET_ADMIN', 'NET_RAW']);
      const status = readFileSync(`/proc/${running.pid}/status`, 'utf8');
      for (const set of ['CapBnd', 'CapPrm', 'CapEff'])
        expect(status, set).to.match(new RegExp(`^${set}:\\s+0000000000003000$`, 'm'));
      expect(status).to.match(/^NoNewPrivs:\s+1$/m);
      expect(virtualServers()).to.include.members([
        '-A -t 10.96.0.10:80 -s rr',
        '-A -t 192.168.111.128:30000 -s rr',
      ]);
      expect(output('sysctl -n net.ipv4.vs.conntrack')).to.equal('1\n');
      expect(output('iptables-legacy-save -t nat')).to.contain('--match-set KUBE-CLUSTER-IP');
      for (const probe of ['startupProbe', 'livenessProbe', 'readinessProbe']) {
        const path = at(container, probe, 'httpGet', 'path');
        const port = at(container, probe, 'httpGet', 'port');
        const answer = await fetch(`http://192.168.111.128:${String(port)}${String(path)}`);
        expect(answer.status, `${probe} ${await answer.text()}`).to.equal(200);
      }
      expect(running.log()).not.to.match(/forbidden|EACCES|EPERM|EROFS|not permitted/i);
    });
    expect(virtualServers(), 'after its end').to.include('-A -t 10.96.0.10:80 -s rr');
  });

  it('follows a KubeProxyConfiguration, and answers commands that are run in it', async () => {
    const pod = await podOf(
      '--values',
      'charts/kube-ipvs/ci/kubeadm-values.yaml',
      '--set',
      'config.ipvs.scheduler=lc',
    );
    await whileRunning(pod, async (running) => {
      await eventually(virtualServers, (lines) => lines.includes('-A -t 10.96.0.10:80 -s lc'));
      const services = await exec(running, 'kube-ipvs', 'get', 'services', '--no-headers');
      expect(services.out, services.err).to.match(/10\.96\.0\.10/);
      const status = await exec(running, 'kube-ipvs', 'status');
      expect(status.status, status.out + status.err).to.equal(0);
      const outside = await ranBeside(['node', program, 'status']);
      expect(outside.status, outside.out + outside.err).to.equal(0);
      expect(outside.out).to.match(/^Read from: .*, at \/proc\/\d+\/root\/run\/kube-ipvs\/kube-ipvs\.sock$/m);
      const config = ['--config', '/etc/kube-ipvs/config.yaml'];
      const diff = await exec(running, 'kube-ipvs', 'diff', ...config);
      expect({ status: diff.status, out: diff.out }, diff.err).to.deep.equal({ status: 0, out: '' });
      const written = await exec(running, 'node', '-e', "fs.writeFileSync('/tmp/a', '')");
      expect(written.err).to.contain('EROFS');
    });
  });

  it('sets kernel settings, and mends them, with no container that is privileged', async () => {
    output('sysctl -w net.ipv4.vs.conntrack=0');
    const period =
      'config.apiVersion=kube-ipvs.io/v1alpha1,config.kind=KubeIpvsConfiguration,config.ipvs.syncPeriod=2s';
    await whileRunning(await podOf('--set', `init.enabled=false,${period}`), async (running) => {
      const isSet = (value: string): boolean => value === '1\n';
      await eventually(() => output('sysctl -n net.ipv4.vs.conntrack'), isSet);
      output('sysctl -w net.ipv4.ip_forward=0');
      await eventually(() => output('sysctl -n net.ipv4.ip_forward'), isSet);
      const written = await exec(
        running,
        'node',
        '-e',
        "fs.writeFileSync('/proc/sys/net/ipv4/ip_forward', '0')",
      );
      expect(written.err, 'the /proc/sys of the container').to.contain('EROFS');
    });
  });
});
