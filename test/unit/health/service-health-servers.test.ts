import { expect } from 'chai';
import { listeningHosts } from '../../../lib/health/listening-hosts.ts';
import { ServiceHealthServers } from '../../../lib/health/service-health-servers.ts';
import { ManualClock, MemoryLog } from '../reconciler/world.ts';
import { ask, freePorts, occupied, until } from './support.ts';

describe('ServiceHealthServers', function () {
  let clock: ManualClock;
  let log: MemoryLog;
  let healthy: boolean;
  let told: string[];
  let servers: ServiceHealthServers;
  let port: number;
  let otherPort: number;

  beforeEach(async () => {
    clock = new ManualClock();
    log = new MemoryLog();
    healthy = true;
    told = [];
    servers = new ServiceHealthServers(
      {
        healthy: () => healthy,
        clock,
        random: () => 0,
        log,
        told: (service, trouble) => told.push(`${service}: ${trouble ?? 'over'}`),
      },
      ['127.0.0.1'],
    );
    [port = 0, otherPort = 0] = await freePorts(2);
  });

  afterEach(() => {
    servers.close();
  });

  /** Waits until a port answers, or until none does, and gives the status. */
  async function statusOf(asked: number, host = '127.0.0.1'): Promise<number | undefined> {
    return ask(asked, '/', { host }).then(
      ({ status }) => status,
      () => undefined,
    );
  }

  async function untilStatus(asked: number, wanted: number | undefined): Promise<void> {
    while ((await statusOf(asked)) !== wanted) await new Promise((resolve) => setTimeout(resolve, 5));
  }

  it('answers as kube-proxy does, at every path and to every method', async () => {
    servers.set('ns1/svc1', { port, localEndpoints: 2 });
    await untilStatus(port, 200);
    for (const [path, method] of [
      ['/', 'GET'],
      ['/healthz?a=b', 'POST'],
    ] as const) {
      const { status, headers, body } = await ask(port, path, { method });
      expect(status).to.equal(200);
      expect(headers).to.include({
        'content-type': 'application/json',
        'x-content-type-options': 'nosniff',
        'x-load-balancing-endpoint-weight': '2',
        connection: 'close',
      });
      expect(body).to.equal(
        '{\n\t"service": {\n\t\t"namespace": "ns1",\n\t\t"name": "svc1"\n\t},\n\t"localEndpoints": 2,\n\t"serviceProxyHealthy": true\n}',
      );
    }
  });

  it('answers 503 without a ready endpoint, and where the node is not healthy', async () => {
    servers.set('ns1/svc1', { port, localEndpoints: 0 });
    await untilStatus(port, 503);
    const none = await ask(port);
    expect(JSON.parse(none.body)).to.include({ localEndpoints: 0, serviceProxyHealthy: true });
    expect(none.headers).to.include({ 'x-load-balancing-endpoint-weight': '0' });
    servers.set('ns1/svc1', { port, localEndpoints: 1 });
    expect((await ask(port)).status).to.equal(200);
    healthy = false;
    const ill = await ask(port);
    expect(ill.status).to.equal(503);
    expect(JSON.parse(ill.body)).to.include({ localEndpoints: 1, serviceProxyHealthy: false });
  });

  it('closes the port of a service that is gone, or has another', async () => {
    servers.set('ns1/svc1', { port, localEndpoints: 1 });
    await untilStatus(port, 200);
    servers.set('ns1/svc1', { port: otherPort, localEndpoints: 1 });
    await untilStatus(otherPort, 200);
    expect(await statusOf(port)).to.equal(undefined);
    servers.set('ns1/svc1', undefined);
    expect(await statusOf(otherPort)).to.equal(undefined);
    expect(servers.has('ns1/svc1')).to.equal(false);
    expect(told).to.deep.equal([]);
  });

  it('tells once of a port that somebody else has, tries again and tells that it is over', async () => {
    const somebody = await occupied(port);
    servers.set('ns1/svc1', { port, localEndpoints: 1 });
    await until(() => told.length === 1);
    expect(told[0]).to.match(
      /^ns1\/svc1: expected to listen at 127.0.0.1:\d+, got EADDRINUSE; end the program/,
    );
    clock.advance(500);
    await until(() => clock.next !== undefined);
    await new Promise((resolve) => somebody.close(resolve));
    clock.advance(1000);
    await until(() => told.length === 2);
    expect(told[1]).to.equal('ns1/svc1: over');
    expect(await statusOf(port)).to.equal(200);
    expect(log.at('warn')).to.have.length(1);
  });

  it('leaves a port to the first of two services, and gives it to the other at once when that goes', async () => {
    servers.set('ns1/first', { port, localEndpoints: 1 });
    servers.set('ns1/second', { port, localEndpoints: 0 });
    await until(() => told.length === 1);
    expect(told[0]).to.equal(
      `ns1/second: expected health check port ${port} to be free, but Service ns1/first has it; give one of the two another healthCheckNodePort`,
    );
    expect((await ask(port)).body).to.contain('"first"');
    servers.set('ns1/first', undefined);
    await until(() => told.length === 2);
    expect((await ask(port)).body).to.contain('"second"');
  });

  it('gives a port over from one service to another in whichever order it hears of them', async () => {
    servers.set('ns1/first', { port, localEndpoints: 1 });
    await untilStatus(port, 200);
    servers.set('ns1/second', { port, localEndpoints: 0 });
    servers.set('ns1/first', { port: otherPort, localEndpoints: 1 });
    await untilStatus(port, 503);
    await untilStatus(otherPort, 200);
  });

  it('forgets the trouble of a service that is gone', async () => {
    const somebody = await occupied(port);
    servers.set('ns1/svc1', { port, localEndpoints: 1 });
    await until(() => told.length === 1);
    servers.set('ns1/svc1', undefined);
    expect(told[1]).to.equal('ns1/svc1: over');
    expect(clock.next).to.equal(undefined);
    somebody.close();
  });

  it('follows the addresses that node ports are served on', async () => {
    servers.set('ns1/svc1', { port, localEndpoints: 1 });
    await untilStatus(port, 200);
    servers.listenAt(['127.0.0.2']);
    while ((await statusOf(port, '127.0.0.2')) !== 200)
      await new Promise((resolve) => setTimeout(resolve, 5));
    expect(await statusOf(port)).to.equal(undefined);
    servers.listenAt(['127.0.0.2', '192.0.2.1']);
    await until(() => told.length === 1);
    expect(told[0]).to.contain('192.0.2.1');
    expect(await statusOf(port, '127.0.0.2')).to.equal(200);
    servers.listenAt(['127.0.0.2']);
    expect(told[1]).to.equal('ns1/svc1: over');
  });

  it('serves nothing any more when it is closed', async () => {
    servers.set('ns1/svc1', { port, localEndpoints: 1 });
    await untilStatus(port, 200);
    servers.close();
    servers.set('ns1/svc1', { port, localEndpoints: 1 });
    servers.listenAt(['127.0.0.2']);
    expect(await statusOf(port)).to.equal(undefined);
    expect(await statusOf(port, '127.0.0.2')).to.equal(undefined);
  });
});

describe('listeningHosts', () => {
  const addresses = ['192.0.2.1', '192.0.2.2', 'fd00::1'];
  const cases: readonly (readonly [cidrs: string[], families: ('IPv4' | 'IPv6')[], hosts: unknown[]])[] = [
    [['0.0.0.0/0', '::/0'], ['IPv4', 'IPv6'], [undefined]],
    [['0.0.0.0/0'], ['IPv4'], [undefined]],
    [
      ['0.0.0.0/0', 'fd00::/8'],
      ['IPv4', 'IPv6'],
      ['0.0.0.0', 'fd00::1'],
    ],
    [
      ['192.0.2.0/24', '::/0'],
      ['IPv4', 'IPv6'],
      ['192.0.2.1', '192.0.2.2', '::'],
    ],
    [['192.0.2.0/24', 'fd00::/8'], ['IPv4'], ['192.0.2.1', '192.0.2.2']],
  ];
  for (const [cidrs, families, hosts] of cases) {
    it(`are ${hosts.map(String).join()} for ${cidrs.join()} of ${families.join()}`, () => {
      expect(listeningHosts({ cidrs, addresses, families })).to.deep.equal(hosts);
    });
  }
});
