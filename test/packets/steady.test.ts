import { expect } from 'chai';
import type { Node } from '../lab/node.ts';
import { Clients } from './support-clients.ts';
import { Site, held, until } from './support.ts';
import type { SiteService } from './support.ts';

const shop: SiteService = {
  name: 'shop',
  clusterIPs: ['10.96.0.90', 'fd00:10:96::90'],
  ports: [
    { name: 'page', port: 80, nodePort: 30190 },
    { name: 'hold', port: 7000, nodePort: 30191 },
    { name: 'udp', port: 53, nodePort: 30192, protocol: 'UDP' },
  ],
  // Of them the first alone is on the node that the packets go through.
  pods: ['web-1', 'web-3', 'web-4'],
};

/** The service with a scheduler of its own. */
function scheduled(scheduler: string): SiteService {
  return { ...shop, annotations: { 'kube-ipvs.io/scheduler': scheduler } };
}

const local = { internalTrafficPolicy: 'Local', externalTrafficPolicy: 'Local' };

describe('a service under steady load', () => {
  let site: Site;
  let node: Node;

  /** Two hundred new connections a second and more, connections that stay open, and datagrams from kept ports. */
  async function load(): Promise<Clients> {
    const clients = new Clients();
    const pod = site.pod('web-2');
    await Promise.all([
      clients.hold(pod, '10.96.0.90', 7000),
      clients.hold(site.client, node.ipv6, 30191),
      clients.hold(node, 'fd00:10:96::90', 7000),
    ]);
    clients.connect(pod, '10.96.0.90', 80, 60);
    clients.connect(pod, 'fd00:10:96::90', 80, 50);
    clients.connect(node, '10.96.0.90', 80, 50);
    clients.connect(site.client, node.ipv4, 30190, 50);
    clients.send(pod, '10.96.0.90', 53, 4090);
    clients.send(site.client, node.ipv4, 30192, 4091);
    return clients;
  }

  /**
   * Loads the service while something happens, and sees that every connection was answered and every open one kept.
   * @param lost datagrams that may be lost
   */
  async function unharmed(
    title: string,
    happen: (clients: Clients) => Promise<void>,
    lost = 0,
  ): Promise<void> {
    const clients = await load();
    await clients.more(5);
    await happen(clients);
    const account = await clients.end();
    console.log(`      ${title}: ${String(account)}`);
    expect(account.failures).to.deep.equal([]);
    expect(account.lost).to.have.length.at.most(lost);
    expect(account.holders.map((pods) => pods.length)).to.deep.equal([1, 1, 1]);
  }

  /** Waits until the kernel has every virtual server of the service with a scheduler. */
  function untilScheduled(scheduler: string): Promise<unknown> {
    return until(
      () => held(node),
      ({ servers }) => {
        const lines = servers.filter((line) => line.startsWith('-A '));
        return lines.length > 0 && lines.every((line) => line.split(' -s ')[1]?.split(' ')[0] === scheduler);
      },
      30_000,
    );
  }

  /** Waits until new connections to each virtual server go to so many pods. */
  function untilSpread(count: number): Promise<unknown> {
    return until(
      () => held(node),
      ({ servers }) => {
        const named = servers.filter((line) => line.startsWith('-A ')).map((line) => line.split(' ')[2]!);
        const taking = (name: string): number =>
          servers.filter((line) => line.includes(` ${name} -r `) && !line.endsWith(' -w 0')).length;
        return named.every((name) => taking(name) === count);
      },
      30_000,
    );
  }

  before(async () => {
    site = await Site.build();
    node = site.first;
    await site.publish(shop);
    site.configure('--cluster-cidr', '10.244.0.0/16,fd00:10:244::/48');
    await site.start(node);
    await site.untilServed(shop, [node]);
  });

  after(() => site.destroy());

  it('loses nothing when its scheduler changes again and again', () =>
    unharmed('schedulers', async (clients) => {
      for (const scheduler of ['lc', 'sh', 'mh', 'rr']) {
        await site.publish(scheduled(scheduler));
        await untilScheduled(scheduler);
        await clients.more(5);
      }
    }));

  // The kernel drops the datagram by which it finds that the endpoint of a flow is gone, and takes the next one elsewhere.
  it('loses no connection when its traffic policies change, and of a flow that has to move one datagram', () =>
    unharmed(
      'policies',
      async (clients) => {
        for (const [spec, pods] of [
          [local, 1],
          [{}, 3],
        ] as const) {
          await site.publish({ ...shop, spec });
          await untilSpread(pods);
          await clients.more(5);
        }
      },
      2,
    ));

  it('loses nothing when the controller is killed and comes back with another scheduler for all', () =>
    unharmed('restart', async (clients) => {
      await site.controller(node).kill('SIGKILL');
      await clients.more(5);
      site.configure('--cluster-cidr', '10.244.0.0/16,fd00:10:244::/48', '--ipvs-scheduler', 'wlc');
      await site.start(node);
      await untilScheduled('wlc');
      await clients.more(5);
    }));
});
