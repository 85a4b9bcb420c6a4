import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { chartFolder } from '../../scripts/chart/values.ts';
import { Helm } from '../kube/helm.ts';
import { Kubectl, kubectlPath } from '../kube/kubectl.ts';
import { standInForKubelets } from '../kube/kubelets.ts';
import type { KubeObject } from '../kube/object.ts';
import { resourceTypes } from '../kube/resource-type.ts';
import { schemaFaults } from '../kube/published-schema.ts';
import { ApiServer } from '../kube/server.ts';
import { kubeadmFile } from '../unit/config/configuration-files.ts';
import { at } from './chart-template.ts';

const namespace = 'kube-system';
const daemonSet = ['daemonsets', namespace, 'kube-ipvs'] as const;

/** What a release of the chart consists of, by resource and name. */
const objects = [
  'clusterrolebindings kube-ipvs',
  'clusterroles kube-ipvs',
  'configmaps kube-ipvs',
  'daemonsets kube-ipvs',
  'serviceaccounts kube-ipvs',
] as const;

describe('a release of the chart, by the real helm on the API server of the tests', () => {
  let server: ApiServer;
  let helm: Helm;
  let folder: string;
  let end: () => void;
  /** As docs/install.md has them for nodes that move from kube-proxy. */
  let values: readonly string[];

  /** Runs helm in the namespace of the release and gives what it prints. Fails where it does. */
  async function run(...args: readonly string[]): Promise<string> {
    const target = ['--kubeconfig', join(folder, 'config'), '--namespace', namespace];
    const { code, stdout, stderr } = await helm.run([...args, ...target]);
    expect(code, `helm ${args.join(' ')}: ${stderr}`).to.equal(0);
    return stdout;
  }

  function upgrade(...args: readonly string[]): Promise<string> {
    return run('upgrade', 'kube-ipvs', chartFolder, '--wait', '--timeout', '60s', ...args);
  }

  /** Everything that is there beside what helm keeps of its releases. */
  function held(): ReadonlyMap<string, KubeObject> {
    return new Map(
      resourceTypes
        .filter(({ plural }) => !['secrets', 'namespaces'].includes(plural))
        .flatMap((type) => server.store.list(type).map((object) => [type.plural, object] as const))
        .map(([plural, object]) => [`${plural} ${object.metadata.name}`, object]),
    );
  }

  function releases(): unknown[] {
    const secrets = resourceTypes.find(({ plural }) => plural === 'secrets')!;
    return server.store.list(secrets).map(({ metadata }) => metadata.labels?.['status']);
  }

  /** What of the objects has another uid, version or generation than before. */
  function changed(before: ReadonlyMap<string, KubeObject>, field: string): string[] {
    const after = held();
    const names = [...new Set([...before.keys(), ...after.keys()])];
    return names.filter(
      (name) => at(before.get(name), 'metadata', field) !== at(after.get(name), 'metadata', field),
    );
  }

  function specOf(): unknown {
    return server.store.get(...daemonSet)?.['spec'];
  }

  function configuration(): unknown {
    return at(server.store.get('configmaps', namespace, 'kube-ipvs'), 'data', 'config.yaml');
  }

  before(async () => {
    server = await ApiServer.start();
    end = standInForKubelets(server.store, 3);
    helm = await Helm.open();
    folder = await mkdtemp(join(tmpdir(), 'release-'));
    await writeFile(join(folder, 'config.conf'), kubeadmFile);
    values = [
      ...['--set-file', `config=${join(folder, 'config.conf')}`, '--set', 'k8sServiceHost=192.0.2.10'],
      ...['--set', String.raw`nodeSelector.example\.org/service-proxy=kube-ipvs`],
    ];
    await writeFile(join(folder, 'config'), server.kubeconfig('admin'), { mode: 0o600 });
  });

  after(async () => {
    end();
    await helm.close();
    await server.stop();
    await rm(folder, { recursive: true });
  });

  beforeEach(async () => {
    await run('install', 'kube-ipvs', chartFolder, '--wait', '--timeout', '60s', ...values);
  });

  afterEach(() => run('uninstall', 'kube-ipvs', '--ignore-not-found'));

  it('installs its objects, says what to do next, and takes all of them away', async () => {
    expect([...held().keys()].sort()).to.deep.equal(objects);
    expect(releases()).to.deep.equal(['deployed']);
    for (const object of held().values()) expect(await schemaFaults(object)).to.deep.equal([]);
    const kubectl = new Kubectl(await kubectlPath(), join(folder, 'config'));
    const status = await kubectl.run(['-n', namespace, 'rollout', 'status', 'daemonset/kube-ipvs']);
    expect(status.stdout, status.stderr).to.equal('daemon set "kube-ipvs" successfully rolled out\n');
    await run('uninstall', 'kube-ipvs');
    expect([...held().keys()]).to.deep.equal([]);
    expect(releases()).to.deep.equal([]);
  });

  it('changes at an upgrade what was changed, in its place', async () => {
    const before = held();
    expect(at(specOf(), 'template', 'spec', 'nodeSelector')).to.deep.equal({
      'kubernetes.io/os': 'linux',
      'example.org/service-proxy': 'kube-ipvs',
    });
    const everywhere = String.raw`nodeSelector.example\.org/service-proxy=null`;
    await upgrade('--reset-then-reuse-values', '--set', `${everywhere},image.tag=1.2.3`);
    expect(changed(before, 'uid')).to.deep.equal([]);
    expect(changed(before, 'resourceVersion')).to.deep.equal(['daemonsets kube-ipvs']);
    const pod = at(specOf(), 'template', 'spec');
    expect(at(pod, 'containers', 0, 'image')).to.equal('kube-ipvs:1.2.3');
    expect(at(pod, 'nodeSelector')).to.deep.equal({ 'kubernetes.io/os': 'linux' });
    expect(releases()).to.deep.equal(['superseded', 'deployed']);
  });

  it('leaves the pods alone where nothing of theirs has changed', async () => {
    const before = held();
    await upgrade('--reuse-values', '--set', 'rbac.create=false');
    expect(changed(before, 'uid')).to.deep.equal(['clusterroles kube-ipvs', 'clusterrolebindings kube-ipvs']);
    expect(changed(before, 'generation')).to.deep.equal([]);
  });

  /** Upgrades to a chart whose fields of Chart.yaml with such names have another version. */
  async function upgradeTo(version: string, names: RegExp): Promise<void> {
    const next = join(folder, version);
    await cp(chartFolder, next, { recursive: true });
    const chart = await readFile(join(next, 'Chart.yaml'), 'utf8');
    await writeFile(join(next, 'Chart.yaml'), chart.replace(names, `$1: ${version}`));
    await run('upgrade', 'kube-ipvs', next, '--reuse-values', '--wait', '--timeout', '60s');
  }

  it('leaves the pods alone where the chart has another version and the program has not', async () => {
    const before = held();
    await upgradeTo('9.9.8', /^(version): .*$/gm);
    expect(changed(before, 'generation')).to.deep.equal([]);
    expect(at(server.store.get(...daemonSet), 'metadata', 'labels', 'helm.sh/chart')).to.equal(
      'kube-ipvs-9.9.8',
    );
  });

  it('follows a new version of the program node by node, by the same selector', async () => {
    const [first, before] = [specOf(), held()];
    await upgradeTo('9.9.9', /^((?:appV|v)ersion): .*$/gm);
    expect(changed(before, 'uid')).to.deep.equal([]);
    expect(at(specOf(), 'selector')).to.deep.equal(at(first, 'selector'));
    expect(at(specOf(), 'updateStrategy')).to.deep.equal({
      type: 'RollingUpdate',
      rollingUpdate: { maxUnavailable: '10%' },
    });
    expect(at(specOf(), 'template', 'spec', 'containers', 0, 'image')).to.match(/:9\.9\.9$/);
  });

  it('goes back to what it was', async () => {
    const [first, before] = [specOf(), held()];
    const another = join(folder, 'another.conf');
    await writeFile(another, kubeadmFile.replace('scheduler: ""', 'scheduler: lc'));
    await upgrade('--reuse-values', '--set-file', `config=${another}`, '--set', 'podLabels.a=b');
    expect(configuration()).to.contain('scheduler: lc');
    expect(specOf()).not.to.deep.equal(first);
    await run('rollback', 'kube-ipvs', '1', '--wait', '--timeout', '60s');
    expect(specOf()).to.deep.equal(first);
    expect(configuration()).not.to.contain('scheduler: lc');
    expect(changed(before, 'uid')).to.deep.equal([]);
    expect(await run('history', 'kube-ipvs')).to.match(/Rollback to 1/);
  });

  it('runs its test on a node, and takes the pod away', async () => {
    let tested: KubeObject | undefined;
    const stop = server.store.subscribe(({ object }) => {
      if (object.kind === 'Pod') tested = object;
    });
    expect(await run('test', 'kube-ipvs', '--timeout', '60s')).to.match(/Phase: +Succeeded/);
    stop();
    expect(tested?.metadata.name).to.equal('kube-ipvs-test');
    expect([...held().keys()].sort()).to.deep.equal(objects);
  });
});
