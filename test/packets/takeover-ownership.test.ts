import { expect } from 'chai';
import type { Node } from '../lab/node.ts';
import { Site, counted, held, until } from './support.ts';
import type { Held, SiteService } from './support.ts';
import { leave, leftOn } from './support-takeover.ts';

/** Without endpoints elsewhere; one address outside is the node's own already, the other nobody's. */
const shop: SiteService = {
  name: 'shop',
  clusterIPs: ['10.96.0.95'],
  ports: [{ port: 80, nodePort: 30195 }],
  pods: ['web-1'],
  spec: { externalIPs: ['198.51.100.95', '198.51.100.96'] },
};

const ownAddress = '198.51.100.95';
const freeAddress = '198.51.100.96';

/** Virtual servers of others, and what is particular about each. */
const foreign = [
  // keepalived's, on an address that it has brought to the node.
  '-A -t 192.168.111.250:443 -s wlc',
  '-a -t 192.168.111.250:443 -r 10.244.0.2:443 -g -w 5',
  // keepalived's, while another machine has the address.
  '-A -t 192.168.111.251:25 -s rr -p 300',
  '-a -t 192.168.111.251:25 -r 10.244.0.2:25 -m -w 1',
  // Made by hand, on the node's own address.
  '-A -u 192.168.111.128:514 -s sh',
  '-a -u 192.168.111.128:514 -r 10.244.0.3:514 -m -w 1',
  // By its port a node port of ours, but excluded by its address.
  '-A -t 192.168.111.252:30195 -s rr',
  '-a -t 192.168.111.252:30195 -r 10.244.0.3:80 -m -w 1',
  // The same, and not excluded: keepalived's, while another machine has the address.
  '-A -t 192.168.111.253:30195 -s rr',
  '-a -t 192.168.111.253:30195 -r 10.244.0.3:80 -m -w 1',
  // By firewall mark.
  '-A -f 7 -s sh',
  '-a -f 7 -r 10.244.0.2:0 -m -w 1',
];

/** Everything in a kernel that is neither kube-proxy's nor ours, with what kubelet has. */
const others = [
  'ipset save OTHERS',
  'ip -brief address show dev eth0',
  ...['iptables-save', 'ip6tables-save'].map(
    (save) =>
      `${save} | grep -E "CANARY|KUBE-FIREWALL|KUBE-MARK-DROP|IPTABLES-HINT|LAB-POSTROUTING|CNI-" | sed "s/ \\[[0-9:]*\\]$//"`,
  ),
].join('; ');

const makeOthers =
  'ipset create OTHERS hash:ip && ipset add OTHERS 192.0.2.1 && iptables -t nat -N CNI-SETMARK && ' +
  'iptables -t nat -A CNI-SETMARK -j KUBE-MARK-MASQ';

