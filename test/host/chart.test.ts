import { execFile } from 'node:child_process';
import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { parse } from 'yaml';
import { runCommandLine } from '../../lib/cli/command-line.ts';
import { accessRules } from '../../lib/sources/kubernetes/access-rules.ts';
import { chartFolder, chartValues } from '../../scripts/chart/values.ts';
import { Helm } from '../kube/helm.ts';
import { schemaFaults } from '../kube/published-schema.ts';
import { typeFaults } from '../kube/typed-object.ts';
import { at, type KubernetesObject, one, own, rendered, server } from './chart-template.ts';

/** Where the pod and the program's container are in a DaemonSet, for chai's nested properties. */
const pod = 'spec.template.spec';
const main = `${pod}.containers[0]`;

const cases = readdirSync(`${chartFolder}/ci`).map((name) => `${chartFolder}/ci/${name}`);

/** As client-node calls the type of each kind; there are no types of the kinds of monitors. */
const types: Readonly<Record<string, string>> = {
  ServiceAccount: 'V1ServiceAccount',
  ConfigMap: 'V1ConfigMap',
  ClusterRole: 'V1ClusterRole',
  ClusterRoleBinding: 'V1ClusterRoleBinding',
  DaemonSet: 'V1DaemonSet',
  Service: 'V1Service',
  Pod: 'V1Pod',
};
const monitors = ['PodMonitor', 'ServiceMonitor', 'PrometheusRule'];

