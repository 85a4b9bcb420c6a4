import { expect } from 'chai';
import type { Controller } from '../lab/controller.ts';
import type { Node } from '../lab/node.ts';
import { Site, counted, held, until } from './support.ts';
import type { SiteService } from './support.ts';

const shop: SiteService = {
  name: 'shop',
  clusterIPs: ['10.96.0.40', 'fd00:10:96::40'],
  ports: [
    { name: 'page', port: 80, nodePort: 30080 },
    { name: 'hold', port: 7000 },
  ],
  pods: ['web-1', 'web-3'],
};

/** What others made: an own scheduler, an own forwarding method, a firewall mark, and a set and a rule of their own. */
const foreign = [
  '-A -t 192.168.111.250:443 -s wlc',
  '-a -t 192.168.111.250:443 -r 10.244.0.2:443 -g -w 5',
  '-A -f 7 -s sh',
  '-a -f 7 -r 10.244.0.2:0 -m -w 1',
];

/** Shell commands that make and remove what others have on a node besides. */
const makeForeign =
  'ipvsadm -R && ipset create OTHERS hash:ip && ipset add OTHERS 192.0.2.1 && iptables -t nat -N OTHERS && ' +
  'iptables -t nat -A POSTROUTING -m comment --comment others -j OTHERS && ip address add 192.0.2.9/32 dev lo';

/** Everything of ours and of others in the kernel of a node, without counters. */
const everything = [
  'ipvsadm -Sn | sort',
  'ip -brief address | sort',
  'ipset save | sort',
  ...['iptables', 'ip6tables'].map((program) => `${program}-save | grep -v "^#" | sed "s/ \\[[0-9:]*\\]$//"`),
].join('; ');

const ready = /"msg":"ready: every service is programmed"/;

/** Writes that a controller has told of when it was ready. */
async function writesOf(controller: Controller): Promise<unknown> {
  return (await controller.log(ready)).fields['writes'];
}

