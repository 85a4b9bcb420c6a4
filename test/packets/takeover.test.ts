import { expect } from 'chai';
import { type LeftNode, leftChains, leftJumps } from '../fixtures/kube-proxy.ts';
import type { Controller, LogLine } from '../lab/controller.ts';
import type { Node } from '../lab/node.ts';
import type { Program } from '../lab/program.ts';
import { Clients, begunRate, leastRate } from './support-clients.ts';
import { Site, held, until } from './support.ts';
import { leave, leftOn, onDraining, restorePrograms, takenServices } from './support-takeover.ts';

/** What others have made: keepalived, an administrator, a firewall mark. */
const foreign = [
  '-A -t 192.168.111.250:443 -s wlc',
  '-a -t 192.168.111.250:443 -r 10.244.0.2:443 -g -w 5',
  '-A -f 7 -s sh',
  '-a -f 7 -r 10.244.0.2:0 -m -w 1',
];

/** What of the kernel is to stay as it is: everything of kubelet's, the link, and how the largest set was made. */
const others = [
  ...['iptables-save', 'ip6tables-save'].map(
    (save) => `${save} | grep -E "CANARY|KUBE-FIREWALL|KUBE-MARK-DROP|IPTABLES-HINT|LAB-POSTROUTING"`,
  ),
  'ip link show kube-ipvs0',
  'ipset list -t KUBE-CLUSTER-IP | grep ^Header',
].join('; ');

/** What belongs to a service that is gone. */
const stale = ['10.96.0.79', 'fd00:10:96::79', '30179'];

/** Milliseconds between audits: up to a fifth less than the period that is asked for. */
const betweenAudits = 800;

/** The changes that a controller has told of, by table. */
function writesOf({ lines }: Controller): Record<string, number> {
  const sum: Record<string, number> = {};
  for (const { fields } of lines) {
    if (fields['msg'] !== 'synced') continue;
    for (const [table, count] of Object.entries(fields['writes'] as Record<string, number>))
      sum[table] = (sum[table] ?? 0) + count;
  }
  return sum;
}

/** A kube-proxy that goes on beside: it writes its chains and sees to its jumps every second, whatever is there. */
function kubeProxyBeside(node: Node, left: LeftNode): Promise<Program> {
  const jumps = leftJumps(left).map(
    ({ table, hook, rule }) =>
      `iptables -w -t ${table} -C ${hook} ${rule} 2>/dev/null || iptables -w -t ${table} -I ${hook} ${rule}`,
  );
  const sync = [`${restorePrograms.IPv4} --noflush -w <<EOF`, leftChains(left, 'IPv4'), 'EOF', ...jumps];
  return node.start(['sh', '-c', ['while :; do', ...sync, 'echo synced', 'sleep 1', 'done'].join('\n')]);
}