describe('what is not ours', () => {
  let site: Site;
  let node: Node;
  let other: Node;

  /** Waits for what the kernel of the node holds, long before the next audit. */
  const comesTo = (holds: (now: Held) => boolean): Promise<Held> => until(() => held(node), holds);

  const arp = (): Promise<string> =>
    node.must(['sysctl', '-n', 'net.ipv4.conf.all.arp_ignore', 'net.ipv4.conf.all.arp_announce']);

  before(async () => {
    site = await Site.build();
    [node, other] = [site.first, site.second];
    await node.must(['ip', 'address', 'add', '192.168.111.250/32', 'dev', 'eth0']);
    await node.must(['ip', 'address', 'add', `${ownAddress}/32`, 'dev', 'lo']);
    await node.must(['ipvsadm', '-R'], `${foreign.join('\n')}\n`);
    expect(await arp()).to.equal('0\n0\n');
    await site.publish(shop);
    site.configure(
      ...['--cluster-cidr', '10.244.0.0/16,fd00:10:244::/48', '--ipvs-sync-period', '1h'],
      ...['--ipvs-exclude-cidrs', '192.168.111.252/32', '--ipvs-strict-arp'],
    );
    await site.start(node);
    await site.client.must(['ip', 'route', 'replace', `${ownAddress}/32`, 'via', node.ipv4]);
    await site.client.must(['ip', 'route', 'replace', `${freeAddress}/32`, 'via', node.ipv4]);
  });

  after(() => site.destroy());

  it('stays when services come and go: virtual servers on addresses of the node, of others, excluded, by mark', async () => {
    expect((await held(node)).servers).to.include.members(foreign);
    const brief: SiteService = {
      ...shop,
      name: 'brief',
      clusterIPs: ['10.96.0.94'],
      spec: {},
      ports: [{ port: 80 }],
    };
    await site.publish(brief);
    await site.untilServed(brief, [node]);
    await site.controller(node).kill('SIGKILL');
    await site.remove('brief.yaml');
    await site.start(node);
    await site.untilWithdrawn('10.96.0.94');
    expect((await held(node)).servers).to.include.members(foreign);
  });

  it('has its neighbours hear nothing of addresses on kube-ipvs0, with strict ARP', async () => {
    expect(await arp()).to.equal('1\n2\n');
    expect(counted(await site.client.ask(freeAddress, 80)).names).to.deep.equal({ 'web-1': 1 });
    await site.client.must(['ip', 'route', 'replace', `${freeAddress}/32`, 'dev', 'eth0']);
    expect(counted(await site.client.ask(freeAddress, 80, { timeout: 8000 })).errors).to.deep.equal({
      unreachable: 1,
    });
    await node.must(['sysctl', '-qw', 'net.ipv4.conf.all.arp_ignore=0']);
    expect(counted(await site.client.ask(freeAddress, 80, { timeout: 8000 })).names).to.deep.equal({
      'web-1': 1,
    });
    await node.must(['sysctl', '-qw', 'net.ipv4.conf.all.arp_ignore=1']);
  });

  it('is an address that another interface has: it is served there, and bound when it is free, at once', async () => {
    const bound = ({ addresses }: Held): boolean => addresses.includes(ownAddress);
    const asked = async (): Promise<unknown> => counted(await site.client.ask(ownAddress, 80)).names;
    expect(bound(await held(node))).to.equal(false);
    expect((await held(node)).addresses).to.include(freeAddress);
    expect(await asked()).to.deep.equal({ 'web-1': 1 });
    await node.must(['ip', 'address', 'del', `${ownAddress}/32`, 'dev', 'lo']);
    await comesTo(bound);
    expect(await asked()).to.deep.equal({ 'web-1': 1 });
    await node.must(['ip', 'address', 'add', `${ownAddress}/32`, 'dev', 'lo']);
    await comesTo((now) => !bound(now));
    expect(await asked()).to.deep.equal({ 'web-1': 1 });
  });

  it('is an address of the node that comes and goes: node ports follow it at once', async () => {
    const name = '-A -t 192.168.111.130:30195 -s rr';
    await node.must(['ip', 'address', 'add', '192.168.111.130/24', 'dev', 'eth0']);
    await comesTo(({ servers }) => servers.includes(name));
    expect(counted(await site.client.ask('192.168.111.130', 30195)).names).to.deep.equal({ 'web-1': 1 });
    await node.must(['ip', 'address', 'del', '192.168.111.130/24', 'dev', 'eth0']);
    await comesTo(({ servers }) => !servers.includes(name));
    expect((await held(node)).servers).to.include.members(foreign);
  });

  it('is not a node port on an address that went while nobody looked: it is removed', async () => {
    const name = '-A -t 192.168.111.131:30195 -s rr';
    await node.must(['ip', 'address', 'add', '192.168.111.131/24', 'dev', 'eth0']);
    await comesTo(({ servers }) => servers.includes(name));
    await site.controller(node).kill('SIGKILL');
    await node.must(['ip', 'address', 'del', '192.168.111.131/24', 'dev', 'eth0']);
    expect((await held(node)).servers).to.include(name);
    await site.start(node);
    const { servers } = await comesTo((now) => !now.servers.includes(name));
    expect(servers).to.include.members(foreign);
    expect(servers).to.include(`-A -t ${node.ipv4}:30195 -s rr`);
  });

  it('is all that cleanup leaves where only kube-proxy has been: kubelet and others keep what they have', async () => {
    await leave(other, leftOn(other, '1.28'));
    // By its port a node port of kube-proxy's.
    const all = [...foreign, '-A -t 192.168.111.253:30170 -s rr'];
    await other.must(['ipvsadm', '-R'], `${all.join('\n')}\n`);
    await other.must(['sh', '-c', makeOthers]);
    const before = await other.must(['sh', '-c', others]);
    const cleanup = ['node', 'dist/kube-ipvs.mjs', 'cleanup', '--ipvs-exclude-cidrs', '192.168.111.252/32'];
    await other.must([...cleanup, '--dry-run']);
    expect((await held(other)).servers).to.include('-A -t 10.96.0.70:80 -s rr');
    await other.must(cleanup);
    expect(await other.must(['sh', '-c', others])).to.equal(before);
    expect((await held(other)).servers).to.have.members(all);
    const sets = await other.must(['ipset', 'list', '-n']);
    expect(sets.trim()).to.equal('OTHERS');
    expect((await other.exec('ip', ['link', 'show', 'kube-ipvs0'])).code).not.to.equal(0);
    const rules = await other.must(['sh', '-c', 'iptables-save; ip6tables-save']);
    expect(rules).not.to.match(
      /KUBE-(SERVICES|POSTROUTING|LOAD-BALANCER|NODE-PORT|FORWARD|PROXY-FIREWALL|IPVS)/,
    );
    // Others lead to it.
    expect(rules).to.contain('-A KUBE-MARK-MASQ -j MARK');
  });
});