describe('the chart, rendered by the real helm', () => {
  let helm: Helm;
  let folder: string;
  const byFile = new Map<string, readonly KubernetesObject[]>();

  function render(...args: readonly string[]): Promise<readonly KubernetesObject[]> {
    return rendered(helm, args);
  }

  async function daemonSet(...args: readonly string[]): Promise<KubernetesObject> {
    return one(await render(...args), 'DaemonSet');
  }

  /** What is rendered of a file of ci/. */
  function ofCase(name: string): readonly KubernetesObject[] {
    return byFile.get(`${chartFolder}/ci/${name}-values.yaml`)!;
  }

  before(async () => {
    helm = await Helm.open();
    folder = await mkdtemp(join(tmpdir(), 'chart-'));
    for (const file of cases) byFile.set(file, await render('--values', file));
  });

  after(async () => {
    await helm.close();
    await rm(folder, { recursive: true });
  });

  it('passes helm lint with every file of values', async () => {
    const { code, stdout } = await helm.run(['lint', chartFolder]);
    expect(code, stdout).to.equal(0);
    for (const file of cases) {
      const linted = await helm.run(['lint', '--strict', chartFolder, '--values', file]);
      expect(linted.code, `${file}: ${linted.stdout}`).to.equal(0);
    }
  });

  it('has the version of the program', () => {
    const { version } = JSON.parse(readFileSync('package.json', 'utf8')) as { version: string };
    const chart = readFileSync(`${chartFolder}/Chart.yaml`, 'utf8');
    expect(parse(chart)).to.include({ version, appVersion: version });
    expect(chart).to.contain(`image: kube-ipvs:${version}\n`);
  });

  it('tells Artifact Hub what it wants to know', () => {
    const { annotations } = parse(readFileSync(`${chartFolder}/Chart.yaml`, 'utf8')) as {
      annotations: Readonly<Record<string, string>>;
    };
    const told = (name: string): unknown => parse(annotations[`artifacthub.io/${name}`] ?? '');
    expect([told('category'), told('license')]).to.deep.equal(['networking', 'Apache-2.0']);
    expect([told('prerelease'), told('containsSecurityUpdates')]).to.have.members([true, false]);
    expect(told('images')).to.have.deep.nested.property('[0].platforms', ['linux/amd64', 'linux/arm64']);
    const kinds = (told('changes') as { kind: string; description: string }[]).map(({ kind }) => kind);
    expect(kinds).not.to.deep.equal([]);
    expect(['added', 'changed', 'deprecated', 'removed', 'fixed', 'security']).to.include.members(kinds);
  });

  it('is tried with another value than the default for every value there is', () => {
    const tried = cases.map((file) => parse(readFileSync(file, 'utf8')) as unknown);
    const defaults = parse(readFileSync(`${chartFolder}/values.yaml`, 'utf8')) as unknown;
    const untried = chartValues()
      .map(({ path }) => path.split('.'))
      .filter((path) => {
        const usual = JSON.stringify(at(defaults, ...path));
        return tried.every((values) => [usual, undefined].includes(JSON.stringify(at(values, ...path))));
      });
    expect(untried.map((path) => path.join('.'))).to.deep.equal([]);
  });

  describe('renders', () => {
    it('objects of which the Kubernetes API knows every field', () => {
      for (const [file, objects] of byFile) {
        expect(objects.length).to.be.greaterThan(1);
        for (const object of objects.filter(({ kind }) => !monitors.includes(kind))) {
          expect(
            typeFaults(object, types[object.kind] ?? object.kind),
            `${file}: ${object.kind}`,
          ).to.deep.equal([]);
        }
      }
    });

    it('objects that their published schemas allow, those of the Prometheus operator among them', async () => {
      for (const [file, objects] of byFile) {
        const faults = await Promise.all(objects.map((object) => schemaFaults(object)));
        expect(faults.flat(), file).to.deep.equal([]);
      }
    });

    it('objects with names and labels of their own', () => {
      for (const objects of byFile.values()) {
        const names = objects.map(({ kind, metadata }) => `${kind} ${metadata.name}`);
        expect(new Set(names).size).to.equal(names.length);
        for (const { metadata } of objects) {
          expect(metadata.labels).to.include.keys(
            ...['name', 'instance', 'version', 'component', 'managed-by'].map(
              (key) => `app.kubernetes.io/${key}`,
            ),
            'helm.sh/chart',
          );
        }
      }
    });

    it('a pod for every node, which goes last and shares its network', () => {
      const set = one(ofCase('default'), 'DaemonSet');
      expect(set).to.have.deep.nested.property('spec.updateStrategy', {
        type: 'RollingUpdate',
        rollingUpdate: { maxUnavailable: '10%' },
      });
      expect(set).to.have.nested.property('spec.minReadySeconds', 20);
      expect(at(set, 'spec', 'template', 'spec')).to.deep.include({
        hostNetwork: true,
        dnsPolicy: 'Default',
        priorityClassName: 'system-node-critical',
        nodeSelector: { 'kubernetes.io/os': 'linux' },
        tolerations: [{ operator: 'Exists' }],
        serviceAccountName: 'kube-ipvs',
      });
      expect(set).to.have.deep.nested.property(`${main}.env`, [
        { name: 'NODE_NAME', valueFrom: { fieldRef: { apiVersion: 'v1', fieldPath: 'spec.nodeName' } } },
        { name: 'KUBERNETES_SERVICE_HOST', value: '192.0.2.10' },
        { name: 'KUBERNETES_SERVICE_PORT', value: '6443' },
      ]);
    });

    it('a pod for the nodes with a label, until that is taken away', async () => {
      const label = String.raw`nodeSelector.example\.org/service-proxy`;
      const set = await daemonSet(...server, '--set', `${label}=kube-ipvs`);
      expect(at(set, 'spec', 'template', 'spec', 'nodeSelector')).to.deep.equal({
        'example.org/service-proxy': 'kube-ipvs',
        'kubernetes.io/os': 'linux',
      });
      const later = await daemonSet(...server, '--set', `${label}=kube-ipvs`, '--set', `${label}=null`);
      expect(later).to.deep.equal(one(ofCase('default'), 'DaemonSet'));
    });

    it('labels and annotations of the values beside its own, none of which they replace', async () => {
      const labels = String.raw`podLabels.app\.kubernetes\.io/name=a,podLabels.example\.org/team=b`;
      const annotations = 'podAnnotations.checksum/config=a,podAnnotations.note=b';
      const set = await daemonSet(...server, '--set', `${labels},${annotations}`);
      const told = at(set, 'spec', 'template', 'metadata', 'annotations');
      expect(told).to.include({ note: 'b', 'kubectl.kubernetes.io/default-container': 'kube-ipvs' });
      expect(at(told, 'checksum/config')).to.match(/^[0-9a-f]{64}$/);
      expect(at(set, 'spec', 'template', 'metadata', 'labels')).to.include({
        'app.kubernetes.io/name': 'kube-ipvs',
        'example.org/team': 'b',
      });
    });

    it('labels and annotations of the values on every object', () => {
      const objects = ofCase('everything');
      for (const { kind, metadata } of objects) {
        expect(metadata.labels, kind).to.include({ 'example.org/team': 'network' });
        expect(metadata.labels['app.kubernetes.io/name'], kind).to.match(/^balancer(-test)?$/);
        expect(metadata.annotations, kind).to.include({ 'example.org/contact': 'network@example.org' });
      }
      const template = at(one(objects, 'DaemonSet'), 'spec', 'template', 'metadata');
      expect(at(template, 'labels')).to.include({ 'example.org/team': 'pods' });
      expect(at(template, 'annotations')).to.include({ 'example.org/note': 'pod' });
    });

    it('pods that another version of the chart alone does not replace', () => {
      const template = at(one(ofCase('default'), 'DaemonSet'), 'spec', 'template', 'metadata');
      expect(at(template, 'labels')).to.include({ 'app.kubernetes.io/version': '0.1.0' });
      expect(at(template, 'labels')).not.to.include.keys('helm.sh/chart');
    });

    it('a container that may no more than NET_ADMIN and NET_RAW', () => {
      for (const objects of byFile.values()) {
        const set = one(objects, 'DaemonSet');
        expect(set).to.have.deep.nested.property(`${main}.securityContext.capabilities`, {
          drop: ['ALL'],
          add: ['NET_ADMIN', 'NET_RAW'],
        });
        expect(set).to.have.nested.property(`${main}.name`, 'kube-ipvs');
        expect(set).to.deep.nested.include({
          [`${main}.securityContext.privileged`]: false,
          [`${main}.securityContext.allowPrivilegeEscalation`]: false,
          [`${main}.securityContext.readOnlyRootFilesystem`]: true,
        });
        expect(set).to.have.nested.property(`${main}.securityContext.seccompProfile.type`);
        expect(set).not.to.have.nested.property(`${pod}.hostPID`);
      }
      const usual = one(ofCase('default'), 'DaemonSet');
      expect(usual).to.have.nested.property(`${main}.securityContext.seccompProfile.type`, 'RuntimeDefault');
    });

    it('a privileged container that ends before, unless the node does what it would do', () => {
      const set = one(ofCase('default'), 'DaemonSet');
      expect(set).to.have.deep.nested.property(`${pod}.initContainers[0].args`, [
        'run',
        '--init-only',
        '--config=/etc/kube-ipvs/config.yaml',
      ]);
      expect(set).to.have.nested.property(`${pod}.initContainers[0].securityContext.privileged`, true);
      expect(one(ofCase('bare'), 'DaemonSet')).not.to.have.nested.property(`${pod}.initContainers`);
    });

    it('further containers behind its own', () => {
      const names = (file: string, list: string): unknown[] =>
        (at(one(ofCase(file), 'DaemonSet'), ...`${pod}.${list}`.split('.')) as object[]).map((container) =>
          at(container, 'name'),
        );
      expect(names('service-monitor', 'containers')).to.deep.equal(['kube-ipvs', 'metrics-proxy']);
      expect(names('monitoring', 'initContainers')).to.deep.equal(['init', 'wait']);
    });

    it('mounts of what the program reads, and nothing to write but the lock, settings and the socket', () => {
      const set = one(ofCase('default'), 'DaemonSet');
      expect(set).to.have.deep.nested.property(`${main}.volumeMounts`, [
        // Without a subPath a changed ConfigMap would reach, and end, the programs of all nodes at once.
        { name: 'config', mountPath: '/etc/kube-ipvs/config.yaml', subPath: 'config.yaml', readOnly: true },
        { name: 'modules', mountPath: '/lib/modules', readOnly: true },
        { name: 'xtables-lock', mountPath: '/run/xtables.lock' },
        { name: 'proc-sys-net', mountPath: '/host/proc/sys/net' },
        { name: 'socket', mountPath: '/run/kube-ipvs' },
      ]);
      expect(set).to.have.deep.nested.property(`${pod}.volumes`, [
        { name: 'config', configMap: { name: 'kube-ipvs' } },
        { name: 'modules', hostPath: { path: '/lib/modules' } },
        { name: 'xtables-lock', hostPath: { path: '/run/xtables.lock', type: 'FileOrCreate' } },
        { name: 'proc-sys-net', hostPath: { path: '/proc/sys/net', type: 'Directory' } },
        { name: 'socket', emptyDir: { medium: 'Memory', sizeLimit: '1Mi' } },
      ]);
    });

    it('a folder for the socket where the configuration puts it, or none', async () => {
      const mounts = async (socket: string): Promise<unknown[]> => {
        const set = await daemonSet(...server, '--set', `${own},config.socket=${socket}`);
        const { volumes, containers } = at(set, 'spec', 'template', 'spec') as Record<string, object[]>;
        const mount = (at(containers, 0, 'volumeMounts') as object[]).filter(
          (one) => at(one, 'name') === 'socket',
        );
        expect(volumes?.filter((volume) => at(volume, 'name') === 'socket')).to.have.length(mount.length);
        return mount.map((one) => at(one, 'mountPath'));
      };
      expect(await mounts('/run/other/a.sock')).to.deep.equal(['/run/other']);
      expect(await mounts('off')).to.deep.equal([]);
    });

    it('exactly the access that the program asks for', () => {
      const objects = ofCase('default');
      const rules = accessRules.map(({ apiGroup, resource, verbs }) => ({
        apiGroups: [apiGroup],
        resources: [resource],
        verbs: [...verbs],
      }));
      expect(at(one(objects, 'ClusterRole'), 'rules')).to.deep.equal(rules);
      const binding = one(objects, 'ClusterRoleBinding');
      expect(binding).to.deep.include({
        roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'kube-ipvs' },
        subjects: [{ kind: 'ServiceAccount', name: 'kube-ipvs', namespace: 'kube-system' }],
      });
      expect(one(objects, 'ServiceAccount')).to.nested.include({ 'metadata.name': 'kube-ipvs' });
    });

    it('no account and no access where they are there already', () => {
      const kinds = ofCase('bare').map(({ kind }) => kind);
      expect(kinds).to.have.members(['ConfigMap', 'DaemonSet']);
      const set = one(ofCase('bare'), 'DaemonSet');
      expect(set).to.have.nested.property(`${pod}.serviceAccountName`, 'kube-ipvs');
    });
  });

  describe('has a configuration', () => {
    function configurationOf(objects: readonly KubernetesObject[]): string {
      const maps = objects.filter(({ metadata }) => !metadata.name.includes('-dashboard-'));
      return String(at(one(maps, 'ConfigMap'), 'data', 'config.yaml'));
    }

    it('that the program accepts, with every file of values', async () => {
      const file = join(folder, 'config.yaml');
      for (const [name, objects] of byFile) {
        writeFileSync(file, configurationOf(objects));
        let told = '';
        const terminal = { out: () => undefined, err: (text: string) => void (told += text) };
        const args = ['config', 'validate', file];
        const status = await runCommandLine({ args, nodeName: 'node', apiServer: undefined }, terminal);
        expect(status, `${name}: ${told}`).to.equal(0);
        expect(told).not.to.contain('warning');
      }
    });

    it('that is the one of the values, without a kubeconfig where the server is told', () => {
      const values = parse(readFileSync(`${chartFolder}/ci/kubeadm-values.yaml`, 'utf8')) as object;
      const wanted = structuredClone(at(values, 'config')) as { clientConnection: Record<string, unknown> };
      delete wanted.clientConnection['kubeconfig'];
      expect(parse(configurationOf(ofCase('kubeadm')))).to.deep.equal(wanted);
      expect(configurationOf(ofCase('kubeconfig'))).to.contain(
        'kubeconfig: /var/lib/kube-proxy/kubeconfig.conf',
      );
    });

    it('that may be the text of a file', async () => {
      const file = join(folder, 'config.conf');
      const values = parse(readFileSync(`${chartFolder}/ci/kubeadm-values.yaml`, 'utf8')) as object;
      writeFileSync(file, JSON.stringify(at(values, 'config')));
      const objects = await render(...server, '--set-file', `config=${file}`);
      expect(configurationOf(objects)).to.equal(configurationOf(ofCase('kubeadm')));
    });

    it('by whose change, and only that, pods are made anew', async () => {
      const checksum = async (...args: string[]): Promise<unknown> =>
        at(
          await daemonSet(...server, ...args),
          'spec',
          'template',
          'metadata',
          'annotations',
          'checksum/config',
        );
      const usual = await checksum();
      expect(usual).to.match(/^[0-9a-f]{64}$/);
      expect(await checksum('--set', 'rbac.create=false')).to.equal(usual);
      expect(await checksum('--set', `${own},config.drainTimeout=5m`)).not.to.equal(usual);
    });
  });

  describe('has an image', () => {
    const digest = `sha256:${'0123456789abcdef'.repeat(4)}`;
    for (const [values, image] of [
      ['', 'kube-ipvs:0.1.0'],
      ['image.tag=1.2.3', 'kube-ipvs:1.2.3'],
      [`image.digest=${digest}`, `kube-ipvs@${digest}`],
      [`image.repository=mirror:5000/a/b,image.tag=1,image.digest=${digest}`, `mirror:5000/a/b:1@${digest}`],
    ] as const) {
      it(`${image.replace(digest, 'DIGEST')}, in every container`, async () => {
        const set = await daemonSet(...server, '--set-string', values);
        expect(set).to.have.nested.property(`${main}.image`, image);
        expect(set).to.have.nested.property(`${pod}.initContainers[0].image`, image);
      });
    }
  });

  describe('has probes', () => {
    const probes = ['startupProbe', 'livenessProbe', 'readinessProbe'] as const;

    it('at the port of the node, two of which restart the program only where it hangs', () => {
      const set = one(ofCase('default'), 'DaemonSet');
      const asked = probes.map((probe) =>
        at(set, 'spec', 'template', 'spec', 'containers', 0, probe, 'httpGet'),
      );
      expect(asked).to.deep.equal([
        { path: '/livez', port: 10256 },
        { path: '/livez', port: 10256 },
        { path: '/readyz', port: 10256 },
      ]);
    });

    it('at the one address that is listened at', () => {
      const get = { path: '/livez', port: 20256, host: '2001:db8::1' };
      const set = one(ofCase('text'), 'DaemonSet');
      expect(set).to.have.deep.nested.property(`${main}.livenessProbe.httpGet`, get);
    });

    it('that may be others, or none', () => {
      const set = one(ofCase('everything'), 'DaemonSet');
      expect(set).to.have.deep.nested.property(`${main}.livenessProbe.httpGet`, {
        path: '/healthz',
        port: 10256,
      });
      expect(set).not.to.have.nested.property(`${main}.startupProbe`);
      const container = at(one(ofCase('bare'), 'DaemonSet'), 'spec', 'template', 'spec', 'containers', 0);
      expect(container).not.to.have.any.keys(...probes);
    });
  });

  describe('is watched', () => {
    const label = 'kube-ipvs.io/scrape-job';

    it('by nobody unless it is told, for metrics are at a loopback address', () => {
      const objects = ofCase('default');
      expect(objects.map(({ kind }) => kind)).not.to.include.members(monitors);
      expect(one(objects, 'DaemonSet')).not.to.have.nested.property(`${main}.ports`);
    });

    it('by a PodMonitor, as the job kube-proxy', () => {
      const objects = ofCase('monitoring');
      const monitor = one(objects, 'PodMonitor');
      const set = one(objects, 'DaemonSet');
      expect(monitor.apiVersion).to.equal('monitoring.coreos.com/v1');
      expect(monitor).to.deep.nested.include({
        'metadata.namespace': 'monitoring',
        'metadata.labels.release': 'prometheus',
      });
      expect(at(monitor, 'spec')).to.deep.equal({
        jobLabel: label,
        namespaceSelector: { matchNames: ['kube-system'] },
        selector: { matchLabels: at(set, 'spec', 'selector', 'matchLabels') },
        podMetricsEndpoints: [
          {
            port: 'metrics',
            path: '/metrics',
            honorLabels: true,
            interval: '30s',
            scrapeTimeout: '10s',
            scheme: 'https',
            tlsConfig: { insecureSkipVerify: true },
            relabelings: [{ sourceLabels: ['__meta_kubernetes_pod_node_name'], targetLabel: 'node' }],
            metricRelabelings: [{ sourceLabels: ['__name__'], regex: 'nodejs_.*', action: 'drop' }],
          },
        ],
      });
      expect(at(set, 'spec', 'template', 'metadata', 'labels', label)).to.equal('kube-proxy');
      expect(set).to.have.deep.nested.property(`${main}.ports`, [
        { name: 'metrics', containerPort: 20249, hostPort: 20249, protocol: 'TCP' },
      ]);
    });

    it('by a ServiceMonitor and the Service that it selects', () => {
      const objects = ofCase('service-monitor');
      const service = one(objects, 'Service');
      expect(at(one(objects, 'ServiceMonitor'), 'spec')).to.deep.equal({
        jobLabel: label,
        namespaceSelector: { matchNames: ['kube-system'] },
        selector: { matchLabels: at(service, 'spec', 'selector') },
        endpoints: [
          {
            port: 'metrics',
            path: '/metrics',
            honorLabels: true,
            interval: '1m',
            scrapeTimeout: '5s',
            scheme: 'https',
            tlsConfig: { insecureSkipVerify: true },
            authorization: { credentials: { name: 'prometheus-token', key: 'token' } },
            relabelings: [{ action: 'replace', replacement: 'one', targetLabel: 'cluster' }],
            metricRelabelings: [{ action: 'labeldrop', regex: 'pod' }],
          },
        ],
      });
      expect(service.metadata.labels).to.include({ [label]: 'kube-ipvs' });
      expect(service.metadata.labels).to.include(at(service, 'spec', 'selector'));
      expect(service).to.deep.nested.include({
        'spec.clusterIP': 'None',
        'spec.ports': [{ name: 'metrics', port: 10249, targetPort: 10249, protocol: 'TCP' }],
      });
    });

    it('through a proxy beside the program, which keeps its metrics to itself', async () => {
      const objects = ofCase('metrics-proxy');
      expect(one(objects, 'PodMonitor')).to.nested.include({
        'spec.podMetricsEndpoints[0].port': 'https-metrics',
        'spec.podMetricsEndpoints[0].scheme': 'https',
        'spec.podMetricsEndpoints[0].authorization.credentials.key': 'token',
      });
      expect(one(objects, 'DaemonSet')).not.to.have.nested.property(`${main}.ports`);
      const file = ['--values', `${chartFolder}/ci/metrics-proxy-values.yaml`];
      const monitor = 'monitoring.podMonitor.enabled=false,monitoring.serviceMonitor.enabled=true';
      const others = await render(...file, '--set', monitor);
      expect(one(others, 'Service')).to.deep.nested.include({
        'spec.ports': [{ name: 'metrics', port: 10249, targetPort: 'https-metrics', protocol: 'TCP' }],
      });
      expect(one(others, 'ServiceMonitor')).to.nested.include({ 'spec.endpoints[0].port': 'metrics' });
    });

    it('by annotations of the pods', () => {
      const annotations = at(
        one(ofCase('monitoring'), 'DaemonSet'),
        'spec',
        'template',
        'metadata',
        'annotations',
      );
      expect(annotations).to.include({
        'prometheus.io/scrape': 'true',
        'prometheus.io/port': '20249',
        'prometheus.io/path': '/metrics',
      });
    });
  });

  describe('has a test that', () => {
    it('asks /readyz of its node until everything is programmed', async () => {
      const answers = [503, 200];
      const asked: (string | undefined)[] = [];
      const node = createServer((request, response) => {
        asked.push(request.url);
        response.statusCode = answers[asked.length - 1] ?? 500;
        response.end('{}');
      });
      await new Promise<void>((resolve) => node.listen(0, '127.0.0.1', resolve));
      const { port } = node.address() as AddressInfo;
      const objects = await render(...server, '--set', `${own},config.healthzBindAddress=127.0.0.1:${port}`);
      const container = at(one(objects, 'Pod'), 'spec', 'containers', 0);
      const [program, ...flags] = at(container, 'command') as string[];
      const args = [...flags, ...(at(container, 'args') as string[])];
      expect(program).to.equal('node');
      const status = await new Promise<unknown>((resolve) => {
        execFile(process.execPath, args, (error) => {
          resolve(error === null ? 0 : error.code);
        });
      });
      node.close();
      expect(status).to.equal(0);
      expect(asked).to.deep.equal(['/readyz', '/readyz']);
    });

    it('is not there where nobody listens', () => {
      expect(ofCase('bare').map(({ kind }) => kind)).not.to.include('Pod');
    });
  });

  it('tells what to do next', async () => {
    const values = ['--values', `${chartFolder}/ci/kubeadm-values.yaml`];
    const install = ['install', 'kube-ipvs', chartFolder, '--namespace', 'kube-system', '--dry-run=client'];
    const { code, stdout, stderr } = await helm.run([...install, ...values]);
    expect(code, stderr).to.equal(0);
    const notes = stdout.slice(stdout.indexOf('NOTES:'));
    expect(notes).to.contain('docs/moving-from-kube-proxy.md');
    expect(notes).to.contain('kubectl -n kube-system rollout status daemonset/kube-ipvs');
    expect(notes).to.contain('config.clientConnection.kubeconfig is left out');
    expect(notes).to.contain('image.repository is not given');
    const pushed = await helm.run([...install, ...values, '--set', 'image.repository=mirror/kube-ipvs']);
    expect(pushed.stdout).to.contain('with the image mirror/kube-ipvs:0.1.0.');
    expect(pushed.stdout).not.to.contain('image.repository is not given');
  });
});
