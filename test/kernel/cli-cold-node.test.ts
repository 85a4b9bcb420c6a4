import { expect } from 'chai';
import { cleanUp, eventually, startKubeIpvs } from './cli-program.ts';
import { addInterface, ClusterSite, node, service, virtualServers } from './cluster-site.ts';
import { enterOwnNamespace, output } from './own-namespace.ts';

/** The API server's own service, as an API server makes it. */
const kubernetes = {
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name: 'kubernetes', namespace: 'default' },
  spec: {
    type: 'ClusterIP',
    clusterIP: '10.96.0.1',
    clusterIPs: ['10.96.0.1'],
    ports: [{ name: 'https', protocol: 'TCP', port: 443, targetPort: 6443 }],
  },
};

const kubernetesSlice = {
  apiVersion: 'discovery.k8s.io/v1',
  kind: 'EndpointSlice',
  metadata: {
    name: 'kubernetes',
    namespace: 'default',
    labels: { 'kubernetes.io/service-name': 'kubernetes' },
  },
  addressType: 'IPv4',
  ports: [{ name: 'https', protocol: 'TCP', port: 6443 }],
  endpoints: [{ addresses: ['192.168.111.10'], conditions: { ready: true } }],
};

describe('kube-ipvs on a cold node', () => {
  let site: ClusterSite;

  before(async () => {
    enterOwnNamespace();
    addInterface();
    // What no service will ask for: ours by its address, and so removed in the end, but not before that is known.
    output('ip link add kube-ipvs0 type dummy');
    output('ip address add 10.96.7.7/32 dev kube-ipvs0');
    output('ipvsadm -A -t 10.96.7.7:80 -s rr');
    site = await ClusterSite.open({}, [node(), service('10.96.0.10')]);
    site.server.store.create(kubernetes);
    site.server.store.create(kubernetesSlice);
  });

  after(async () => {
    await site.close();
    cleanUp();
  });

  it("serves the API server's own service while the lists are still on their way, and removes nothing", async () => {
    // A list of a byte a minute. What is asked for by namespace comes at once.
    const match = { resource: ['services', 'endpointslices'], namespace: '' };
    const endDrip = site.server.misbehave({ match, does: { kind: 'drip', bytes: 1, everyMs: 60_000 } });
    const running = startKubeIpvs('run', ...site.flags());
    try {
      await eventually(
        () => running.log(),
        (log) => log.includes('programmed before all services are known'),
      );
      expect(virtualServers()).to.have.members(['-A -t 10.96.0.1:443 -s rr', '-A -t 10.96.7.7:80 -s rr']);
      expect(output('ipvsadm -Sn')).to.include('-a -t 10.96.0.1:443 -r 192.168.111.10:6443 -m -w 1');
      const addresses = output('ip -brief address show kube-ipvs0');
      expect(addresses).to.include('10.96.0.1/32').and.to.include('10.96.7.7/32');
      expect(output('ipset save KUBE-CLUSTER-IP')).to.include('10.96.0.1,tcp:443');
      expect(output('iptables-legacy-save -t nat')).to.match(/-A KUBE-POSTROUTING .*-j MASQUERADE/);
      expect(output('cat /proc/sys/net/ipv4/vs/conntrack')).to.equal('1\n');
      expect(running.log()).not.to.include('ready: ');

      endDrip();
      await site.server.restart();
      await eventually(
        () => running.log(),
        (log) => log.includes('ready: every service is programmed'),
      );
      expect(virtualServers()).to.have.members(['-A -t 10.96.0.1:443 -s rr', '-A -t 10.96.0.10:80 -s rr']);
      expect(output('ip -brief address show kube-ipvs0')).not.to.include('10.96.7.7');
    } finally {
      expect(await running.stop(), running.log()).to.equal(0);
    }
  });

  it('leaves a node that serves already alone until the lists are there, and ends at a signal meanwhile', async () => {
    const match = { resource: ['services', 'endpointslices'], namespace: '' };
    const endDrip = site.server.misbehave({ match, does: { kind: 'drip', bytes: 1, everyMs: 60_000 } });
    site.server.store.update({ ...kubernetesSlice, endpoints: [{ addresses: ['192.168.111.11'] }] });
    const rules = output('ipvsadm -Sn');
    const running = startKubeIpvs('run', ...site.flags('-v', '4'));
    try {
      await eventually(
        () => running.log(),
        (log) => log.includes('what the kernel has is left until all services are known'),
      );
      expect(output('ipvsadm -Sn')).to.equal(rules);
    } finally {
      expect(await running.stop(), running.log()).to.equal(0);
      endDrip();
    }
    expect(output('ipvsadm -Sn')).to.equal(rules);
  });
});
