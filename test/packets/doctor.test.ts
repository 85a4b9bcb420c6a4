import { expect } from 'chai';
import { allChecks } from '../../lib/doctor/checks.ts';
import { Cluster } from '../lab/cluster.ts';
import type { Controller } from '../lab/controller.ts';
import type { Guest } from '../lab/guest.ts';
import type { Node } from '../lab/node.ts';
import { commandOf } from '../lab/processes.ts';
import { ControlPlane } from './support-control-plane.ts';
import { Attendant, commandsOf, type Diagnosis, namesOf } from './support-doctor.ts';
import { objectsOf } from './support-objects.ts';
import { podServing, until } from './support.ts';

const podCIDRs = ['10.244.0.0/24', 'fd00:10:244::/64'];

const nodeSpec = { name: 'worker', addresses: ['192.168.111.128', 'fd00:192::80'], podCIDRs };

const podSpecs = [
  { name: 'web-1', addresses: ['10.244.0.2', 'fd00:10:244::2'] },
  { name: 'web-2', addresses: ['10.244.0.3', 'fd00:10:244::3'] },
];

const clusterIPs = ['10.96.0.10', 'fd00:10:96::a'];

const rightRange = '10.244.0.0/16,fd00:10:244::/48';
const wrongRange = '10.250.0.0/16,fd00:10:250::/48';

/** What the API server's clock is ahead at first. */
const clockAheadMs = 600_000;

/** A node, and two services of the same pods, of which one asks for a scheduler of its own. */
const objects = [
  {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { name: nodeSpec.name },
    spec: { podCIDR: podCIDRs[0], podCIDRs },
  },
  ...objectsOf({
    ...{ name: 'web', clusterIPs, ports: [{ port: 80 }] },
    endpoints: podSpecs.map(({ addresses }) => ({ addresses, nodeName: nodeSpec.name })),
  }),
  ...objectsOf({
    ...{ name: 'hashed', clusterIPs: ['10.96.0.11'], ports: [{ port: 80 }] },
    annotations: { 'kube-ipvs.io/scheduler': 'mh' },
    endpoints: [{ addresses: podSpecs[0]!.addresses, nodeName: nodeSpec.name }],
  }),
];

