import { expect } from 'chai';
import { Authority } from '../kube/certificates.ts';
import { cleanUp, eventually, kubeIpvsBeside, startKubeIpvs } from './cli-program.ts';
import type { Running } from './cli-program.ts';
import { addInterface, ClusterSite, node, nodeName, service, slice, virtualServers } from './cluster-site.ts';
import { enterOwnNamespace, output } from './own-namespace.ts';

const first = '-A -t 10.96.0.10:80 -s rr';
const second = '-A -t 10.96.0.11:80 -s rr';

/** Waits until the program has logged something. */
async function logged(running: Running, text: string): Promise<void> {
  await eventually(
    () => running.log(),
    (log) => log.includes(text),
  );
}

describe('kube-ipvs with an API server', () => {
  let authority: Authority;
  let site: ClusterSite;

  /** Runs the program while something is done, and ends it. */
  async function whileRunning(
    flags: readonly string[],
    work: (running: Running) => Promise<void>,
  ): Promise<void> {
    const running = startKubeIpvs('run', ...flags);
    try {
      await logged(running, 'ready: every service is programmed');
      await work(running);
    } finally {
      expect(await running.stop(), running.log()).to.equal(0);
    }
  }

  before(async () => {
    enterOwnNamespace();
    addInterface();
    authority = await Authority.create();
  });

  beforeEach(async () => {
    site = await ClusterSite.open({ authority });
  });

  afterEach(async () => {
    await site.close();
    cleanUp();
  });

  describe('run --once, diff and get', () => {
    it('read it once', async () => {
      const before = await kubeIpvsBeside(['diff', ...site.flags()]);
      expect(before.status, before.err).to.equal(1);
      expect(before.out.split('\n')).to.include('+ virtual server TCP 10.96.0.10:80 rr');
      const ran = await kubeIpvsBeside(['run', '--once', ...site.flags()]);
      expect(ran.status, ran.err).to.equal(0);
      expect(virtualServers()).to.deep.equal([first]);
      expect(await kubeIpvsBeside(['diff', ...site.flags()])).to.deep.equal({ status: 0, out: '', err: '' });
      const shown = await kubeIpvsBeside([
        'get',
        'services',
        'at-10-96-0-10',
        '--no-headers',
        ...site.flags(),
      ]);
      expect(shown.out, shown.err).to.match(/^default +at-10-96-0-10 .*10\.96\.0\.10/);
    });

    it('select by labels', async () => {
      site.server.store.create(service('10.96.0.11'));
      expect((await kubeIpvsBeside(['run', '--once', ...site.flags()])).status).to.equal(0);
      expect(virtualServers()).to.have.members([first, second]);
      const list = (selector: string): ReturnType<typeof kubeIpvsBeside> =>
        kubeIpvsBeside(['get', 'services', '-o', 'ipvsadm', '-l', selector, ...site.flags()]);
      expect((await list('address in (10.96.0.11, 10.96.0.12)')).out).to.equal(`${second}\n`);
      expect((await list('address!=10.96.0.11')).out)
        .to.include(first)
        .and.not.to.include(second);
      expect((await list('!address')).out).to.equal('');
      const { status, err } = await list('address in 10.96.0.11');
      expect(status).to.equal(2);
      expect(err).to.match(/^error: --selector: expected labels such as .*, got "address in 10\.96\.0\.11"/);
    });
  });

  describe('run', () => {
    it('follows changes, also over a time without a server', async () => {
      await whileRunning(site.flags(), async (running) => {
        await eventually(virtualServers, (lines) => lines.length === 1);
        site.server.store.create(service('10.96.0.11'));
        await eventually(virtualServers, (lines) => lines.includes(second));
        await site.server.stop();
        await logged(running, 'expected an answer from the API server');
        site.server.store.delete('services', 'default', 'at-10-96-0-10');
        expect(virtualServers()).to.have.members([first, second]);
        await site.server.restart();
        await logged(running, 'the API server answers again');
        await eventually(virtualServers, (lines) => lines.length === 1);
      });
      expect(virtualServers()).to.deep.equal([second]);
    });

    it('takes a token that has been replaced from its file, and logs neither, whatever its verbosity', async () => {
      const { server } = site;
      const config = server.kubeconfig('kube-ipvs');
      const tokens = [server.authentication.token('kube-ipvs')];
      const tokenFile = site.write('token', tokens[0]!);
      site.write('kubeconfig', config.replace(/token: .*/, `tokenFile: ${tokenFile}`));
      await whileRunning(site.flags('-v', '10'), async (running) => {
        await eventually(virtualServers, (lines) => lines.length === 1);
        tokens.push(server.authentication.rotateToken('kube-ipvs'));
        site.write('token', tokens[1]!);
        server.dropConnections();
        server.store.create(service('10.96.0.11'));
        await eventually(virtualServers, (lines) => lines.includes(second));
        expect(running.log()).to.match(/ debug /);
        for (const token of tokens) expect(running.log()).not.to.include(token);
      });
    });

    it('ends soon when told to while the server says nothing', async () => {
      site.server.misbehave({ match: { resource: 'endpointslices' }, does: { kind: 'hang' } });
      const running = startKubeIpvs('run', ...site.flags());
      await site.server.seen({ resource: 'endpointslices' });
      const told = Date.now();
      expect(await running.stop()).to.equal(0);
      // A request that is not taken back lasts 25 s.
      expect(Date.now() - told).to.be.lessThan(10_000);
      expect(running.log()).to.contain('stopped: the kernel stays as it is');
    });

    it('serves from the zone of the Node, and follows it to another', async () => {
      const realServers = (): string[] =>
        output('ipvsadm -Sn')
          .split('\n')
          .filter((line) => line.startsWith('-a'));
      const to = (address: string): string => `-a -t 10.96.0.10:80 -r ${address}:8080 -m -w 1`;
      site.server.store.create(slice('10.96.0.10', { '10.244.0.1': 'zone-a', '10.244.0.2': 'zone-b' }));
      await whileRunning(site.flags(), async () => {
        await eventually(realServers, (lines) => lines.join() === to('10.244.0.1'));
        site.server.store.update(node({ zone: 'zone-b' }));
        await eventually(realServers, (lines) => lines.join() === to('10.244.0.2'));
      });
    });

    it('tells of a Node that goes and comes back, and serves on', async () => {
      await whileRunning(site.flags(), async (running) => {
        await eventually(virtualServers, (lines) => lines.length === 1);
        site.server.store.delete('nodes', '', nodeName);
        await logged(running, 'the Node of this machine is gone: services stay as they are');
        site.server.store.create(node());
        await logged(running, 'the Node of this machine is there again');
        expect(virtualServers()).to.deep.equal([first]);
      });
    });
  });

  describe('--detect-local-mode NodeCIDR', () => {
    it('waits for the pod CIDRs of the Node, plans with them, and ends when they become others', async () => {
      const running = startKubeIpvs('run', ...site.flags('--detect-local-mode', 'NodeCIDR'));
      await logged(running, `expected spec.podCIDRs of Node ${nodeName}, got none; it is waited for`);
      expect(virtualServers()).to.deep.equal([]);
      site.server.store.update(node({ podCIDRs: ['10.244.1.0/24', 'fd00:244:1::/64'] }));
      await eventually(virtualServers, (lines) => lines.includes(first));
      expect(output('iptables-legacy-save -t nat')).to.contain('! -s 10.244.1.0/24');
      expect(output('ip6tables-legacy-save -t nat')).to.contain('! -s fd00:244:1::/64');
      site.server.store.delete('nodes', '', nodeName);
      site.server.store.create(node({ podCIDRs: ['10.244.7.0/24'] }));
      expect(await running.ended(), running.log()).to.equal(1);
      expect(running.log()).to.contain(
        `error: expected spec.podCIDRs of Node ${nodeName} to stay 10.244.1.0/24,fd00:244:1::/64, got 10.244.7.0/24\nhint: `,
      );
      expect(virtualServers()).to.deep.equal([first]);
    });
  });

  describe('--nodeport-addresses primary', () => {
    it('serves node ports on the addresses of the Node alone, and follows them', async () => {
      site.server.store.create(service('10.96.0.11', 30_000));
      const nodePort = (host: string): string => `-A -t ${host}:30000 -s rr`;
      await whileRunning(site.flags('--nodeport-addresses', 'primary'), async () => {
        await eventually(virtualServers, (lines) => lines.length === 3);
        expect(virtualServers()).to.have.members([first, second, nodePort('192.168.111.128')]);
        site.server.store.update(node({ address: '192.168.111.129' }));
        await eventually(virtualServers, (lines) => lines.includes(nodePort('192.168.111.129')));
        await eventually(virtualServers, (lines) => lines.length === 3);
      });
    });
  });
});
