import { expect } from 'chai';
import type { Guest } from '../lab/guest.ts';
import type { Place } from '../lab/place.ts';
import { Site, counted, until } from './support.ts';
import type { SiteService } from './support.ts';

const families = ['ipv4', 'ipv6'] as const;
type Family = (typeof families)[number];

/** An address for each family: the first in IPv4, the second in IPv6. */
function pair(last: number): Readonly<Record<Family, string>> {
  return { ipv4: `198.51.100.${last}`, ipv6: `fd00:198:51::${last}` };
}

function ingressOf(last: number): readonly { readonly ip: string }[] {
  return families.map((family) => ({ ip: pair(last)[family] }));
}

const nodePort = 30580;

/** Served by endpoints of the first node alone: web-1 is on it. */
const local: SiteService = {
  name: 'local',
  clusterIPs: ['10.96.1.1', 'fd00:10:96::1:1'],
  ports: [
    { name: 'tcp', port: 80, nodePort },
    { name: 'udp', port: 53, nodePort: 30553, protocol: 'UDP' },
    { name: 'hold', port: 7000, nodePort: 30585 },
  ],
  pods: ['web-1'],
  spec: {
    type: 'LoadBalancer',
    externalTrafficPolicy: 'Local',
    externalIPs: families.map((family) => pair(2)[family]),
  },
  ingress: ingressOf(1),
};

/** Served by every node. */
const open: SiteService = {
  name: 'open',
  clusterIPs: ['10.96.1.2', 'fd00:10:96::1:2'],
  ports: [
    { name: 'tcp', port: 80, nodePort: 30581 },
    { name: 'hold', port: 7000, nodePort: 30586 },
  ],
  pods: ['web-1', 'web-3'],
  spec: { type: 'LoadBalancer', externalIPs: families.map((family) => pair(4)[family]) },
  ingress: ingressOf(3),
};

/** Its load balancer admits the guest at the first node and the pods. */
const restricted: SiteService = {
  name: 'restricted',
  clusterIPs: ['10.96.1.3', 'fd00:10:96::1:3'],
  ports: [{ port: 80, nodePort: 30582 }],
  pods: ['web-3'],
  spec: {
    type: 'LoadBalancer',
    loadBalancerSourceRanges: ['192.168.111.21/32', 'fd00:192::15/128'],
  },
  ingress: ingressOf(5),
};

/** Its load balancer admits everyone, in so many words. */
const unrestricted: SiteService = {
  name: 'unrestricted',
  clusterIPs: ['10.96.1.4', 'fd00:10:96::1:4'],
  ports: [{ port: 80, nodePort: 30583 }],
  pods: ['web-3'],
  spec: { type: 'LoadBalancer', loadBalancerSourceRanges: ['0.0.0.0/0', '::/0'] },
  ingress: ingressOf(6),
};

/** Its port is the node port of another service. */
const twin: SiteService = {
  name: 'twin',
  clusterIPs: ['10.96.1.5', 'fd00:10:96::1:5'],
  ports: [{ port: 30581, targetPort: 80 }],
  pods: ['web-3'],
};

const deserted: SiteService = {
  name: 'deserted',
  clusterIPs: ['10.96.1.6', 'fd00:10:96::1:6'],
  ports: [{ port: 80, nodePort: 30584 }],
  pods: [],
  ingress: ingressOf(7),
  spec: { type: 'LoadBalancer' },
};

const services = [local, open, restricted, unrestricted, twin, deserted];

/** Less than Linux waits before it sends a first packet again. */
const oneTry = 900;

