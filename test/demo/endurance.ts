import { type Answer, tally } from '../lab/answer.ts';
import { bars, inWords } from './answers.ts';
import { programmed } from './programming.ts';
import { type Stage, syncPeriod } from './stage.ts';
import type { Story } from './story.ts';

/** Pods by name with their addresses and nodes, as the slices say. */
const addresses: Readonly<Record<string, readonly [address: string, node: string]>> = {
  'web-1': ['10.244.0.2', 'ycwang-ubuntu'],
  'web-2': ['10.244.0.3', 'ycwang-ubuntu'],
  'web-3': ['10.244.1.4', 'ycwang-ubuntu-worker'],
  'web-4': ['10.244.1.6', 'ycwang-ubuntu-worker'],
};

const vip = '10.110.65.150';

/** A service with these pods behind it, on a port that answers requests and on one that keeps connections open. */
function manifest(pods: readonly string[]): string {
  const endpoints = pods.map((pod) => {
    const [address, nodeName] = addresses[pod] ?? ['', ''];
    return { addresses: [address], nodeName };
  });
  const ports = [
    { name: 'http', port: 80, protocol: 'TCP' },
    { name: 'hold', port: 7000, protocol: 'TCP' },
  ];
  const service = {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: 'shop', namespace: 'default' },
    spec: { clusterIP: vip, selector: { app: 'shop' }, ports },
  };
  const slice = {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: { name: 'shop-1', namespace: 'default', labels: { 'kubernetes.io/service-name': 'shop' } },
    addressType: 'IPv4',
    ports,
    endpoints,
  };
  return [service, slice].map((object) => JSON.stringify(object, null, 2)).join('\n---\n');
}

/** Scales a service up and down while requests run. */
export async function scaling(stage: Stage, story: Story): Promise<void> {
  story.scene('+', 'scaling while requests run');
  story.tell('applied', `Service shop ${vip}, with web-1 alone behind it`);
  await programmed(stage, story, () => stage.write('shop.yaml', manifest(['web-1'])));
  story.tell('asking', `web-2 asks ${vip}:80 again and again, about 80 times a second`);
  const asking = stage.pod('web-2').asking(vip, 80, { http: '/', seconds: 60, rate: 80 });
  const steps = [
    ['web-1', 'web-2', 'web-3', 'web-4'],
    ['web-2', 'web-4'],
    ['web-3'],
    ['web-1', 'web-3', 'web-4'],
  ];
  for (const pods of steps) {
    story.tell('scaled', `to ${pods.length}: ${pods.join(', ')}`);
    await programmed(stage, story, () => stage.write('shop.yaml', manifest(pods)));
    const from = asking.answers.length;
    await asking.reach(from + 120);
    const part = asking.answers.slice(from + 20);
    story.tell('answered', ...bars(part));
    story.check(
      `with ${pods.length} of 4 pods, these and no others answer`,
      answered(part).join() === pods.join(),
      inWords(tally(part).byName),
    );
  }
  const answers = await asking.stop();
  const { errors } = tally(answers);
  story.check(
    `none of ${answers.length} requests was lost`,
    errors.size === 0,
    errors.size === 0 ? '' : inWords(errors),
  );
}

const answered = (answers: readonly Answer[]): string[] => [...tally(answers).byName.keys()];

/** Kills a controller, starts it again, and breaks the kernel's state behind its back. */
export async function endurance(stage: Stage, story: Story): Promise<void> {
  story.scene('+', 'a controller that dies, and a kernel that is meddled with');
  const [seat] = stage.seats;
  if (seat === undefined) return;
  const connection = stage.pod('web-2').asking(vip, 7000, { hold: 100, seconds: 60 });
  await connection.reach(5);
  story.tell('killed', `the controller of ${seat.node.name}, with SIGKILL, while a connection is open`);
  await seat.controller.kill('SIGKILL');
  const restarted = await stage.restart(seat);
  const line = await restarted.controller.log(/ready: every service is programmed/);
  story.check(
    'started again, it writes nothing',
    line.fields['writes'] === 0,
    `${Number(line.fields['services'])} services read back, ${Number(line.fields['writes'])} writes`,
  );
  const before = connection.answers.length;
  await connection.reach(before + 5);
  const held = await connection.stop();
  story.check('the open connection lived on', tally(held).errors.size === 0, `${held.length} lines over it`);

  const { node, controller } = restarted;
  const from = controller.lines.length;
  story.tell(
    'broken',
    `on ${node.name}: the virtual server ${vip}:80, an address, a set entry and a rule deleted`,
  );
  await node.must(['ipvsadm', '-D', '-t', `${vip}:80`]);
  await node.must(['ip', 'address', 'del', `${vip}/32`, 'dev', 'kube-ipvs0']);
  await node.must(['ipset', 'del', 'KUBE-CLUSTER-IP', `${vip},tcp:80`]);
  await node.must(['iptables', '-t', 'nat', '-F', 'KUBE-POSTROUTING']);
  const began = performance.now();
  const repair = await controller.log(/had drifted and was repaired/, 20_000, from);
  const seconds = ((performance.now() - began) / 1000).toFixed(1);
  const answers = await stage.pod('web-2').ask(vip, 80, { http: '/', count: 9 });
  story.tell(
    'repaired',
    `${Number(repair.fields['count'])} entries, ${seconds} s later (the sync period is ${syncPeriod} s)`,
  );
  story.check(
    'everything is back within a sync period, and answers',
    tally(answers).errors.size === 0 && Number(seconds) <= syncPeriod + 1,
    inWords(tally(answers).byName),
  );
}
