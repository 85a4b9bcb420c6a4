import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { expect } from 'chai';
import { fakeKernel } from '../../lib/kernel/fake-kernel.ts';
import { RealServers } from '../../lib/kernel/real-servers.ts';
import { VirtualServers } from '../../lib/kernel/virtual-servers.ts';
import { systemClock } from '../../lib/reconciler/clock.ts';
import type { DrainedServer } from '../../lib/reconciler/draining.ts';
import { Reconciler } from '../../lib/reconciler/reconciler.ts';
import { Ipvs } from '../../native-bindings/ipvs.ts';
import { base, MemoryLog, planOf } from '../unit/reconciler/world.ts';
import { enterOwnNamespace, output, sortedLines } from './own-namespace.ts';

const first = '10.1.0.1';
const second = '10.1.0.2';

/** Answers whatever comes with its own address. What a client has left behind keeps nobody waiting. */
async function serve(address: string): Promise<Server> {
  const server = createServer((socket) => {
    socket.unref();
    socket.on('data', () => socket.write(address));
    socket.on('error', () => socket.destroy());
  });
  server.listen(8080, address);
  await once(server, 'listening');
  return server;
}

/** Who answers on a connection; rejects where nobody does within two seconds. */
async function answer(socket: Socket): Promise<string> {
  socket.write('who?');
  const [data] = (await once(socket, 'data', { signal: AbortSignal.timeout(2000) })) as [Buffer];
  return data.toString();
}

/** The real servers as ipvsadm shows them: address, weight, active and inactive connections. */
function shown(): string[] {
  return sortedLines('ipvsadm -Ln').flatMap((line) => {
    const match = /^-> ([\d.]+):8080\s+Masq\s+(\d+)\s+(\d+)\s+(\d+)$/.exec(line);
    return match === null ? [] : [match.slice(1).join(' ')];
  });
}

async function until(condition: () => boolean, seconds: number): Promise<void> {
  const end = Date.now() + seconds * 1000;
  while (!condition() && Date.now() < end) await delay(50);
}

describe('draining on a real kernel', () => {
  let ipvs: Ipvs;
  let servers: Server[];
  const sockets: Socket[] = [];
  const reconcilers: Reconciler[] = [];
  let endpoints: readonly string[];
  /** Each test has its own: a real server that is made anew finds the connections that it had behind the old address. */
  let vip: string;
  let tests = 0;
  let drained: DrainedServer[];
  let writes: number;

  before(async () => {
    enterOwnNamespace();
    for (const address of [first, second]) output(`ip address add ${address}/32 dev lo`);
    ipvs = Ipvs.open();
    servers = await Promise.all([serve(first), serve(second)]);
  });

  beforeEach(() => {
    ipvs.flush();
    tests += 1;
    vip = `10.96.0.${tests}`;
    output(`ip address add ${vip}/32 dev lo`);
    endpoints = [first];
    drained = [];
    writes = 0;
  });

  afterEach(async () => {
    for (const socket of sockets.splice(0)) socket.destroy();
    for (const reconciler of reconcilers.splice(0)) await reconciler.stop();
  });

  after(() => {
    for (const server of servers) server.close();
    ipvs.close();
  });

  /** Starts a reconciler over the virtual and real servers of the kernel. */
  async function start(drainTimeout?: number): Promise<Reconciler> {
    const reconciler = new Reconciler({
      tables: {
        ...fakeKernel(),
        virtualServers: new VirtualServers(ipvs),
        realServers: new RealServers(ipvs),
      },
      base,
      plan: (service) => planOf(service, { vip, endpoints }),
      log: new MemoryLog(),
      clock: systemClock,
      random: Math.random,
      syncPeriod: 0,
      minSyncPeriod: 0,
      ...(drainTimeout === undefined ? {} : { drainTimeout }),
      listener: {
        drained: (server) => drained.push(server),
        synced: (report) => {
          writes += report.writes.virtualServers + report.writes.realServers;
        },
      },
    });
    reconcilers.push(reconciler);
    reconciler.start(['a/web']);
    await reconciler.settled();
    return reconciler;
  }

  async function move(reconciler: Reconciler, ...to: string[]): Promise<void> {
    endpoints = to;
    reconciler.changed(['a/web']);
    await reconciler.settled();
  }

  async function client(): Promise<Socket> {
    const socket = connect(80, vip);
    sockets.push(socket);
    await once(socket, 'connect');
    return socket;
  }

  it('removes a real server without connections at once', async () => {
    await move(await start(), second);
    expect(shown()).to.deep.equal([`${second} 1 0 0`]);
  });

  it('keeps a connection over its endpoint going away, and sends new ones elsewhere', async () => {
    const reconciler = await start();
    const socket = await client();
    expect(await answer(socket)).to.equal(first);
    await move(reconciler, second);
    expect(shown()).to.deep.equal([`${first} 0 1 0`, `${second} 1 0 0`]);
    expect(await answer(socket)).to.equal(first);
    for (let count = 0; count < 3; count += 1) expect(await answer(await client())).to.equal(second);
    await delay(2500);
    expect(await answer(socket), 'looks change nothing').to.equal(first);
    expect(reconciler.status().draining.map(({ connections }) => connections)).to.deep.equal([1]);
  });

  it('gives the endpoint that comes back its weight, and the connection goes on', async () => {
    const reconciler = await start();
    const socket = await client();
    expect(await answer(socket)).to.equal(first);
    await move(reconciler, second);
    writes = 0;
    await move(reconciler, first, second);
    expect(writes).to.equal(1);
    expect(shown()).to.deep.equal([`${first} 1 1 0`, `${second} 1 0 0`]);
    expect(await answer(socket)).to.equal(first);
  });

  it('removes the real server when its connection is forgotten by the kernel', async () => {
    const reconciler = await start();
    const socket = await client();
    expect(await answer(socket)).to.equal(first);
    await move(reconciler, second);
    socket.resetAndDestroy();
    await until(() => shown().length === 1, 30);
    expect(shown()).to.deep.equal([`${second} 1 0 0`]);
    expect(drained.map(({ reason, connections }) => [reason, connections])).to.deep.equal([['drained', 0]]);
  }).timeout(40_000);

  it('removes it with its connection when its time is over', async () => {
    const reconciler = await start(2000);
    const socket = await client();
    expect(await answer(socket)).to.equal(first);
    await move(reconciler, second);
    expect(shown()).to.have.length(2);
    await until(() => shown().length === 1, 10);
    expect(drained.map(({ reason, connections }) => [reason, connections])).to.deep.equal([['timeout', 1]]);
    const lost = await answer(socket).catch((error: unknown) => error);
    expect(lost, 'nobody answers any more').to.be.instanceOf(Error);
  });

  it('goes on in the next process, which writes nothing', async () => {
    const reconciler = await start();
    const socket = await client();
    expect(await answer(socket)).to.equal(first);
    await move(reconciler, second);
    await reconciler.stop();
    writes = 0;
    const next = await start();
    await next.audit();
    expect(writes).to.equal(0);
    expect(shown()).to.deep.equal([`${first} 0 1 0`, `${second} 1 0 0`]);
    expect(await answer(socket)).to.equal(first);
    expect(next.status().draining).to.have.length(1);
  });
});