describe('a node that kube-proxy has worked on', () => {
  let site: Site;
  let node: Node;
  let left: LeftNode;

  const shell = (script: string): Promise<string> => node.must(['sh', '-c', script]);

  /** Connections that stay open, one of them to a pod that drains already, and datagrams from kept ports. */
  async function lasting(): Promise<Clients> {
    const asking = new Clients();
    const pod = site.pod('web-2');
    await asking.hold(pod, '10.96.0.70', 7000);
    await asking.hold(pod, 'fd00:10:96::70', 7000);
    await asking.hold(site.client, node.ipv4, 30171);
    await asking.hold(site.client, node.ipv6, 30171);
    asking.send(pod, '10.96.0.71', 53, 4071);
    asking.send(site.client, node.ipv6, 30172, 4072);
    return asking;
  }

  /** New connections to every kind of address, by the clock. */
  function connect(asking: Clients): void {
    asking.connect(begunRate, [
      [site.pod('web-2'), '10.96.0.70', 80],
      [node, 'fd00:10:96::70', 80],
      [site.client, node.ipv4, 30170],
      [site.client, '198.51.100.73', 80],
      [site.client, 'fd00:198:51::75', 80],
    ]);
  }

  before(async () => {
    site = await Site.build();
    node = site.first;
    left = leftOn(node, '1.33');
    await leave(node, left);
    await node.must(['ipvsadm', '-R'], `${foreign.join('\n')}\n`);
    await site.client.must(['ip', 'route', 'replace', '198.51.100.0/24', 'via', node.ipv4]);
    await site.client.must(['ip', 'route', 'replace', 'fd00:198:51::/64', 'via', node.ipv6]);
    for (const { service } of Object.values(takenServices)) await site.publish(service);
    site.configure('--cluster-cidr', '10.244.0.0/16,fd00:10:244::/48', '--ipvs-sync-period', '1s');
  });

  after(() => site.destroy());

  it('keeps every connection when kube-ipvs takes over, and is written what differs alone', async () => {
    const asking = await lasting();
    await onDraining(node, () => asking.hold(site.pod('web-1'), '10.96.0.70', 7000));
    const before = await shell(others);
    connect(asking);
    await asking.more(10);
    const controller = await site.start(node);
    await asking.more(10);
    await asking.steady();
    const account = await asking.end();
    console.log(`      take-over: ${String(account)}`);
    console.log(`      writes: ${JSON.stringify(writesOf(controller))}`);
    expect([...account.failures, ...account.lost]).to.deep.equal([]);
    expect(account.rate).to.be.at.least(leastRate);
    expect(account.holders.map((pods) => pods.length)).to.deep.equal([1, 1, 1, 1, 1]);
    expect(account.holders.at(-1), 'the one that drains').to.deep.equal(['web-2']);
    expect(writesOf(controller)).to.deep.equal({
      // Three that kube-proxy does not have.
      ...{ sets: 6, firewall: 2 },
      // Of the service that is gone: three elements a family, four virtual servers and two of the bridge, its addresses.
      // Recorded: the node's own address and that of its bridge, in each family.
      ...{ setEntries: 6 + 4, virtualServers: 6, addresses: 2 },
      // That which drains without a connection behind five of six virtual servers.
      realServers: 5,
    });
    expect(await shell(others)).to.equal(before);
  });

  it('has nothing left of what only kube-proxy needed, nor of the service that is gone', async () => {
    const ours = await shell(
      'iptables-save -t filter; ip6tables-save -t filter; ipset save; ip address show kube-ipvs0; ipvsadm -Sn',
    );
    for (const text of ['KUBE-IPVS-OUT-FILTER', ...stale]) expect(ours).not.to.contain(text);
    expect((await held(node)).servers).to.include.members(foreign);
  });

  it('is written nothing when kube-ipvs starts again', async () => {
    await site.controller(node).stop();
    const controller = await site.start(node);
    expect(writesOf(controller)).to.deep.equal({});
  });

  it('goes on serving while a kube-proxy runs beside, which is repaired once a sync period and told of', async () => {
    const controller = site.controller(node);
    const from = controller.lines.length;
    const asking = new Clients();
    await asking.hold(site.pod('web-2'), '10.96.0.70', 7000);
    asking.connect(40, [
      [site.client, node.ipv4, 30170],
      [site.pod('web-2'), '10.96.0.70', 80],
    ]);
    const kubeProxy = await kubeProxyBeside(node, left);
    const told = await controller.log(/"msg":"another program writes what is ours/, 40_000, from);
    await kubeProxy.kill();
    const account = await asking.end();
    console.log(`      beside kube-proxy: ${String(account)}`);
    expect(told.fields['tables']).to.deep.equal(['firewall']);
    expect([...account.failures, ...account.lost]).to.deep.equal([]);
    const repairs = controller.lines.slice(from).filter(isRepair).map(timeOf);
    for (const [index, time] of repairs.entries())
      if (index > 0) expect(time - repairs[index - 1]!).to.be.at.least(betweenAudits - 100);
    await until(
      () => shell('iptables-save'),
      (rules) => !rules.includes('-A KUBE-IPVS-OUT-FILTER -s'),
    );
  });
});

function isRepair({ text }: LogLine): boolean {
  return text.includes('"msg":"the kernel had drifted and was repaired"');
}

function timeOf({ fields }: LogLine): number {
  return Date.parse(String(fields['ts']));
}
