import { expect } from 'chai';
import type { Asking } from '../lab/asking.ts';
import { Site, counted, held, until } from './support.ts';
import type { SiteService } from './support.ts';

const shop: SiteService = {
  name: 'shop',
  clusterIPs: ['10.96.0.20', 'fd00:10:96::20'],
  ports: [{ name: 'page', port: 80, nodePort: 30080 }],
  pods: ['web-1'],
};

/** A service that nothing of these tests changes. */
const bystander: SiteService = {
  name: 'bystander',
  clusterIPs: ['10.96.0.21'],
  ports: [{ port: 80 }],
  pods: ['web-2', 'web-4'],
};

describe('a service that changes', () => {
  let site: Site;
  let watched: Asking;

  /** Who answers, asked from a pod and from the outside client in turn. */
  async function answering(address: string, port: number, count = 8): Promise<readonly string[]> {
    const { names, errors } = counted(await site.pod('web-2').ask(address, port, { count }));
    expect(errors).to.deep.equal({});
    return Object.keys(names);
  }

  before(async () => {
    site = await Site.build();
    await site.publish(bystander);
    await site.startAll('--cluster-cidr', '10.244.0.0/16,fd00:10:244::/48');
    await site.untilServed(bystander);
  });

  beforeEach(() => {
    watched = site.pod('web-3').asking('10.96.0.21', 80, { seconds: 300, rate: 20 });
  });

  // Whatever a test does to its own service, the other one loses no request meanwhile.
  afterEach(async () => {
    await watched.reach(3);
    const { names, errors } = counted(await watched.stop());
    expect(errors).to.deep.equal({});
    expect(Object.keys(names)).to.deep.equal(['web-2', 'web-4']);
  });

  after(() => site.destroy());

  it('follows its pods up and down, in both families', async () => {
    for (const pods of [
      ['web-1'],
      ['web-1', 'web-2', 'web-3', 'web-4'],
      ['web-2', 'web-3'],
      ['web-4'],
    ] as const) {
      await site.serve({ ...shop, pods });
      for (const address of [...shop.clusterIPs])
        expect(await answering(address, 80), pods.join()).to.deep.equal(pods);
      expect(await answering(site.second.ipv4, 30080), pods.join()).to.deep.equal(pods);
    }
  });

  it('is refused once its last pod has gone, and served again once one has come', async () => {
    await site.serve({ ...shop, pods: [] });
    for (const address of shop.clusterIPs) {
      const answers = await site.pod('web-2').ask(address, 80, { timeout: 5000 });
      expect(counted(answers).errors, address).to.deep.equal({ refused: 1 });
    }
    await site.serve({ ...shop, pods: ['web-3'] });
    for (const address of shop.clusterIPs) expect(await answering(address, 80)).to.deep.equal(['web-3']);
  });

  it('sends nothing to a pod that is no longer ready, and again once it has recovered', async () => {
    for (const ready of [true, false, true]) {
      await site.serve({ ...shop, pods: ['web-1', { pod: 'web-4', ready }] });
      const expected = ready ? ['web-1', 'web-4'] : ['web-1'];
      for (const address of shop.clusterIPs) expect(await answering(address, 80)).to.deep.equal(expected);
    }
  });

  it('answers on a port that was added, and refuses one that was removed', async () => {
    const [vip] = shop.clusterIPs as [string];
    const two = { ...shop, ports: [...shop.ports, { name: 'admin', port: 81, targetPort: 8081 }] };
    await site.serve(shop);
    expect(counted(await site.pod('web-2').ask(vip, 81)).errors).to.deep.equal({ refused: 1 });
    await site.serve(two);
    expect(await answering(vip, 80)).to.deep.equal(['web-1']);
    expect(await answering(vip, 81)).to.deep.equal(['web-1']);
    await site.serve({ ...two, ports: two.ports.slice(1) });
    await untilGone('-t 10.96.0.20:80 ');
    expect(counted(await site.pod('web-2').ask(vip, 80)).errors).to.deep.equal({ refused: 1 });
    expect(await answering(vip, 81)).to.deep.equal(['web-1']);
  });

  it('takes up another port of its pods', async () => {
    await site.serve(shop);
    await site.serve({ ...shop, ports: [{ name: 'page', port: 80, targetPort: 8081 }] });
    const answers = await site.pod('web-2').ask('10.96.0.20', 80, { count: 4 });
    expect(answers.map((answer) => answer.ok && answer.localPort)).to.deep.equal([8081, 8081, 8081, 8081]);
  });

  it('moves to another node port and leaves the old one', async () => {
    await site.serve(shop);
    await site.serve({ ...shop, ports: [{ name: 'page', port: 80, nodePort: 30081 }] });
    await untilGone(':30080 ');
    for (const node of site.nodes) {
      for (const address of [node.ipv4, node.ipv6]) {
        expect(counted(await site.client.ask(address, 30081)).names).to.deep.equal({ 'web-1': 1 });
        expect(counted(await site.client.ask(address, 30080, { timeout: 5000 })).errors).to.deep.equal({
          refused: 1,
        });
      }
    }
  });

  it('becomes a node port service and a cluster address alone again', async () => {
    const alone = { ...shop, ports: [{ name: 'page', port: 80 }] };
    await site.serve(alone);
    await untilGone(':30080 ');
    expect(counted(await site.client.ask(site.first.ipv4, 30080)).errors).to.deep.equal({ refused: 1 });
    await site.serve(shop);
    expect(counted(await site.client.ask(site.first.ipv4, 30080)).names).to.deep.equal({ 'web-1': 1 });
    await site.serve(alone);
    await untilGone(':30080 ');
    expect(counted(await site.client.ask(site.first.ipv4, 30080)).errors).to.deep.equal({ refused: 1 });
    expect(await answering('10.96.0.20', 80)).to.deep.equal(['web-1']);
  });

  it('moves to another cluster address and leaves the old one', async () => {
    await site.serve(shop);
    await site.serve({ ...shop, clusterIPs: ['10.96.0.22', 'fd00:10:96::22'] });
    await site.untilWithdrawn(...shop.clusterIPs);
    for (const address of ['10.96.0.22', 'fd00:10:96::22'])
      expect(await answering(address, 80)).to.deep.equal(['web-1']);
    for (const address of shop.clusterIPs)
      expect(counted(await site.pod('web-2').ask(address, 80, { timeout: 300 })).names).to.deep.equal({});
    await site.serve(shop);
  });

  it('can be deleted and made again with the same address', async () => {
    for (const pods of [['web-1'], ['web-3', 'web-4']] as const) {
      await site.serve({ ...shop, pods });
      expect(await answering('10.96.0.20', 80)).to.deep.equal(pods);
      await site.withdraw(shop);
      const answers = await site.pod('web-2').ask('10.96.0.20', 80, { count: 2, timeout: 300 });
      expect(counted(answers).names).to.deep.equal({});
    }
    await site.serve(shop);
    for (const address of shop.clusterIPs) expect(await answering(address, 80)).to.deep.equal(['web-1']);
  });

  it('loses no request while pods that go on living are put behind it and taken away', async () => {
    await site.serve({ ...shop, pods: ['web-1'] });
    const asking = site.pod('web-2').asking('10.96.0.20', 80, { seconds: 300, rate: 50 });
    for (const pods of [['web-1', 'web-3'], ['web-3'], ['web-3', 'web-4', 'web-2'], ['web-1']] as const) {
      await site.serve({ ...shop, pods });
      await asking.reach(asking.answers.length + 20);
    }
    const answers = await asking.stop();
    expect(counted(answers).errors).to.deep.equal({});
  });

  it('yields one address and port to an older service and takes it over when that one goes', async () => {
    const contested = { clusterIPs: ['10.96.0.30'], ports: [{ port: 80 }] };
    const older: SiteService = {
      ...contested,
      name: 'older',
      created: '2024-01-01T00:00:00Z',
      pods: ['web-1'],
    };
    const younger: SiteService = {
      ...contested,
      name: 'a-younger',
      created: '2025-01-01T00:00:00Z',
      pods: ['web-3'],
    };
    await site.serve(younger);
    expect(await answering('10.96.0.30', 80)).to.deep.equal(['web-3']);
    await site.publish(older);
    await site.untilServed(older);
    expect(await answering('10.96.0.30', 80)).to.deep.equal(['web-1']);
    await site.remove('older.yaml');
    await site.untilServed(younger);
    expect(await answering('10.96.0.30', 80)).to.deep.equal(['web-3']);
    await site.withdraw(younger);
  });

  it('serves nothing while it is an ExternalName or headless, and again when it has its address back', async () => {
    for (const spec of [
      { type: 'ExternalName', externalName: 'db.example.com' },
      { clusterIP: 'None', clusterIPs: ['None'] },
    ]) {
      await site.serve(shop);
      expect(await answering('10.96.0.20', 80)).to.deep.equal(['web-1']);
      await site.publish({ ...shop, ports: [{ name: 'page', port: 80 }], spec });
      await site.untilWithdrawn(...shop.clusterIPs);
      expect(counted(await site.client.ask(site.first.ipv4, 30080)).errors).to.deep.equal({ refused: 1 });
    }
    await site.serve(shop);
    expect(await answering('10.96.0.20', 80)).to.deep.equal(['web-1']);
  });

  it('takes up another scheduler setting of its own: session affinity, in place', async () => {
    const all = { ...shop, pods: ['web-1', 'web-2', 'web-3', 'web-4'] } as const;
    const affine = { ...all, spec: { sessionAffinity: 'ClientIP' } };
    await site.serve(all);
    expect(await answering('10.96.0.20', 80)).to.have.length(4);
    await site.publish(affine);
    await untilAll('-A -t 10.96.0.20:80 -s rr -p 10800');
    expect(await answering('10.96.0.20', 80)).to.have.length(1);
    await site.publish(all);
    await untilAll('-A -t 10.96.0.20:80 -s rr');
    expect(await answering('10.96.0.20', 80)).to.have.length(4);
  });

  /** Waits until no kernel has a line with this text. */
  async function untilGone(text: string): Promise<void> {
    for (const node of site.nodes)
      await until(
        () => held(node),
        ({ servers }) => !servers.some((line) => line.includes(text)),
      );
  }

  /** Waits until every kernel has this line. */
  async function untilAll(line: string): Promise<void> {
    for (const node of site.nodes)
      await until(
        () => held(node),
        ({ servers }) => servers.includes(line),
      );
  }
});
