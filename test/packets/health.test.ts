import { expect } from 'chai';
import type { Controller } from '../lab/controller.ts';
import type { Node } from '../lab/node.ts';
import type { SiteService } from './support.ts';
import { Site, until } from './support.ts';

const healthCheckNodePort = 31500;

/** Milliseconds from one audit to the next. */
const syncPeriod = 10_000;

/** A service that load balancers send only to nodes with an endpoint of it. */
function balanced(...pods: SiteService['pods']): SiteService {
  return {
    name: 'balanced',
    clusterIPs: ['10.96.2.1', 'fd00:10:96::2:1'],
    ports: [{ port: 80, nodePort: 30590 }],
    pods,
    spec: { type: 'LoadBalancer', externalTrafficPolicy: 'Local', healthCheckNodePort },
  };
}

/** What the client outside is answered. */
interface Answered {
  /** 000 where nobody answers. */
  readonly status: string;
  readonly weight: string;
  readonly body: Readonly<Record<string, unknown>>;
}

describe('health checks', function () {
  this.timeout(300_000);

  let site: Site;
  let controllers: readonly Controller[];

  before(async () => {
    site = await Site.build();
    await site.startAll('--ipvs-sync-period', `${syncPeriod / 1000}s`);
    controllers = site.controllers;
  });

  after(async () => {
    await site.destroy();
  });

  /** The client outside asks an address. */
  async function ask(address: string, port: number, path = '/'): Promise<Answered> {
    const host = address.includes(':') ? `[${address}]` : address;
    const format = '\n%{http_code} %header{x-load-balancing-endpoint-weight}';
    const command = ['-s', '-g', '-m', '10', '-w', format, `http://${host}:${port}${path}`];
    const { stdout } = await site.client.exec('curl', command);
    const [, body = '', status = '', weight = ''] = /^([^]*)\n(\d+) ?(\d*)$/.exec(stdout) ?? [];
    return { status, weight, body: (body === '' ? {} : JSON.parse(body)) as Answered['body'] };
  }

  const askAll = (node: Node, port: number, path?: string): Promise<Answered[]> =>
    Promise.all(node.addresses.map((address) => ask(address, port, path)));

  /** Waits until each address of a node answers with a status and a number of endpoints. */
  async function untilAnswers(node: Node, status: string, localEndpoints: number): Promise<void> {
    await until(
      () => askAll(node, healthCheckNodePort),
      (answers) =>
        answers.every(
          (one) =>
            one.status === status &&
            one.weight === String(localEndpoints) &&
            one.body['localEndpoints'] === localEndpoints,
        ),
      60_000,
    );
  }

  /** Waits until `/healthz` of the first node has a status, and gives what it says. */
  async function untilHealth(status: string): Promise<Answered> {
    return until(
      () => ask(site.first.ipv4, 10256, '/healthz'),
      (one) => one.status === status,
      120_000,
    );
  }

  it('send clients to the nodes that have an endpoint, wherever it goes', async () => {
    await site.serve(balanced('web-1', 'web-2'));
    await untilAnswers(site.first, '200', 2);
    await untilAnswers(site.second, '503', 0);
    await site.serve(balanced('web-3'));
    await untilAnswers(site.first, '503', 0);
    await untilAnswers(site.second, '200', 1);
  });

  it('reach the node whatever its firewall drops', async () => {
    const drop = ['INPUT', '-p', 'tcp', '--dport', String(healthCheckNodePort), '-j', 'DROP'];
    await site.second.must(['iptables-legacy', '-A', ...drop]);
    expect(await ask(site.second.ipv4, healthCheckNodePort)).to.include({ status: '200' });
    await site.second.must(['iptables-legacy', '-D', ...drop]);
  });

  it('leave out a node whose endpoints all terminate, while these still serve', async () => {
    const terminating = site
      .manifestOf(balanced('web-3'))
      .replaceAll(
        /"ready": true,\s+"serving": true,\s+"terminating": false/g,
        '"ready": false, "serving": true, "terminating": true',
      );
    await site.write('balanced.yaml', terminating);
    await untilAnswers(site.second, '503', 0);
    const [answer] = await site.client.ask(site.second.ipv4, 30590);
    expect(answer).to.include({ name: 'web-3' });
  });

  it('end with the service', async () => {
    await site.withdraw(balanced());
    for (const node of site.nodes) {
      await until(
        () => askAll(node, healthCheckNodePort),
        (answers) => answers.every(({ status }) => status === '000'),
      );
    }
  });

  it('leave out a node whose firewall cannot be written, within two sync periods, until it can', async () => {
    await site.serve(balanced('web-1'));
    await untilHealth('200');
    await untilAnswers(site.first, '200', 1);
    // A chain is emptied while somebody holds, for good, the lock that every writer waits for.
    const script = 'XTABLES_LOCKFILE=/run/other.lock iptables-legacy -F KUBE-NODE-PORT; sleep 1000';
    const holder = await site.first.start(['flock', '-o', '/run/xtables.lock', 'sh', '-c', script]);
    const began = performance.now();
    const ill = await untilHealth('503');
    const took = performance.now() - began;
    expect(ill.body).to.include({ nodeEligible: true, healthy: false });
    expect(String(ill.body['reasons'])).to.match(
      /^firewall: expected iptables-legacy-restore to succeed, got /,
    );
    expect(await ask(site.first.ipv4, 10256, '/livez')).to.include({ status: '503' });
    const [probe] = await askAll(site.first, healthCheckNodePort);
    expect(probe).to.deep.include({ status: '503', weight: '1' });
    expect(await ask(site.second.ipv4, 10256, '/healthz')).to.include({ status: '200' });
    console.log(`      unhealthy after ${(took / 1000).toFixed(1)} s of ${(2 * syncPeriod) / 1000}`);
    await holder.kill('SIGTERM');
    await untilHealth('200');
    await untilAnswers(site.first, '200', 1);
    const [controller] = controllers;
    await controller!.log(/"msg":"healthy again"/);
  });
});
