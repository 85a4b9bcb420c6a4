import { expect } from 'chai';
import { readdirSync } from 'node:fs';
import type { Answer } from '../lab/answer.ts';
import { tally } from '../lab/answer.ts';
import { Cluster } from '../lab/cluster.ts';
import type { Guest } from '../lab/guest.ts';
import type { Node } from '../lab/node.ts';

const serve = { tcp: [80], udp: [53], sctp: [9000], http: [80], hold: [7000], brief: [8082] };

/** Counts of one kind. */
type Counts = Readonly<Record<string, number>>;

/** Counts as plain objects, which print well. */
function counted(answers: readonly Answer[]): { names: Counts; peers: Counts; errors: Counts } {
  const { byName, byPeer, errors } = tally(answers);
  return {
    names: Object.fromEntries(byName),
    peers: Object.fromEntries(byPeer),
    errors: Object.fromEntries(errors),
  };
}

describe('the lab', () => {
  let cluster: Cluster;
  let first: Node;
  let second: Node;
  let web1: Guest;
  let web2: Guest;
  let client: Guest;

  before(async () => {
    cluster = await Cluster.create({
      nodes: [
        {
          name: 'ycwang-ubuntu',
          addresses: ['192.168.111.128', 'fd00:192::80'],
          podCIDRs: ['10.244.0.0/24', 'fd00:10:244::/64'],
        },
        {
          name: 'ycwang-ubuntu-worker',
          addresses: ['192.168.111.129', 'fd00:192::81'],
          podCIDRs: ['10.244.1.0/24', 'fd00:10:244:1::/64'],
        },
      ],
    });
    first = cluster.node('ycwang-ubuntu');
    second = cluster.node('ycwang-ubuntu-worker');
    web1 = await first.addPod({ name: 'web-1', addresses: ['10.244.0.2', 'fd00:10:244::2'], serve });
    web2 = await second.addPod({ name: 'web-2', addresses: ['10.244.1.4', 'fd00:10:244:1::4'], serve });
    client = await cluster.addClient({ name: 'outside', addresses: ['192.168.111.10', 'fd00:192::10'] });
  });

  after(() => cluster.destroy());

  for (const [protocol, port] of [
    ['tcp', 80],
    ['udp', 53],
    ['sctp', 9000],
  ] as const) {
    for (const family of ['ipv4', 'ipv6'] as const) {
      it(`carries ${protocol} over ${family} between pods of two nodes, who see each other's addresses`, async () => {
        const answers = await web1.ask(web2[family], port, { protocol, count: 3 });
        expect(counted(answers)).to.deep.equal({
          names: { 'web-2': 3 },
          peers: { [web1[family]]: 3 },
          errors: {},
        });
      });
    }
  }

  it('lets a node reach a pod of its own and one of another node', async () => {
    expect(counted(await first.ask(web1.ipv4, 80))).to.deep.include({
      names: { 'web-1': 1 },
      peers: { '10.244.0.1': 1 },
    });
    expect(counted(await first.ask(web2.ipv6, 80))).to.deep.include({
      names: { 'web-2': 1 },
      peers: { [first.ipv6]: 1 },
    });
  });

  it('lets an outside client reach nodes, and pods only over a route that it is given', async () => {
    await first.serve({ tcp: [8000], udp: [8000] });
    expect(counted(await client.ask(first.ipv4, 8000))).to.deep.include({ peers: { [client.ipv4]: 1 } });
    expect(counted(await client.ask(first.ipv6, 8000, { protocol: 'udp' }))).to.deep.include({
      peers: { [client.ipv6]: 1 },
    });
    expect(counted(await client.ask(web1.ipv4, 80)).errors).to.deep.equal({ unreachable: 1 });
    await client.addRoute('10.244.0.0/24', first.ipv4);
    expect(counted(await client.ask(web1.ipv4, 80)).names).to.deep.equal({ 'web-1': 1 });
    await client.removeRoute('10.244.0.0/24');
    await first.kill();
  });

  it('masquerades what pods send to a machine outside, whatever its network', async () => {
    const host = await cluster.addHost({
      name: 'database',
      addresses: ['192.168.1.25'],
      serve: { tcp: [3306] },
    });
    expect(counted(await web2.ask(host.ipv4, 3306))).to.deep.equal({
      names: { database: 1 },
      peers: { [second.ipv4]: 1 },
      errors: {},
    });
    expect(counted(await first.ask(host.ipv4, 3306))).to.deep.include({ peers: { [first.ipv4]: 1 } });
    await host.remove();
  });

  it('answers an HTTP request with a page that says who was reached and by whom', async () => {
    const [answer] = await web1.ask(web2.ipv4, 80, { http: '/' });
    expect(answer).to.deep.include({ ok: true, status: 200, name: 'web-2', peer: web1.ipv4 });
    const { stdout } = await first.exec('curl', ['-sg', `http://[${web1.ipv6}]/`]);
    expect(stdout).to.match(
      /<h1>Welcome to nginx!<\/h1>\n<p>Served by web-1 fd00:10:244::1 \d+ fd00:10:244::2 80/,
    );
  });

  it('tells a refused port from a lost packet and from a host that is not there', async () => {
    expect(counted(await web1.ask(web2.ipv4, 81)).errors).to.deep.equal({ refused: 1 });
    expect(counted(await web1.ask(web2.ipv4, 54, { protocol: 'udp' })).errors).to.deep.equal({ refused: 1 });
    expect(counted(await web1.ask(web2.ipv4, 9001, { protocol: 'sctp' })).errors).to.deep.equal({
      refused: 1,
    });
    expect(counted(await web1.ask('10.244.1.99', 80, { timeout: 200 })).errors).to.deep.equal({ timeout: 1 });
    expect(counted(await first.ask('172.31.0.1', 80)).errors).to.deep.equal({ unreachable: 1 });
  });

  it('streams connections by the clock, and counts those that were answered and those that were not', async () => {
    const answered = web1.stream(web2.ipv6, 8082, { rate: 200, timeout: 5000 });
    await answered.until(({ well }) => well >= 40);
    const { begun, well, names, errors } = await answered.stop();
    expect({ well, names, errors }).to.deep.equal({ well: begun, names: { 'web-2': begun }, errors: {} });
    const refused = web1.stream(web2.ipv6, 81, { rate: 200, timeout: 5000 });
    await refused.until((report) => report.begun >= 40);
    const none = await refused.stop();
    expect(none).to.deep.include({ well: 0, names: {}, errors: { refused: none.begun } });
    await web2.cut();
    const lost = web1.stream(web2.ipv4, 8082, { rate: 50, timeout: 200 });
    await lost.until((report) => report.begun >= 4);
    const late = await lost.stop();
    expect(late).to.deep.include({ well: 0, names: {}, errors: { timeout: late.begun } });
    await web2.restore();
  });

  it('loses everything on a cut cable and carries it again on a restored one', async () => {
    for (const place of [web2, second]) {
      await place.cut();
      expect(counted(await web1.ask(web2.ipv4, 80, { timeout: 200 })).errors).to.deep.equal({ timeout: 1 });
      await place.restore();
      expect(counted(await web1.ask(web2.ipv4, 80)).names).to.deep.equal({ 'web-2': 1 });
      expect(counted(await web1.ask(web2.ipv6, 80)).names).to.deep.equal({ 'web-2': 1 });
    }
  });

  it('keeps a held connection through an outage, and sees it end with the server', async () => {
    const pod = await second.addPod({ name: 'holder', addresses: ['10.244.1.30'], serve: { hold: [7000] } });
    const held = web1.asking(pod.ipv4, 7000, { hold: 10, seconds: 300, timeout: 5000 });
    await held.reach(5);
    await second.cut();
    await second.restore();
    await held.reach(held.answers.length + 5);
    expect(new Set(held.answers.map((answer) => answer.ok && answer.peerPort)).size).to.equal(1);
    await pod.kill();
    expect((await held.done).at(-1)).to.deep.include({ ok: false });
    expect(counted(await web1.ask(pod.ipv4, 7000)).errors).to.deep.equal({ refused: 1 });
    await pod.remove();
  });

  it('forgets a pod that is removed and takes another by its name', async () => {
    const spec = { name: 'brief', addresses: ['10.244.0.40'], serve: { tcp: [80] } };
    await (await first.addPod(spec)).remove();
    expect(counted(await web1.ask('10.244.0.40', 80, { timeout: 100 })).errors).to.deep.equal({ timeout: 1 });
    const again = await first.addPod(spec);
    expect(counted(await web2.ask('10.244.0.40', 80, { timeout: 5000 })).names).to.deep.equal({ brief: 1 });
    await again.remove();
  });

  it('counts the packets that pass a point', async () => {
    const counter = await web2.count({ chain: 'INPUT', match: ['-p', 'udp', '--dport', '53'] });
    await web1.ask(web2.ipv4, 53, { protocol: 'udp', count: 7 });
    await web1.ask(web2.ipv4, 80, { count: 2 });
    expect((await counter.read()).packets).to.equal(7);
    await counter.remove();
    expect(await web2.must(['iptables', '-t', 'mangle', '-S', 'INPUT'])).to.equal('-P INPUT ACCEPT\n');
  });

  it('carries packets through a virtual server that is made by hand', async () => {
    const vip = '10.104.112.175';
    const masquerade = ['POSTROUTING', '-m', 'ipvs', '--ipvs', '-j', 'MASQUERADE'];
    await first.must(['sysctl', '-qw', 'net.ipv4.vs.conntrack=1']);
    await first.must(['iptables', '-t', 'nat', '-A', ...masquerade]);
    await first.must(['ip', 'addr', 'add', `${vip}/32`, 'dev', 'lo']);
    const server = ['-t', `${vip}:8080`];
    await first.must(['ipvsadm', '-A', ...server, '-s', 'rr']);
    for (const pod of [web1, web2])
      await first.must(['ipvsadm', '-a', ...server, '-r', `${pod.ipv4}:80`, '-m']);
    expect(counted(await first.ask(vip, 8080, { count: 20 }))).to.deep.equal({
      names: { 'web-1': 10, 'web-2': 10 },
      peers: { '10.244.0.1': 10, [first.ipv4]: 10 },
      errors: {},
    });
    expect(counted(await web1.ask(vip, 8080, { count: 4 })).names).to.deep.equal({ 'web-1': 2, 'web-2': 2 });
    expect((await second.exec('ipvsadm', ['-Sn'])).stdout).to.equal('');
    await first.must(['ipvsadm', '-C']);
    await first.must(['iptables', '-t', 'nat', '-D', ...masquerade]);
    await first.must(['ip', 'addr', 'del', `${vip}/32`, 'dev', 'lo']);
  });

  it("gives a node's programs a host name and a /run of their own", async () => {
    await first.must(['touch', '/run/xtables.lock', '/run/mine']);
    expect(await first.must(['hostname'])).to.equal('ycwang-ubuntu\n');
    expect((await second.exec('cat', ['/run/mine'])).code).to.equal(1);
    expect(await second.must(['ls', '/sys/class/net'])).to.match(/^cni0\neth0\nlo\n/);
  });

  it('runs a controller on a node, reads its log and sees how it ends', async () => {
    const script =
      'echo \'{"level":30,"msg":"started"}\'; echo $GREETING >&2; hostname; trap "exit 3" TERM; sleep 60 & wait';
    const controller = await first.startController({
      command: ['bash', '-c', script],
      environment: { GREETING: 'hello' },
    });
    expect((await controller.log((line) => line.fields['msg'] === 'started')).fields['level']).to.equal(30);
    await controller.log(/^hello$/);
    await controller.log(/^ycwang-ubuntu$/);
    const missing = await controller.log(/never/, 50).catch((error: unknown) => String(error));
    expect(missing).to.match(
      /expected a line like \/never\/, none came in 50 ms; the last lines:\n.*started/,
    );
    expect(await controller.stop()).to.equal(3);
    const killed = await first.startController({ command: ['sleep', '60'] });
    expect(await killed.kill('SIGKILL')).to.equal(137);
  });

  it('takes everything away with a cluster, whatever still runs in it', async () => {
    const before = readdirSync('/run/netns');
    const other = await Cluster.create({
      nodes: [{ name: 'ycwang-ubuntu', addresses: ['192.168.111.128'] }],
    });
    const [node] = other.nodes;
    await node?.must(['sh', '-c', 'sleep 1000 >/dev/null 2>&1 &']);
    void node?.asking('192.168.111.129', 1, { seconds: 1000 });
    await other.destroy();
    expect(readdirSync('/run/netns')).to.deep.equal(before);
    expect(readdirSync('/run/lab').filter((name) => name.startsWith('lab'))).to.have.length(1);
  });
});
