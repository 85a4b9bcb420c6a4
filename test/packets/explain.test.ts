import { expect } from 'chai';
import type { Explanation } from '../../lib/cli/explanation/explanation.ts';
import { program } from '../kernel/cli-program.ts';
import { Site, type SiteService, until } from './support.ts';

const podNetworks = '10.244.0.0/16,fd00:10:244::/48';

const services: readonly SiteService[] = [
  {
    name: 'web',
    clusterIPs: ['10.96.3.1', 'fd00:10:96::3:1'],
    ports: [{ port: 80, nodePort: 30380 }],
    pods: ['web-1', 'web-3', { pod: 'web-4', ready: false }],
    annotations: { 'kube-ipvs.io/weights': 'same-node=4', 'kube-ipvs.io/drain-timeout': 'soon' },
  },
  { name: 'nobody', clusterIPs: ['10.96.3.2'], ports: [{ port: 80 }], pods: [] },
  {
    name: 'elsewhere',
    clusterIPs: ['10.96.3.3'],
    ports: [{ port: 80 }],
    pods: ['web-3'],
    spec: { type: 'LoadBalancer', externalTrafficPolicy: 'Local', healthCheckNodePort: 31000 },
    ingress: [{ ip: '198.51.100.2' }],
  },
  {
    name: 'inward',
    clusterIPs: ['10.96.3.4'],
    ports: [{ port: 80 }],
    pods: ['web-3'],
    spec: { internalTrafficPolicy: 'Local' },
  },
  {
    name: 'refused',
    clusterIPs: ['10.96.3.5'],
    ports: [{ port: 80 }],
    pods: ['web-1'],
    spec: { externalIPs: ['10.244.7.7'] },
  },
];