describe('the kernel, while controllers come and go', () => {
  let site: Site;
  let node: Node;

  const kernel = (): Promise<string> => node.must(['sh', '-c', everything]);

  /**
   * Sees that everything of the service answers, from everywhere, and in turns where nobody else asks: rr counts the
   * requests of all who ask.
   */
  async function served({ alone = true }: { alone?: boolean } = {}): Promise<void> {
    for (const [place, address, port] of [
      ...shop.clusterIPs.map((vip) => [site.pod('web-2'), vip, 80] as const),
      ...shop.clusterIPs.map((vip) => [site.first, vip, 80] as const),
      [site.client, site.first.ipv4, 30080],
      [site.client, site.first.ipv6, 30080],
    ] as const) {
      const { names, errors } = counted(await place.ask(address, port, { count: 4 }));
      const asked = `${place.name} at ${address}:${port}`;
      expect(errors, asked).to.deep.equal({});
      if (alone) expect(names, asked).to.deep.equal({ 'web-1': 2, 'web-3': 2 });
      else expect(shop.pods, asked).to.include.members(Object.keys(names));
    }
  }

  before(async () => {
    site = await Site.build();
    node = site.first;
    await node.must(['sh', '-c', makeForeign], `${foreign.join('\n')}\n`);
    await site.publish(shop);
    await site.startAll(...['--cluster-cidr', '10.244.0.0/16,fd00:10:244::/48', '--ipvs-sync-period', '2s']);
    // The other node only has pods behind the service; its kernel is in order.
    await site.controller(site.second).stop();
    await site.untilServed(shop);
  });

  after(() => site.destroy());

  describe('when a controller is killed', () => {
    it('stays as it is, and traffic goes on', async () => {
      const before = await kernel();
      await site.controller(node).kill('SIGKILL');
      await served();
      expect(await kernel()).to.equal(before);
    });

    it('is not written to when it starts again, and held connections live on', async () => {
      const before = await kernel();
      const connections = shop.clusterIPs.map((vip) =>
        site.pod('web-2').asking(vip, 7000, { hold: 50, seconds: 300 }),
      );
      await Promise.all(connections.map((connection) => connection.reach(3)));
      expect(await writesOf(await site.start(node))).to.equal(0);
      expect(await kernel()).to.equal(before);
      for (const connection of connections) {
        await connection.reach(connection.answers.length + 5);
        const { names, errors } = counted(await connection.stop());
        expect(errors).to.deep.equal({});
        expect(Object.keys(names)).to.have.length(1);
      }
      await served();
    });
  });

  describe('when a controller is told to stop', () => {
    it('stays as it is, traffic goes on, and starting again writes nothing', async () => {
      const before = await kernel();
      const asking = site.pod('web-2').asking('10.96.0.40', 80, { seconds: 300, rate: 50 });
      try {
        await asking.reach(5);
        expect(await site.controller(node).stop()).to.equal(0);
        expect(await kernel()).to.equal(before);
        await served({ alone: false });
        expect(await writesOf(await site.start(node))).to.equal(0);
        await asking.reach(asking.answers.length + 20);
      } finally {
        const { names, errors } = counted(await asking.stop());
        expect(errors).to.deep.equal({});
        expect(names).to.have.all.keys(shop.pods);
      }
    });

    it('gets the difference alone when manifests were changed meanwhile', async () => {
      const added: SiteService = {
        name: 'added',
        clusterIPs: ['10.96.0.41'],
        ports: [{ port: 80 }],
        pods: ['web-3'],
      };
      await site.controller(node).stop();
      await site.publish(added);
      const controller = await site.start(node);
      // Its element of KUBE-CLUSTER-IP and of KUBE-IPVS-IPS, the virtual server, the real server and the address.
      expect(await writesOf(controller)).to.equal(5);
      await site.untilServed(added, [node]);
      expect(counted(await site.pod('web-1').ask('10.96.0.41', 80)).names).to.deep.equal({ 'web-3': 1 });
      await served();
      await site.controller(node).stop();
      await site.remove('added.yaml');
      // The real server goes with its virtual server.
      expect(await writesOf(await site.start(node))).to.equal(4);
      await site.untilWithdrawn('10.96.0.41');
      await served();
    });
  });

  describe('when others meddle with what is ours', () => {
    let whole = '';
    const nodePort = (): string => `${node.ipv4}:30080`;
    const look = (): Promise<string> =>
      node.must(['sh', '-c', `${everything}; sysctl net.ipv4.vs.conntrack`]);

    before(async () => {
      whole = await look();
    });

    for (const [title, commands] of [
      ['a deleted virtual server', () => ['ipvsadm -D -t 10.96.0.40:80']],
      ['a deleted virtual server of IPv6', () => ['ipvsadm -D -t [fd00:10:96::40]:80']],
      ['the deleted virtual server of a node port', () => [`ipvsadm -D -t ${nodePort()}`]],
      ['the loss of every virtual server', () => ['ipvsadm -C', `echo '${foreign.join('\n')}' | ipvsadm -R`]],
      ['a deleted real server', () => ['ipvsadm -d -t 10.96.0.40:80 -r 10.244.1.4:80']],
      ['a changed weight', () => ['ipvsadm -e -t 10.96.0.40:80 -r 10.244.1.4:80 -m -w 0']],
      ['a changed scheduler', () => ['ipvsadm -E -t 10.96.0.40:80 -s sh']],
      ['a real server that nobody asked for', () => ['ipvsadm -a -t 10.96.0.40:80 -r 10.244.0.3:80 -m']],
      ['a deleted element of a set', () => ['ipset del KUBE-CLUSTER-IP 10.96.0.40,tcp:80']],
      [
        'the loss of all elements of two sets',
        () => ['ipset flush KUBE-NODE-PORT-TCP', 'ipset flush KUBE-LOOP-BACK'],
      ],
      ['an element that nobody asked for', () => ['ipset add KUBE-CLUSTER-IP 10.96.0.99,tcp:80']],
      ['a deleted address', () => ['ip address del 10.96.0.40/32 dev kube-ipvs0']],
      ['a deleted address of IPv6', () => ['ip address del fd00:10:96::40/128 dev kube-ipvs0']],
      ['an address that nobody asked for', () => ['ip address add 10.96.0.99/32 dev kube-ipvs0']],
      ['the deleted interface kube-ipvs0', () => ['ip link del kube-ipvs0']],
      ['the loss of the rules of a chain', () => ['iptables -t nat -F KUBE-POSTROUTING']],
      [
        'a deleted jump to a chain',
        () => [
          'iptables -t nat -D PREROUTING -m comment --comment "kubernetes service portals" -j KUBE-SERVICES',
        ],
      ],
      [
        'a chain that was deleted with its jump',
        () => [
          'iptables -D FORWARD -m comment --comment "kubernetes forwarding rules" -j KUBE-FORWARD',
          'iptables -F KUBE-FORWARD',
          'iptables -X KUBE-FORWARD',
        ],
      ],
      [
        'the loss of the rules of every chain of IPv6',
        () => [
          'for chain in $(ip6tables -t nat -S | sed -n "s/^-N KUBE/KUBE/p"); do ip6tables -t nat -F $chain; done',
        ],
      ],
      ['a rule that nobody asked for', () => ['iptables -t nat -I KUBE-SERVICES -j RETURN']],
      ['a changed sysctl', () => ['sysctl -qw net.ipv4.vs.conntrack=0']],
    ] as const) {
      it(`has ${title} repaired, and the service answers`, async () => {
        const from = site.controller(node).lines.length;
        await node.must(['sh', '-c', commands().join(' && ')]);
        await site.controller(node).log(/"msg":"the kernel had drifted and was repaired"/, 15_000, from);
        await until(look, (now) => now === whole);
        await served();
      });
    }
  });

  describe('what others have made', () => {
    it('was neither touched nor told of by any controller', async () => {
      const { servers } = await held(node);
      expect(servers).to.include.members(foreign);
      const told = site.controllers.flatMap(({ lines }) => lines.map(({ text }) => text));
      expect(told.filter((text) => text.includes('192.168.111.250'))).to.deep.equal([]);
    });

    it('is all that is left after cleanup', async () => {
      await site.controller(node).stop();
      await node.must(['node', 'dist/kube-ipvs.mjs', 'cleanup']);
      expect((await held(node)).servers).to.have.members(foreign);
      expect((await held(node)).addresses).to.deep.equal([]);
      const left = await kernel();
      expect(left).not.to.contain('KUBE-');
      expect(left).not.to.contain('kube-ipvs0');
      for (const line of [
        'create OTHERS',
        'add OTHERS 192.0.2.1',
        '-A POSTROUTING -m comment --comment others',
        '-A POSTROUTING -m comment --comment "pods to outside"',
        '192.0.2.9/32',
      ])
        expect(left).to.contain(line);
      expect(counted(await site.pod('web-2').ask(site.pod('web-3').ipv4, 80)).names).to.deep.equal({
        'web-3': 1,
      });
    });

    it('is still there when everything of ours has been made anew', async () => {
      await site.start(node);
      await site.untilServed(shop, [node]);
      await served();
      expect((await held(node)).servers).to.include.members(foreign);
    });
  });
});
