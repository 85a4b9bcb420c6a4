import { expect } from 'chai';
import { Kubectl, kubectlPath } from '../kube/kubectl.ts';
import type { KubeObject } from '../kube/object.ts';
import { resourceNamed } from '../kube/resource-type.ts';
import { eventually, startKubeIpvs } from './cli-program.ts';
import type { Running } from './cli-program.ts';
import { addInterface, ClusterSite, service, virtualServers } from './cluster-site.ts';
import { enterOwnNamespace, output } from './own-namespace.ts';

/** The annotation that the control plane writes. */
const triggerTime = 'endpoints.kubernetes.io/last-change-trigger-time';

/** A Service at an address, with something else in its spec or its metadata. */
function serviceWith(clusterIP: string, spec: object, metadata: object = {}) {
  const plain = service(clusterIP);
  return { ...plain, metadata: { ...plain.metadata, ...metadata }, spec: { ...plain.spec, ...spec } };
}

/** The API server's own Service, and its EndpointSlice. */
const kubernetes = { name: 'kubernetes', namespace: 'default' };

/** Whether the running kernel has a scheduler that came with Linux 5.12, and not with every configuration. */
function hasTwos(): boolean {
  try {
    output('ipvsadm -A -t 192.0.2.99:1 -s twos');
    output('ipvsadm -D -t 192.0.2.99:1');
    return true;
  } catch {
    return false;
  }
}

/** An EndpointSlice of the Service at 10.96.0.10 whose last change began at a time. */
function slice(addresses: readonly string[], triggered: Date) {
  return {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: {
      name: 'web-1',
      namespace: 'default',
      labels: { 'kubernetes.io/service-name': 'at-10-96-0-10' },
      annotations: { [triggerTime]: triggered.toISOString() },
    },
    addressType: 'IPv4',
    ports: [{ name: '', port: 8080, protocol: 'TCP' }],
    endpoints: addresses.map((address) => ({ addresses: [address], conditions: { ready: true } })),
  };
}