describe('kube-ipvs explain', function () {
  this.timeout(300_000);

  let site: Site;

  before(async () => {
    site = await Site.build();
    await site.startAll('--cluster-cidr', podNetworks);
    for (const service of services) await site.publish(service);
    for (const service of services) {
      if (service.name !== 'inward') await site.untilServed(service, [site.first]);
    }
  });

  after(() => site.destroy());

  /** Runs the program on the first node, which finds out by itself how its controller is configured. */
  async function ran(...args: readonly string[]): Promise<{ status: number; out: string; err: string }> {
    const { code, stdout, stderr } = await site.first.exec(process.execPath, [program, 'explain', ...args]);
    return { status: code, out: stdout, err: stderr };
  }

  /** What it says of a Service, with its exit status. */
  async function explained(name: string): Promise<{ status: number; view: Explanation }> {
    const { status, out, err } = await ran(`default/${name}`, '-o', 'json');
    expect(err).to.equal('');
    return { status, view: JSON.parse(out) as Explanation };
  }

  it('tells of one that is served all that people ask', async () => {
    await until(
      () => ran('default/web'),
      ({ status }) => status === 0,
    );
    const { out } = await ran('default/web');
    expect(out)
      .to.match(/^Service: +default\/web$/m)
      .and.to.match(/the running kube-ipvs, at /)
      .and.to.match(
        /^Scheduler: +wrr, in the place of rr, which looks at no weights, for kube-ipvs\.io\/weights$/m,
      )
      .and.to.match(/kube-ipvs\.io\/weights=same-node=4 \(followed\)$/m)
      .and.to.match(/kube-ipvs\.io\/drain-timeout=soon \(not followed: write /)
      .and.to.match(/^TCP 192\.168\.111\.128:30380, node port$/m)
      .and.to.match(/^ +Kernel: +holds it as wanted, wrr$/m)
      .and.to.match(/^ +Masqueraded: +who is not in 10\.244\.0\.0\/16, and an endpoint/m)
      .and.to.match(/^ .* 10\.244\.0\.2:80 +4 +\d+ +\d+ +as wanted$/m)
      .and.to.match(/^ +10\.244\.1\.6:80 +ycwang-ubuntu-worker +no, not ready$/m)
      .and.to.match(
        /^SERVED {2}6 virtual servers by 2 endpoints, held as wanted\nNEXT {2}kube-ipvs trace default\/web\n$/m,
      );
  });

  it('says that nobody serves it, and where to look', async () => {
    const { status, view } = await explained('nobody');
    expect(status).to.equal(1);
    expect(view.conclusion).to.deep.include({ outcome: 'not-served', asWanted: true });
    expect(view.conclusion.next).to.equal(
      'kubectl -n default get endpointslices -l kubernetes.io/service-name=nobody',
    );
    expect(view.ways[0]?.sets.map(({ set }) => set)).to.include('KUBE-NO-ENDPOINTS');
  });

  it('says that clients outside are refused where their policy finds no endpoint on the node', async () => {
    const { status, view } = await explained('elsewhere');
    expect(status, JSON.stringify(view.conclusion)).to.equal(0);
    expect(view.conclusion.text).to.contain('clients outside of the cluster are refused');
    expect(view.ways.map(({ kind, reach }) => `${kind}: ${reach}`)).to.include('load balancer: refused');
    expect(view.health).to.deep.include({ port: 31000, status: 503, answered: 503 });
  });

  it('says that the internal policy finds no endpoint on the node', async () => {
    const { status, view } = await explained('inward');
    expect(status).to.equal(1);
    expect(view.conclusion.text).to.contain('the policy Local asks for this node (one endpoint)');
  });

  it('says which address is refused, and why', async () => {
    const { status, view } = await explained('refused');
    expect(status).to.equal(1);
    expect(view.conclusion.outcome).to.equal('partly-served');
    expect(view.findings.map(({ text }) => text).join()).to.contain('10.244.7.7');
  });

  it('suggests names that are near to one that there is not', async () => {
    const { status, err } = await ran('default/wbe');
    expect(status).to.equal(2);
    expect(err).to.contain('did you mean default/web?');
    expect((await ran('web')).err).to.contain('hint: with its namespace: default/web');
  });

  it('says what is wrong in one that cannot be used', async () => {
    await site.write(
      'broken.yaml',
      site.manifestOf({ ...services[1]!, name: 'broken', clusterIPs: ['10.96.3'] }),
    );
    try {
      const { status, err } = await ran('default/broken');
      expect(status).to.equal(2);
      expect(err).to.match(
        /^error: it is not balanced: broken\.yaml:\d+: Service default\/broken: .*10\.96\.3/,
      );
    } finally {
      await site.remove('broken.yaml');
    }
  });

  it('says of two that want one address which has it, and how the other is served', async () => {
    const outside = { ports: [{ port: 80 }], spec: { externalIPs: ['192.0.2.50'] } };
    const elder = { name: 'elder', clusterIPs: ['10.96.3.6'], created: '2026-01-01T00:00:00Z', ...outside };
    const younger = {
      name: 'younger',
      clusterIPs: ['10.96.3.7'],
      created: '2026-01-02T00:00:00Z',
      ...outside,
    };
    await site.publish({ ...elder, pods: ['web-1'] });
    await site.publish({ ...younger, pods: ['web-2'] });
    const taken = 'has it for another Service, the older default/elder';
    const { status, out } = await until(
      () => ran('default/younger'),
      ({ out: text }) => text.includes(taken),
    );
    expect(status).to.equal(1);
    expect(out)
      .to.match(/^TCP 192\.0\.2\.50:80, external IP\n +Kernel: +has it for another Service, the older/m)
      .and.to.match(
        /^ +error: younger\.yaml:\d+: .*got TCP 192\.0\.2\.50:80, which Service default\/elder has/m,
      )
      .and.to.match(
        /^PARTLY SERVED {2}1 of 2 virtual servers; 192\.0\.2\.50:80 belongs to the older Service default\/elder\nNEXT {2}kube-ipvs explain default\/elder\n$/m,
      );
    expect(out.match(/ error: /g)).to.have.length(1);
    const other = await ran('default/elder');
    expect(other.status, other.err).to.equal(0);
    expect(other.out)
      .to.match(
        /^ +warning: TCP 192\.0\.2\.50:80 is wanted by default\/younger too, and served for this Service/m,
      )
      .and.to.match(/^SERVED {2}2 virtual servers by one endpoint, held as wanted$/m);
  });

  it('says what the kernel refuses, and why', async () => {
    const disable = (value: 0 | 1): Promise<string> =>
      site.first.must(['sysctl', '-q', '-w', `net.ipv6.conf.kube-ipvs0.disable_ipv6=${value}`]);
    await disable(1);
    const clusterIPs = ['10.96.3.8', 'fd00:10:96::3:8'];
    await site.publish({ name: 'dual', clusterIPs, ports: [{ port: 80 }], pods: ['web-1'] });
    const { status, out } = await until(
      () => ran('default/dual'),
      ({ out: text }) => text.includes('the kernel refuses'),
      60_000,
    );
    expect(status).to.equal(1);
    expect(out)
      .to.match(/^ +Kernel: +differs, rr: fd00:10:96::3:8 is not bound to kube-ipvs0$/m)
      .and.to.match(
        /^ +error: the kernel refuses to add address fd00:10:96::3:8: E(ACCES|PERM) .*; switch IPv6 on \(/m,
      )
      .and.to.match(/^ +hint: mend that; it was tried (once|\d+ times) and is tried again at 20/m)
      .and.to.match(/^PARTLY SERVED {2}1 of 2 virtual servers; .* fd00:10:96::3:8 is not bound/m);
    await disable(0);
    await until(
      () => ran('default/dual'),
      (now) => now.status === 0,
      90_000,
    );
  });

  it('names what others have taken from the kernel, and who would mend it', async () => {
    await site.controller(site.first).stop();
    await site.first.must([
      ...['sh', '-c'],
      'ipvsadm -d -t 10.96.3.5:80 -r 10.244.0.2:80 && ip address del 10.96.3.5/32 dev kube-ipvs0' +
        ' && ipvsadm -A -t 10.96.3.5:81 -s rr && ipvsadm -a -t 10.96.3.5:81 -r 10.244.0.2:81 -m',
    ]);
    const source = ['--manifests', site.manifests, '--hostname-override', site.first.name];
    const { status, out } = await ran('default/refused', ...source, '--cluster-cidr', podNetworks);
    expect(status).to.equal(1);
    expect(out)
      .to.contain('the real server 10.244.0.2:80 is missing')
      .and.to.contain('10.96.3.5 is not bound to kube-ipvs0')
      .and.to.contain('the kernel has a virtual server TCP 10.96.3.5:81')
      .and.to.match(/^NOT SERVED .*no kube-ipvs answers/m);
  });
});