describe('kube-ipvs doctor', function () {
  this.timeout(180_000);

  let cluster: Cluster;
  let node: Node;
  let pods: readonly Guest[];
  let plane: ControlPlane;
  let controller: Controller;
  let attendant: Attendant;

  /** Starts the controller, which then looks at nothing by itself that it is not told of. */
  async function start(range: string): Promise<void> {
    const args = ['--kubeconfig', plane.kubeconfig(node), '--hostname-override', node.name];
    controller = await node.startController({
      args: ['run', ...args, '--cluster-cidr', range, '--ipvs-sync-period', '1h', '--logging-format', 'json'],
    });
    await controller.log(/"msg":"ready: every service is programmed"/, 90_000);
  }

  before(async () => {
    cluster = await Cluster.create({ nodes: [nodeSpec] });
    node = cluster.node(nodeSpec.name);
    [pods, plane, attendant] = await Promise.all([
      node.addPods(podSpecs.map((spec) => ({ ...spec, serve: podServing }))),
      ControlPlane.build(cluster),
      Attendant.at(node),
    ]);
    await node.addRoute('default', plane.host.ipv4);
    await plane.start('everybody', clockAheadMs);
    await plane.apply(objects);
  });

  after(async () => {
    await attendant.leave();
    await cluster.destroy();
    await plane.destroy();
  });

  /** The node as it is, in which nothing is wrong, and of which every check can be made whose programs are there. */
  async function expectHealth(): Promise<void> {
    const diagnosis = await attendant.examine();
    expect(namesOf(diagnosis, 'error', 'warning'), JSON.stringify(diagnosis.findings, null, 1)).to.deep.equal(
      [],
    );
    expect(diagnosis.status).to.equal(0);
    const left = diagnosis.checks.filter(({ state }) => state === 'not-examined');
    expect(left.filter(({ name, told }) => name !== 'nf-tables' || !told.startsWith('nft '))).to.deep.equal(
      [],
    );
    expect(diagnosis.checks.map(({ name }) => name)).to.deep.equal(allChecks.map(({ name }) => name));
  }

  /** What is found on a node on which one thing was broken. */
  async function expectError(name: string): Promise<Diagnosis> {
    const diagnosis = await attendant.examine();
    expect(namesOf(diagnosis, 'error'), JSON.stringify(diagnosis.findings, null, 1)).to.deep.equal([name]);
    expect(diagnosis.status).to.equal(1);
    return diagnosis;
  }

  /** Where a connection of a pod to the service is lost. */
  function lost(...args: readonly string[]): Promise<string> {
    return attendant.verdict('--from', pods[0]!.ipv4, `${clusterIPs[0]!}:80`, ...args);
  }

  it('finds that the clock differs from that of the API server', async () => {
    const args = ['--only', 'clock', '--kubeconfig', plane.kubeconfig(node)];
    const diagnosis = await attendant.examine(...args);
    expect(namesOf(diagnosis, 'warning')).to.deep.equal(['clock-skewed']);
    expect(diagnosis.findings[0]!.evidence.join()).to.match(/^this node is (599|60\d) s behind https:/);
    await plane.kill();
    await plane.start();
    expect(await attendant.examine(...args)).to.deep.include({ status: 0, findings: [] });
  });

  it('finds a module that is missing', async () => {
    await attendant.type('modprobe -r ip_vs_mh');
    await start(rightRange);
    const diagnosis = await expectError('module-missing');
    expect(commandsOf(diagnosis.findings, 'module-missing')).to.deep.equal(['modprobe ip_vs_mh']);
    await attendant.mend(diagnosis, 'module-missing');
    await attendant.mend(diagnosis, 'drift');
    await expectHealth();
  });

  it('finds that nothing is forwarded', async () => {
    await attendant.type('sysctl -w net.ipv4.ip_forward=0');
    const diagnosis = await expectError('ip-forward-off');
    expect(await lost()).to.match(/lost: .*net\/ipv4\/ip_forward is 0/);
    await attendant.mend(diagnosis, 'ip-forward-off');
    await expectHealth();
    expect(await lost()).to.match(/^delivered: /);
  });

  it('finds a rule that drops what is forwarded', async () => {
    await attendant.type('iptables -I FORWARD 1 -j DROP');
    const diagnosis = await expectError('drop-rule');
    expect(await lost()).to.match(/lost: .*dropped by filter FORWARD, rule 1/);
    await attendant.mend(diagnosis, 'drop-rule');
    await expectHealth();
  });

  it('finds that no more connections can be tracked', async () => {
    const setting = '/proc/sys/net/netfilter/nf_conntrack_max';
    await attendant.typeOnMachine(`echo 1 > ${setting}`);
    const diagnosis = await expectError('conntrack-full');
    expect(await lost()).to.match(/^lost: .*conntrack takes no new connections/);
    for (const line of commandsOf(diagnosis.findings, 'conntrack-full')) await attendant.typeOnMachine(line);
    await expectHealth();
  });

  it('finds that a chain is deleted', async () => {
    const jump = (await attendant.type("iptables -S FORWARD | grep 'j KUBE-FORWARD'")).trim();
    await attendant.type(
      `iptables ${jump.replace('-A', '-D')}; iptables -F KUBE-FORWARD; iptables -X KUBE-FORWARD`,
    );
    await attendant.mend(await expectError('chain-missing'), 'chain-missing');
    await expectHealth();
  });

  it('finds the address of a service where it does not belong', async () => {
    await attendant.type(`ip address add ${clusterIPs[0]!}/32 dev eth0`);
    const name = 'service-address-on-interface';
    await attendant.mend(await expectError(name), name);
    await expectHealth();
  });

  it('finds that pods may send more than the way out of the node carries', async () => {
    const port = (await attendant.type('ls /sys/class/net/cni0/brif')).split('\n')[0]!;
    await attendant.type(`ip link set ${port} mtu 9000`);
    const diagnosis = await attendant.examine();
    expect(namesOf(diagnosis, 'error', 'warning')).to.deep.equal(['mtu-too-big']);
    expect(diagnosis.findings[0]!.evidence).to.deep.equal([
      `eth0 carries 1500 bytes; more may come from ${port} (9000)`,
    ]);
    await attendant.mend(diagnosis, 'mtu-too-big');
    await expectHealth();
  });

  it('finds an endpoint that does not listen', async () => {
    await pods[1]!.kill();
    const { findings } = await expectError('endpoint-refuses');
    expect(findings[0]!.evidence.join()).to.include('10.244.0.3:80 of TCP 10.96.0.10:80');
    const probed = await attendant.exec(`kube-ipvs trace --probe ${clusterIPs[0]!}:80`);
    expect(probed.stdout, `${probed.stdout}${probed.stderr}`).to.match(/^10\.244\.0\.3:80 +refused/m);
    await pods[1]!.serve(podServing);
    await expectHealth();
  });

  it('finds another proxy at work', async () => {
    const proxy = await node.start(['bash', '-c', 'exec -a kube-proxy sleep 1000']);
    await until(
      () => commandOf(proxy.pid),
      (command) => command.startsWith('kube-proxy'),
    );
    await attendant.mend(await expectError('another-proxy'), 'another-proxy');
    await proxy.ended;
    await expectHealth();
  });

  it('finds that the pods of the node are not told from others', async () => {
    await controller.stop();
    await start(wrongRange);
    await expectError('pods-not-told');
    await controller.stop();
    await start(rightRange);
    await expectHealth();
  });

  it('finds that nothing comes from the API server any more', async () => {
    await plane.kill();
    const stale = (diagnosis: Diagnosis): boolean => namesOf(diagnosis, 'error').includes('watch-stale');
    await until(() => attendant.examine('--only', 'daemon'), stale, 90_000);
    const { findings, checks } = await expectError('watch-stale');
    expect(findings[0]!.evidence.join()).to.include('watch of services');
    const drift = checks.find(({ name }) => name === 'drift');
    expect(drift).to.include({ state: 'not-examined' });
    await plane.start();
    await until(
      () => attendant.examine('--only', 'daemon'),
      (diagnosis) => !stale(diagnosis),
      90_000,
    );
    await expectHealth();
  });

  it('finds that the controller hangs, and that it has gone', async () => {
    process.kill(controller.pid, 'SIGSTOP');
    await expectError('daemon-hung');
    process.kill(controller.pid, 'SIGCONT');
    await controller.stop();
    const { findings } = await attendant.examine('--only', 'daemon');
    expect(findings.map(({ name }) => name)).to.deep.equal(['daemon-not-running']);
  });
});
