import { expect } from 'chai';
import { program } from '../kernel/cli-program.ts';
import type { Place } from '../lab/place.ts';
import { Site, type SiteService } from './support.ts';

const podNetworks = '10.244.0.0/16,fd00:10:244::/48';

/** The address of a load balancer that admits a few sources alone. */
const restricted = '198.51.100.1';

/** The address of one that sends only to endpoints of its own node. */
const local = '198.51.100.2';

const services: readonly SiteService[] = [
  {
    name: 'web',
    clusterIPs: ['10.96.3.1', 'fd00:10:96::3:1'],
    ports: [{ port: 80, nodePort: 30380 }],
    pods: ['web-1', 'web-3', { pod: 'web-4', ready: false }],
  },
  { name: 'nobody', clusterIPs: ['10.96.3.2'], ports: [{ port: 80 }], pods: [] },
  {
    name: 'admitting',
    clusterIPs: ['10.96.3.3'],
    ports: [{ port: 80 }],
    pods: ['web-1'],
    spec: { type: 'LoadBalancer', loadBalancerSourceRanges: ['10.9.0.0/16'] },
    ingress: [{ ip: restricted }],
  },
  {
    name: 'here',
    clusterIPs: ['10.96.3.4'],
    ports: [{ port: 80 }],
    pods: ['web-3'],
    spec: { type: 'LoadBalancer', externalTrafficPolicy: 'Local' },
    ingress: [{ ip: local }],
  },
  { name: 'deaf', clusterIPs: ['10.96.3.5'], ports: [{ port: 80, targetPort: 4444 }], pods: ['web-1'] },
];

/** What `kube-ipvs trace` prints as JSON, as far as it is looked at. */
interface Traced {
  readonly outcome: string;
  readonly verdict: string;
  readonly hint: string;
  readonly service: { readonly namespace: string; readonly name: string } | null;
  readonly candidates: readonly { readonly address: string; readonly source: string | null }[];
  readonly notChosen: readonly { readonly address: string; readonly reason: string }[];
  readonly notes: readonly string[];
  readonly probe?: readonly { readonly address: string; readonly reached: boolean; readonly text: string }[];
}

