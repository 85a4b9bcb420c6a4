import { tally } from '../lab/answer.ts';
import { all, bars, even, inWords } from './answers.ts';
import { programmed, tellKernel, untilWithdrawn } from './programming.ts';
import type { Stage } from './stage.ts';
import type { Story } from './story.ts';

const http = { http: '/' } as const;

/** Scenario 01: a ClusterIP service. */
export async function clusterIp(stage: Stage, story: Story): Promise<void> {
  const vip = '10.104.112.175';
  story.scene('01', 'a ClusterIP service');
  story.tell('applied', `Service nginx-svc ${vip}:8080 and its EndpointSlice:`);
  story.tell('', '10.244.0.2:80 (web-1), 10.244.1.4:80 (web-3), and 10.244.1.9:80, which is not ready');
  await programmed(stage, story, () => stage.apply('01-clusterip.yaml', 'nginx.yaml'));
  const [first] = stage.seats;
  const rules = first === undefined ? [] : await tellKernel(first, story, [`${vip}:8080`]);
  story.check(
    'the endpoint that is not ready is not in the kernel',
    !rules.join().includes('10.244.1.9'),
    '',
  );
  for (const from of [...stage.seats.map(({ node }) => node), stage.pod('web-2'), stage.pod('web-3')]) {
    const answers = await from.ask(vip, 8080, { ...http, count: 20 });
    story.tell('asked', `by ${from.name}, 20 requests:`, ...bars(answers));
    story.check(
      `${from.name} reaches both pods alike`,
      even(answers, ['web-1', 'web-3']),
      `the pods saw ${inWords(tally(answers).byPeer)}`,
    );
  }
  const page = await stage.pod('web-2').exec('curl', ['-s', '--max-time', '2', `http://${vip}:8080/`]);
  story.check(
    'curl in a pod gets the page',
    page.stdout.includes('Welcome to nginx'),
    title(page.stdout) || 'no page',
  );
  const unknown = await stage.pod('web-2').ask(vip, 9999, { count: 3 });
  story.check('a port that the service does not have is refused', all(unknown, 'refused'), '');
}

const title = (page: string): string => /<title>([^<]*)/.exec(page)?.[1] ?? '';

/** Scenario 02: the same service with a node port. */
export async function nodePort(stage: Stage, story: Story): Promise<void> {
  const vip = '10.110.65.131';
  story.scene('02', 'a NodePort service');
  story.tell('applied', `nginx-svc again, now ${vip}:8080 and node port 30000, with web-2 and web-4`);
  await programmed(stage, story, () => stage.apply('02-nodeport.yaml', 'nginx.yaml'));
  // What is gone from a file is withdrawn when the file has stood still for a second.
  await untilWithdrawn(stage, '10.244.0.2:80');
  for (const { node } of stage.seats) {
    const answers = await stage.client.ask(node.ipv4, 30000, { ...http, count: 20 });
    const { byPeer } = tally(answers);
    story.tell('asked', `by the outside client, ${node.ipv4}:30000 (${node.name}), 20 requests:`);
    story.tell('', ...bars(answers), `the pods saw ${inWords(byPeer)}`);
    story.check(
      `the outside client reaches both pods over ${node.name}`,
      even(answers, ['web-2', 'web-4']),
      '',
    );
    story.check(
      'the pods see an address of a node as the source',
      byPeer.size > 0 && [...byPeer.keys()].every((peer) => isNodeAddress(peer)),
      inWords(byPeer),
    );
    const inside = await stage.pod('web-1').ask(node.ipv4, 30000, { ...http, count: 10 });
    story.check(`a pod reaches ${node.ipv4}:30000`, even(inside, ['web-2', 'web-4']), '');
  }
  const cluster = await stage.pod('web-1').ask(vip, 8080, { ...http, count: 10 });
  story.check('the cluster address still works', even(cluster, ['web-2', 'web-4']), `${vip}:8080`);
}

/** The nodes' own addresses: on their network, and on the bridge of their pods. */
function isNodeAddress(address: string): boolean {
  return ['192.168.111.128', '192.168.111.129', '10.244.0.1', '10.244.1.1'].includes(address);
}

/** Scenario 03: services without a selector, their Endpoints written by hand. */
export async function withoutSelector(stage: Stage, story: Story): Promise<void> {
  story.scene('03', 'services that lead out of the cluster');
  story.tell('applied', 'mysql-production 10.254.218.165:3306, its Endpoints written by hand: 192.168.1.25');
  story.tell('', 'mongodb          10.254.218.170:30017, a port that is matched by its name: 192.168.1.26');
  await programmed(stage, story, () => stage.apply('03-no-selector.yaml'));
  for (const [name, vip, port] of [
    ['mysql', '10.254.218.165', 3306],
    ['mongodb', '10.254.218.170', 30017],
  ] as const) {
    for (const from of [stage.pod('web-1'), ...stage.seats.map(({ node }) => node)]) {
      const answers = await from.ask(vip, port, { count: 5 });
      story.check(`${from.name} reaches ${name}`, even(answers, [name]), inWords(tally(answers).byName));
    }
  }
}

/** Scenario 07: what is not balanced. */
export async function notBalanced(stage: Stage, story: Story): Promise<void> {
  story.scene('07', 'what is not balanced: headless and ExternalName');
  story.tell('applied', 'python-server-headless (clusterIP: None) and external-service (ExternalName)');
  const before = await Promise.all(stage.seats.map(({ node }) => node.must(['ipvsadm', '-Sn'])));
  const from = stage.seats.map(({ controller }) => controller.lines.length);
  await stage.apply('07-not-balanced.yaml');
  await new Promise((resolve) => setTimeout(resolve, 2000));
  const after = await Promise.all(stage.seats.map(({ node }) => node.must(['ipvsadm', '-Sn'])));
  story.check('nothing is programmed', before.join() === after.join(), '');
  const told = stage.seats.flatMap(({ controller }, index) =>
    controller.lines.slice(from[index]).filter(({ fields }) => fields['level'] !== 'info'),
  );
  story.check('nothing is logged as an error', told.length === 0, told.map(({ text }) => text).join(' | '));
}