describe('packets to addresses from outside of the cluster', () => {
  let site: Site;
  /** Machines outside that reach everything over the first and the second node. */
  let overFirst: Guest;
  let overSecond: Guest;
  /** One behind a router to which less fits than to the others. */
  let farAway: Guest;

  before(async () => {
    site = await Site.build();
    const guest = async (number: number, via: string): Promise<Guest> =>
      site.cluster.addHost({
        name: `guest-${number}`,
        addresses: [`192.168.111.${number}`, `fd00:192::${number.toString(16)}`],
        via,
      });
    overFirst = await guest(21, site.first.name);
    overSecond = await guest(22, site.second.name);
    farAway = await behindRouter(await guest(23, site.first.name), await guest(24, site.first.name));
    for (const service of services) await site.publish(service);
    await site.startAll('--cluster-cidr', '10.244.0.0/16,fd00:10:244::/48');
  });

  after(() => site.destroy());

  /** Puts a machine behind another one, over which no more than 1300 bytes reach it; neither is told of a shorter way. */
  async function behindRouter(router: Guest, machine: Guest): Promise<Guest> {
    const forwarding = ['net.ipv4.ip_forward=1', 'net.ipv6.conf.all.forwarding=1'];
    const silent = ['all', 'eth0'].map((device) => `net.ipv4.conf.${device}.send_redirects=0`);
    await router.must(['sysctl', '-qw', ...forwarding, ...silent]);
    await machine.must(['sysctl', '-qw', 'net.ipv6.conf.eth0.accept_redirects=0']);
    for (const family of families) {
      const everything = family === 'ipv4' ? '0.0.0.0/0' : '::/0';
      await machine.must(['ip', 'route', 'replace', everything, 'via', router[family]]);
      await site.first.must(['ip', 'route', 'replace', machine[family], 'via', router[family]]);
      await router.must(['sh', '-c', `ip route replace ${machine[family]} dev eth0 mtu lock 1300`]);
    }
    return machine;
  }

  async function answersOf(
    place: Place,
    address: string,
    port: number,
    options: { protocol?: 'tcp' | 'udp'; count?: number; timeout?: number } = {},
  ): Promise<ReturnType<typeof counted>> {
    return counted(await place.ask(address, port, options));
  }

  for (const family of families) {
    describe(`over ${family}`, () => {
      it('reach endpoints of any node through load balancers and external IPs, from everywhere', async () => {
        for (const address of [pair(3)[family], pair(4)[family]])
          for (const place of [overFirst, overSecond, ...site.nodes, ...site.pods]) {
            const { names, errors } = await answersOf(place, address, 80, { count: 4 });
            expect({ names, errors }, `${place.name} to ${address}`).to.deep.equal({
              names: { 'web-1': 2, 'web-3': 2 },
              errors: {},
            });
          }
      });

      it('keep their source where the policy is Local and an endpoint is on the node', async () => {
        for (const [address, port] of [
          [pair(1)[family], 80],
          [pair(2)[family], 80],
          [site.first[family], nodePort],
        ] as const) {
          const { names, peers } = await answersOf(overFirst, address, port, { count: 2 });
          expect({ names, peers }, address).to.deep.equal({
            names: { 'web-1': 2 },
            peers: { [overFirst[family]]: 2 },
          });
        }
      });

      it('are refused at their first packet where the policy is Local and no endpoint is on the node', async () => {
        for (const [address, port, protocol] of [
          [pair(1)[family], 80, 'tcp'],
          [pair(2)[family], 80, 'tcp'],
          [site.second[family], nodePort, 'tcp'],
          [pair(1)[family], 53, 'udp'],
          [site.second[family], 30553, 'udp'],
        ] as const) {
          const { errors } = await answersOf(overSecond, address, port, { protocol, timeout: oneTry });
          expect(errors, `${protocol} ${address}`).to.deep.equal({ refused: 1 });
        }
        // What pods send to another node bears their own node's address as source, by their network plugin.
        for (const place of [site.first, site.pod('web-2')]) {
          const { errors } = await answersOf(place, site.second[family], nodePort, { timeout: oneTry });
          expect(errors, place.name).to.deep.equal({ refused: 1 });
        }
      });

      it('get through to another node all the same from pods and from the node itself', async () => {
        for (const place of [
          site.second,
          site.pod('web-3'),
          site.pod('web-4'),
          site.first,
          site.pod('web-2'),
        ])
          for (const address of [pair(1)[family], pair(2)[family]]) {
            const { names } = await answersOf(place, address, 80, { count: 2 });
            expect(names, `${place.name} to ${address}`).to.deep.equal({ 'web-1': 2 });
          }
      });

      it('are dropped from outside of the source ranges of a load balancer, by nodes too', async () => {
        const { names } = await answersOf(overFirst, pair(5)[family], 80);
        expect(names).to.deep.equal({ 'web-3': 1 });
        for (const place of [overSecond, ...site.nodes, site.pod('web-1')]) {
          const { errors } = await answersOf(place, pair(5)[family], 80, { timeout: oneTry });
          expect(errors, place.name).to.deep.equal({ timeout: 1 });
        }
        const { names: byNodePort } = await answersOf(overSecond, site.second[family], 30582);
        expect(byNodePort, 'node ports are not restricted').to.deep.equal({ 'web-3': 1 });
      });

      it('pass from everywhere where the source range is everything', async () => {
        for (const place of [overFirst, ...site.nodes, site.pod('web-1')]) {
          const { names } = await answersOf(place, pair(6)[family], 80);
          expect(names, place.name).to.deep.equal({ 'web-3': 1 });
        }
      });

      it('keep the source of a pod where the port of a service is the node port of another', async () => {
        const pod = site.pod('web-2');
        const address = twin.clusterIPs[family === 'ipv4' ? 0 : 1]!;
        const { names, peers } = await answersOf(pod, address, 30581, { count: 2 });
        expect({ names, peers }).to.deep.equal({ names: { 'web-3': 2 }, peers: { [pod[family]]: 2 } });
      });

      it('are refused at their first packet where a service has no endpoints', async () => {
        for (const [place, address, port] of [
          [site.pod('web-1'), deserted.clusterIPs[family === 'ipv4' ? 0 : 1]!, 80],
          [site.pod('web-1'), pair(7)[family], 80],
          [overFirst, pair(7)[family], 80],
          [overFirst, site.first[family], 30584],
        ] as const) {
          const { errors } = await answersOf(place, address, port, { timeout: oneTry });
          expect(errors, `${place.name} to ${address}`).to.deep.equal({ refused: 1 });
        }
      });

      it('are answered in full where a router on the way back tells the address of a service how much fits', async () => {
        const size = 9000;
        for (const [address, name] of [
          [pair(1)[family], /^web-1$/],
          [pair(3)[family], /^web-[13]$/],
          [pair(4)[family], /^web-[13]$/],
        ] as const) {
          const lines = await farAway.ask(address, 7000, { hold: 1, count: 4, size, timeout: 8000 });
          const { names, errors } = counted(lines);
          expect(errors, address).to.deep.equal({});
          for (const one of Object.keys(names)) expect(one).to.match(name);
        }
      });

      // The time-out leaves room for a second packet: what is refused by ICMP alone may pass unheard at the first.
      it('reach nothing but the services on them', async () => {
        for (const address of [pair(1)[family], pair(3)[family], pair(4)[family]]) {
          const { errors } = await answersOf(overFirst, address, 81, { timeout: oneTry * 4 });
          expect(errors, address).to.deep.equal({ refused: 1 });
        }
      });
    });
  }

  describe('when an endpoint moves to another node', () => {
    it('follow it', async () => {
      await site.publish({ ...local, pods: ['web-3'] });
      await until(
        async () => (await answersOf(overSecond, pair(1).ipv4, 80, { timeout: oneTry })).names,
        (names) => names['web-3'] === 1,
      );
      const { errors } = await until(
        () => answersOf(overFirst, pair(1).ipv4, 80, { timeout: oneTry }),
        (answers) => answers.errors['refused'] === 1,
      );
      expect(errors).to.deep.equal({ refused: 1 });
      const { peers } = await answersOf(overSecond, pair(1).ipv4, 80, { count: 2 });
      expect(peers).to.deep.equal({ [overSecond.ipv4]: 2 });
    });
  });
});