describe('kube-ipvs trace', function () {
  this.timeout(300_000);

  let site: Site;

  before(async () => {
    site = await Site.build();
    await site.startAll('--cluster-cidr', podNetworks);
    for (const service of services) await site.serve(service);
  });

  after(() => site.destroy());

  /** Runs the program on the first node. */
  async function ran(...args: readonly string[]): Promise<{ status: number; out: string; err: string }> {
    const source = ['--manifests', site.manifests, '--hostname-override', site.first.name];
    const {
      code: status,
      stdout,
      stderr,
    } = await site.first.exec(process.execPath, [program, ...args, ...source]);
    return { status, out: stdout, err: stderr };
  }

  /** What it says of a packet, with the exit status that goes with it. */
  async function traced(outcome: string, ...args: readonly string[]): Promise<Traced> {
    const { status, out, err } = await ran('trace', '-o', 'json', ...args);
    expect(err).to.equal('');
    const view = JSON.parse(out) as Traced;
    expect(view.outcome, view.verdict).to.equal(outcome);
    expect(status).to.equal(outcome === 'delivered' ? 0 : 1);
    return view;
  }

  /** Whoever asks gets no answer, whatever there comes instead of it. */
  async function unanswered(from: Place, address: string, port: number): Promise<void> {
    const answers = await from.ask(address, port, { count: 2, timeout: 700 });
    expect(answers.filter(({ ok }) => ok)).to.deep.equal([]);
  }

  /** Changes the first node, looks at it, and changes it back. */
  async function whileChanged(change: string, back: string, look: () => Promise<void>): Promise<void> {
    await site.first.must(['sh', '-c', change]);
    try {
      await look();
    } finally {
      await site.first.must(['sh', '-c', back]);
    }
  }

  const senders: readonly (readonly [
    title: string,
    from: () => Place,
    flag: () => string,
    target: string,
  ])[] = [
    ['this node', () => site.first, () => 'node', '10.96.3.1'],
    ['a pod of it', () => site.pod('web-2'), () => site.pod('web-2').ipv4, '10.96.3.1'],
    ['a pod that is an endpoint', () => site.pod('web-1'), () => site.pod('web-1').ipv4, '10.96.3.1'],
    ['a machine outside', () => site.client, () => site.client.ipv4, '192.168.111.128'],
    ['this node by IPv6', () => site.first, () => 'node', 'fd00:10:96::3:1'],
  ];
  for (const [title, from, flag, address] of senders) {
    it(`says where a packet of ${title} goes and with which source, as a real one does`, async () => {
      const port = address === '192.168.111.128' ? 30380 : 80;
      const target = address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
      const view = await traced('delivered', '--from', flag(), target);
      expect(view.service).to.deep.include({ namespace: 'default', name: 'web' });
      expect(view.notChosen.map(({ reason }) => reason)).to.deep.equal(['not ready']);
      const answers = await from().ask(address, port, { count: 4, timeout: 10_000 });
      const seen = answers.map((one) => (one.ok ? `${one.local} sees ${one.peer}` : one.error));
      const told = view.candidates.map((one) => `${one.address} sees ${one.source ?? ''}`);
      expect([...new Set(seen)].filter((one) => !told.includes(one))).to.deep.equal([]);
    });
  }

  it('finds a Service by its name, and tells people the way', async () => {
    const { status, out } = await ran('trace', 'default/web');
    expect(status).to.equal(0);
    expect(out).to.match(/^TCP from this node \(\S+\) to 10\.96\.3\.1:80, Service default\/web\n/);
    expect(out).to.contain('marks it to be masqueraded').and.to.contain('\nDELIVERED  to one of 2 endpoints');
    expect(out).to.match(/^10\.244\.1\.6:80 +not ready$/m);
  });

  it('says that nobody serves it', async () => {
    const view = await traced('lost', '--from', site.pod('web-2').ipv4, '10.96.3.2:80');
    expect(view.verdict).to.match(/^refused by filter KUBE-IPVS-FILTER, .*TCP reset: nobody serves it/);
    await unanswered(site.pod('web-2'), '10.96.3.2', 80);
  });

  it('says that a source is not admitted', async () => {
    const view = await traced('lost', '--from', site.client.ipv4, `${restricted}:80`);
    expect(view.verdict).to.match(
      /^dropped by filter KUBE-SOURCE-RANGES-FIREWALL, .*loadBalancerSourceRanges/,
    );
  });

  it('says that the policy asks for an endpoint of this node', async () => {
    const view = await traced('lost', '--from', site.client.ipv4, `${local}:80`);
    expect(view.verdict).to.contain('its policy Local asks for an endpoint on this node');
    await traced('delivered', '--from', site.pod('web-2').ipv4, `${local}:80`);
  });

  it('says that the port is none of the Service', async () => {
    const view = await traced('lost', '--from', site.client.ipv4, '10.96.3.1:81');
    expect(view.verdict).to.contain('the port is none that it has');
  });

  it('names a rule of others that drops the answer, and one that it cannot judge', async () => {
    const rules = ['-s 10.244.0.0/16 -j DROP', '-m ipvs --vaddr 10.9.9.9 -j DROP'];
    const each = (verb: string): string =>
      rules.map((rule) => `iptables -w ${verb} FORWARD ${rule}`).join(' && ');
    await whileChanged(each('-I'), each('-D'), async () => {
      const view = await traced('lost', '--from', site.client.ipv4, '192.168.111.128:30380');
      expect(view.verdict).to.match(
        /answer is dropped by filter FORWARD, rule 2.*a rule of others: -s 10\.244\.0\.0\/16/,
      );
      expect(view.hint).to.contain('iptables -t filter -D FORWARD 2');
      expect(view.notes.join()).to.contain('-m ipvs');
      await unanswered(site.client, '192.168.111.128', 30380);
    });
  });

  it('names the setting by which nothing is forwarded', async () => {
    await whileChanged('sysctl -qw net.ipv4.ip_forward=0', 'sysctl -qw net.ipv4.ip_forward=1', async () => {
      const view = await traced('lost', '--from', site.client.ipv4, '192.168.111.128:30380');
      expect(view.verdict).to.contain('net/ipv4/ip_forward is 0');
      await unanswered(site.client, '192.168.111.128', 30380);
    });
  });

  it('says which endpoint does not listen, by trying', async () => {
    const view = await traced('delivered', '10.96.3.5:80');
    expect(view).not.to.have.property('probe');
    const { status, out } = await ran('trace', '--probe', '10.96.3.5:80');
    expect(status).to.equal(1);
    expect(out)
      .to.match(/^10\.96\.3\.5:80 +refused/m)
      .and.to.match(/^10\.244\.0\.2:4444 +refused/m);
    expect((await ran('trace', '--probe', '10.96.3.1:80')).out).to.match(
      /^10\.96\.3\.1:80 +connected within/m,
    );
  });

  describe('where kube-ipvs has stopped and others have changed the kernel', () => {
    before(async () => {
      await site.controller(site.first).stop();
    });

    it('says that an address is not bound', async () => {
      const address = '10.96.3.1/32 dev kube-ipvs0';
      await whileChanged(`ip address del ${address}`, `ip address add ${address}`, async () => {
        const view = await traced('lost', '--from', site.client.ipv4, '10.96.3.1:80');
        expect(view.verdict).to.contain('is not bound');
      });
    });

    it('says that the answer finds no way back, and which chain is empty', async () => {
      const save = 'iptables-save -t nat >/run/nat && iptables -w -t nat -F KUBE-POSTROUTING';
      await whileChanged(save, 'iptables-restore -w </run/nat', async () => {
        const view = await traced('partly-lost', '--from', site.client.ipv4, '10.96.3.1:80');
        expect(view.verdict).to.contain('is not masqueraded').and.to.contain('past this node');
        expect(view.notes.join()).to.contain('nat KUBE-POSTROUTING');
      });
    });

    it('says that connections of IPVS are not tracked, so that nobody masquerades them', async () => {
      await whileChanged(
        'sysctl -qw net.ipv4.vs.conntrack=0',
        'sysctl -qw net.ipv4.vs.conntrack=1',
        async () => {
          const view = await traced('partly-lost', '--from', site.client.ipv4, '10.96.3.1:80');
          expect(view.verdict).to.contain('is not masqueraded');
          expect(view.hint).to.contain('net.ipv4.vs.conntrack');
        },
      );
    });

    it('says that there is no virtual server', async () => {
      await whileChanged('ipvsadm -D -t 192.168.111.128:30380', 'true', async () => {
        const view = await traced('lost', '--from', site.client.ipv4, '192.168.111.128:30380');
        expect(view.verdict).to.contain('no virtual server is for it');
      });
    });

    it('says that there is no route to an endpoint', async () => {
      const route = '10.244.1.0/24 via 192.168.111.129';
      await whileChanged(
        `ip route del ${route}; ip route add unreachable 10.244.1.0/24`,
        `ip route del unreachable 10.244.1.0/24; ip route add ${route}`,
        async () => {
          const { status, out } = await ran('trace', '10.96.3.1:80');
          expect(status).to.equal(1);
          expect(out).to.match(/^PARTLY LOST .*10\.244\.1\.4: the kernel knows no way to 10\.244\.1\.4/m);
        },
      );
    });
  });

  it('lists connections by the names of Kubernetes, and the elements of a set', async () => {
    await site.pod('web-2').ask('10.96.3.1', 80, { timeout: 10_000 });
    const { out } = await ran('get', 'connections', 'web', '--client', site.pod('web-2').ipv4);
    expect(out).to.match(
      /^default +web +10\.244\.0\.3:\d+ +TCP 10\.96\.3\.1:80 +10\.244\.\d\.\d:80 +[A-Z_]+ +\d+s$/m,
    );
    expect((await ran('get', 'connections', 'nobody')).out.split('\n')).to.have.length(2);
    const elements = (await ran('get', 'sets', 'KUBE-CLUSTER-IP')).out;
    expect(elements).to.match(/^KUBE-CLUSTER-IP +10\.96\.3\.1,tcp:80 +default\/web$/m);
  });
});
