import { expect } from 'chai';
import type { Node } from '../lab/node.ts';
import { Clients, begunRate, leastRate } from './support-clients.ts';
import { hostPort } from './support-objects.ts';
import { Site, held, podServing, streamPort, until } from './support.ts';
import type { PodName, SiteService } from './support.ts';

const shop: SiteService = {
  name: 'shop',
  clusterIPs: ['10.96.0.90', 'fd00:10:96::90'],
  ports: [
    { name: 'page', port: 80, targetPort: streamPort, nodePort: 30190 },
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

/** As a pod stands in its slice between the moment when it is told to end and the moment when it has. */
const leaving = { ready: false, serving: true, terminating: true };

/** What happens to a service while it is under load, and what its clients have to bear. */
interface Happening {
  /** Of the line that is printed. */
  readonly title: string;
  readonly happen: (clients: Clients) => Promise<void>;
  /** Datagrams that may be lost at most. Default 0. */
  readonly lost?: number;
  /** Whether there are connections that stay open and have to. Default true. */
  readonly holding?: boolean;
}

/** Whether a line of `ipvsadm -Sn` is of a real server that streams came to, and new connections come to no more. */
function isDraining(line: string): boolean {
  return line.endsWith(`:${streamPort} -m -w 0`);
}

describe('a service under steady load', () => {
  let site: Site;
  let node: Node;

  /** New connections by the clock, connections that stay open, and datagrams from kept ports. */
  async function load(holding: boolean): Promise<Clients> {
    const clients = new Clients();
    const pod = site.pod('web-2');
    if (holding)
      await Promise.all([
        clients.hold(pod, '10.96.0.90', 7000),
        clients.hold(site.client, node.ipv6, 30191),
        clients.hold(node, 'fd00:10:96::90', 7000),
      ]);
    clients.connect(begunRate, [
      [pod, '10.96.0.90', 80],
      [pod, 'fd00:10:96::90', 80],
      [node, '10.96.0.90', 80],
      [site.client, node.ipv4, 30190],
      [site.client, node.ipv6, 30190],
    ]);
    clients.send(pod, '10.96.0.90', 53, 4090);
    clients.send(site.client, node.ipv4, 30192, 4091);
    return clients;
  }

  /**
   * Loads the service while something happens, and sees that new connections were as many a second as a steady stream
   * has, that every one of them was answered, and that every open one was kept.
   */
  async function unharmed({ title, happen, lost = 0, holding = true }: Happening): Promise<void> {
    const clients = await load(holding);
    await clients.more(5);
    await happen(clients);
    await clients.steady();
    const account = await clients.end();
    console.log(`      ${title}: ${String(account)}`);
    expect(account.failures).to.deep.equal([]);
    expect(account.rate).to.be.at.least(leastRate);
    expect(account.lost).to.have.length.at.most(lost);
    expect(account.holders.map((pods) => pods.length)).to.deep.equal(holding ? [1, 1, 1] : []);
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

  /** Waits until none of the stream's connections to a pod is open any more, and no new one can come. */
  async function untilIdle(pod: PodName): Promise<void> {
    const { ipv4, ipv6 } = site.pod(pod);
    const own = [ipv4, ipv6].map((address) => `-> ${hostPort(address, streamPort)} `);
    // Weight and active connections; those that are closed already are counted behind.
    const idle = /\sMasq\s+0\s+0\s/;
    await until(
      async () => (await node.must(['ipvsadm', '-Ln'])).split('\n').map((line) => line.trim()),
      (lines) =>
        lines.filter((line) => own.some((start) => line.startsWith(start))).every((line) => idle.test(line)),
      30_000,
    );
  }

  /** Publishes the service with other pods and waits until the kernel has it so. */
  async function behind(pods: SiteService['pods']): Promise<void> {
    await site.publish({ ...shop, pods });
    await site.untilServed({ ...shop, pods }, [node]);
  }

  /** A pod is started and comes; another is told to end, has nothing to do any more, ends, and is gone. */
  async function replace(rest: readonly PodName[], old: PodName, fresh: PodName): Promise<void> {
    await site.pod(fresh).serve(podServing);
    await behind([...rest, old, fresh]);
    await behind([...rest, fresh, { pod: old, ...leaving }]);
    await untilIdle(old);
    await site.pod(old).kill();
    await behind([...rest, fresh]);
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

  // They really end: a connection that came to one later would be refused. Each flow of datagrams may have to move each time.
  it('loses no connection when all its pods are replaced, one by one', async () => {
    await site.pod('web-2').kill();
    await unharmed({
      title: 'replacement',
      happen: async (clients) => {
        await replace(['web-3', 'web-4'], 'web-1', 'web-2');
        await replace(['web-2', 'web-4'], 'web-3', 'web-1');
        await replace(['web-1', 'web-2'], 'web-4', 'web-3');
        await replace(['web-1', 'web-3'], 'web-2', 'web-4');
        await clients.more(5);
      },
      lost: 8,
      holding: false,
    });
  });

  // One of its pods drains: the schedulers that hash clients have it in their tables.
  it('loses nothing when its scheduler changes again and again, while a pod drains', () =>
    unharmed({
      title: 'schedulers',
      happen: async (clients) => {
        await behind(['web-1', 'web-3']);
        for (const scheduler of ['lc', 'sh', 'mh', 'rr']) {
          await site.publish({ ...scheduled(scheduler), pods: ['web-1', 'web-3'] });
          await untilScheduled(scheduler);
          expect((await held(node)).servers.filter(isDraining)).not.to.be.empty;
          await clients.more(10);
        }
        await behind(shop.pods);
      },
      lost: 2,
    }));

  // The kernel drops the datagram by which it finds that the endpoint of a flow is gone, and takes the next one elsewhere.
  it('loses no connection when its traffic policies change, and of a flow that has to move one datagram', () =>
    unharmed({
      title: 'policies',
      happen: async (clients) => {
        for (const [spec, pods] of [
          [local, 1],
          [{}, 3],
        ] as const) {
          await site.publish({ ...shop, spec });
          await untilSpread(pods);
          await clients.more(5);
        }
      },
      lost: 2,
    }));

  it('loses nothing when the controller is killed and comes back with another scheduler for all', () =>
    unharmed({
      title: 'restart',
      happen: async (clients) => {
        await site.controller(node).kill('SIGKILL');
        await clients.more(5);
        site.configure('--cluster-cidr', '10.244.0.0/16,fd00:10:244::/48', '--ipvs-scheduler', 'wlc');
        await site.start(node);
        await untilScheduled('wlc');
        await clients.more(5);
      },
    }));
});