describe('kube-ipvs and the owners of services', () => {
  let site: ClusterSite;
  let kubectl: Kubectl;
  let running: Running;

  const events = (): readonly KubeObject[] => site.server.store.list(resourceNamed('events.events.k8s.io'));

  /** The events of a Service: `reason: note`. */
  function notes(name: string): string[] {
    return events()
      .filter(({ regarding }) => (regarding as { name: string }).name === name)
      .map(({ reason, note }) => `${String(reason)}: ${String(note)}`);
  }

  async function must(...args: string[]): Promise<string> {
    const { code, stdout, stderr } = await kubectl.run(args);
    expect(code, stderr).to.equal(0);
    return stdout;
  }

  before(() => {
    enterOwnNamespace();
    addInterface();
  });

  beforeEach(async () => {
    site = await ClusterSite.open();
    kubectl = new Kubectl(await kubectlPath(), site.path('kubeconfig'));
    running = startKubeIpvs('run', ...site.flags('--logging-format', 'json', '-v', '4'));
    await eventually(virtualServers, (lines) => lines.length === 1);
  });

  afterEach(async () => {
    expect(await running.stop(), running.log()).to.equal(0);
    await site.close();
  });

  it('tell of an external IP of the wrong family by one Event, which kubectl shows', async () => {
    const name = 'at-10-96-0-11';
    site.server.store.create(serviceWith('10.96.0.11', { externalIPs: ['fd00::1'] }));
    await eventually(events, (found) => found.length > 0);
    site.server.store.patch('services', 'default', name, {
      spec: { ports: [{ protocol: 'TCP', port: 81 }] },
    });
    await eventually(virtualServers, (lines) => lines.includes('-A -t 10.96.0.11:81 -s rr'));
    site.server.store.create(serviceWith('10.96.0.12', { externalIPs: ['not an address'] }));
    await eventually(
      () => notes('at-10-96-0-12'),
      (found) => found.length > 0,
    );
    expect(notes(name)).to.have.length(1);
    expect(await must('describe', 'service', name)).to.match(
      /Warning +KubeProxyIncorrectIPVersion +\S+ +kube-ipvs.* +spec\.externalIPs\[0\]: expected an IPv4 address/,
    );
    const table = await must('get', 'events', '--field-selector', `involvedObject.name=${name}`);
    expect(table.trim().split('\n')).to.have.length(2);
    expect(table).to.match(/Warning +KubeProxyIncorrectIPVersion +service\/at-10-96-0-11 +spec\.externalIPs/);
    expect(notes('at-10-96-0-12')).to.deep.equal([
      'InvalidField: spec.externalIPs[0]: expected an IP address, got "not an address", no IP address; ' +
        'write an address such as 10.0.0.1 or fd00::1',
    ]);
  });

  it('tell of a virtual server that another has, and of a scheduler that there is not', async () => {
    site.server.store.create(serviceWith('10.96.0.11', { externalIPs: ['192.0.2.1'] }));
    await eventually(virtualServers, (lines) => lines.includes('-A -t 192.0.2.1:80 -s rr'));
    const annotations = { 'kube-ipvs.io/scheduler': 'quickest' };
    site.server.store.create(serviceWith('10.96.0.12', { externalIPs: ['192.0.2.1'] }, { annotations }));
    const found = await eventually(
      () => notes('at-10-96-0-12'),
      (all) => all.length === 2,
    );
    expect(found.map((note) => note.split(':')[0])).to.have.members([
      'SchedulerUnavailable',
      'VirtualServerConflict',
    ]);
    expect(notes('at-10-96-0-11')).to.deep.equal([]);
  });

  it('tell of a scheduler that this kernel does not have, and serve with the one of the configuration', async () => {
    const [scheduler, told] = hasTwos() ? ['twos', []] : ['rr', ['SchedulerUnavailable']];
    const annotations = { 'kube-ipvs.io/scheduler': 'twos' };
    site.server.store.create(serviceWith('10.96.0.13', {}, { annotations }));
    await eventually(virtualServers, (lines) => lines.includes(`-A -t 10.96.0.13:80 -s ${scheduler}`));
    const found = await eventually(
      () => notes('at-10-96-0-13'),
      (all) => all.length === told.length,
    );
    expect(found.map((note) => note.split(':')[0])).to.deep.equal(told);
  });

  it('tell of an address that this node needs, which it serves from the moment on that it does not', async () => {
    const bound = (): string =>
      (output('ip -brief address show kube-ipvs0').match(/192\.168\.111\.\d+/g) ?? []).sort().join();
    const externalIPs = ['192.168.111.1', '192.168.111.3', '192.168.111.4'];
    output('ip route add default via 192.168.111.1');
    try {
      site.server.store.create(serviceWith('10.96.0.14', { externalIPs }));
      await eventually(bound, (all) => all === '192.168.111.3,192.168.111.4');
      site.server.store.create({ ...service('10.96.0.1'), metadata: kubernetes });
      site.server.store.create({
        ...slice(['192.168.111.3'], new Date()),
        metadata: { ...kubernetes, labels: { 'kubernetes.io/service-name': 'kubernetes' } },
        ports: [{ name: 'https', port: 6443, protocol: 'TCP' }],
      });
      await eventually(bound, (all) => all === '192.168.111.4');
      const found = await eventually(
        () => notes('at-10-96-0-14'),
        (all) => all.length >= 2,
      );
      expect(found.map((note) => note.replace(/;.*/, ''))).to.have.members([
        'InvalidField: spec.externalIPs[0]: expected an address that is not that of the default gateway, got 192.168.111.1',
        'InvalidField: spec.externalIPs[1]: expected an address that is not that of the API server, got 192.168.111.3',
      ]);
    } finally {
      output('ip route delete default');
    }
    await eventually(bound, (all) => all === '192.168.111.1,192.168.111.4');
  });

  it('are told nothing where every load balancer lists the nodes, and the nodes keep their addresses', async () => {
    const addresses = ['192.168.111.128', '192.168.111.3', '192.168.111.77'];
    const status = { loadBalancer: { ingress: addresses.map((ip) => ({ ip })) } };
    for (const last of [15, 16]) {
      const port = { protocol: 'TCP', port: 8000 + last };
      const listing = serviceWith(`10.96.0.${last}`, { type: 'LoadBalancer', ports: [port] });
      site.server.store.create({ ...listing, status });
    }
    site.server.store.create(serviceWith('10.96.0.17', { externalIPs: ['not an address'] }));
    const servers = await eventually(virtualServers, (lines) =>
      [8015, 8016].every((port) => lines.includes(`-A -t 192.168.111.128:${port} -s rr`)),
    );
    expect(servers.filter((line) => /192\.168\.111\.(3|77):/.test(line))).to.deep.equal([]);
    expect(output('ip -brief address show kube-ipvs0')).not.to.contain('192.168.111.');
    await eventually(
      () => notes('at-10-96-0-17'),
      (found) => found.length > 0,
    );
    expect([...notes('at-10-96-0-15'), ...notes('at-10-96-0-16')]).to.deep.equal([]);
    const told = running.log().match(/^\{.*belongs to no node.*$/gm) ?? [];
    const levels = told.map((line) => (JSON.parse(line) as { level: unknown }).level);
    expect(new Set(levels).size, running.log()).to.equal(2);
    expect(levels.slice(1)).not.to.include(levels[0]);
    expect(levels).to.have.length(4);
  });

  it('log how long a change of endpoints took to the kernel', async () => {
    const { store } = site.server;
    const began = Date.now();
    store.create(slice(['10.244.0.1'], new Date(began)));
    store.put(slice(['10.244.0.1', '10.244.0.2'], new Date(began + 1)));
    const line = /^\{.*"a change of endpoints is programmed".*$/gm;
    const told = await eventually(
      () => running.log().match(line) ?? [],
      (lines) => lines.length === 2,
    );
    const took = Date.now() - began;
    for (const text of told) {
      const { service: of, triggered, latency } = JSON.parse(text) as Record<string, unknown>;
      expect(of).to.equal('default/at-10-96-0-10');
      expect(triggered).to.be.oneOf([began, began + 1]);
      expect(latency).to.be.within(0, took).and.not.equal(0);
    }
  });
});
