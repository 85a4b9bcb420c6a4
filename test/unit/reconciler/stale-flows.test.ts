import { expect } from 'chai';
import { FakeFlows } from '../../../lib/kernel/fake-flows.ts';
import type { Flow } from '../../../lib/kernel/flow-table.ts';
import { TableError } from '../../../lib/kernel/table.ts';
import type { ServicePlan } from '../../../lib/model/plan.ts';
import type { Protocol } from '../../../lib/model/protocol.ts';
import { runOnce } from '../../../lib/reconciler/once.ts';
import type { ReconcilerOptions } from '../../../lib/reconciler/reconciler.ts';
import type { FlowsReport } from '../../../lib/reconciler/stale-flows.ts';
import { planOf, realServer, type Sketch, virtualServer, World } from './world.ts';

const vip = '10.0.0.1';
const first = '10.1.0.1';
const second = '10.1.0.2';
const told = 'flows that led to no endpoint were forgotten';

/** The plan of `planOf` with another protocol. */
function planBy(protocol: Protocol, service: string, sketch: Sketch): ServicePlan {
  const plan = planOf(service, sketch);
  const virtualServers = plan.virtualServers.map(({ server: { address, port } }) => {
    const server = virtualServer(address, port, { protocol });
    return { server, realServers: sketch.endpoints.map((endpoint) => realServer(server, endpoint)) };
  });
  return { ...plan, virtualServers };
}

/** A flow to the virtual server that is answered from an endpoint's port. */
function flow(
  server: string,
  asked: { address?: string; port?: number; protocol?: Protocol; from?: number } = {},
): Flow {
  const { address = vip, port = 80, protocol = 'UDP', from = 8080 } = asked;
  return { protocol, destination: { address, port }, server: { address: server, port: from } };
}

/** A world whose services are of UDP, but for those whose name says otherwise: `a/sctp`, `a/tcp`. */
function worldWith(flows: FakeFlows, options: Partial<ReconcilerOptions> = {}): World {
  const world: World = new World({
    flows,
    plan: (service) => {
      const sketch = world.services.get(service);
      const protocol = service.endsWith('tcp') ? 'TCP' : service.endsWith('sctp') ? 'SCTP' : 'UDP';
      return sketch && planBy(protocol, service, sketch);
    },
    ...options,
  });
  return world;
}

/** The same, running with one service, and everything that led to it until then forgotten. */
async function running(
  flows: FakeFlows,
  service = 'a/udp',
  endpoints: readonly string[] = [first],
): Promise<World> {
  const world = worldWith(flows);
  world.services.set(service, { vip, endpoints });
  await world.start();
  flows.looks.length = 0;
  return world;
}

describe('flows to endpoints that are gone', () => {
  let flows: FakeFlows;

  beforeEach(() => {
    flows = new FakeFlows();
  });

  it('are forgotten once their real server has gone, and no others', async () => {
    const world = await running(flows, 'a/udp', [first, second]);
    const kept = [
      flow(second),
      flow(first, { port: 81 }),
      flow(first, { address: '10.0.0.2' }),
      flow(first, { protocol: 'TCP' }),
    ];
    flows.flows = [flow(first), ...kept, flow(second, { from: 53 })];
    await world.change({ 'a/udp': { vip, endpoints: [second] } });
    expect(flows.flows).to.deep.equal(kept);
    expect(world.log.lines.filter(({ message }) => message === told)).to.deep.equal([
      {
        level: 'info',
        message: told,
        fields: { flows: 2, virtualServers: ['UDP 10.0.0.1:80'], count: 1 },
      },
    ]);
  });

  it('are forgotten when the whole service has gone', async () => {
    const world = await running(flows);
    flows.flows = [flow(first), flow(vip, { from: 80 })];
    await world.change({ 'a/udp': undefined });
    expect(flows.flows).to.be.empty;
  });

  it('are forgotten when a service comes, or its first endpoint', async () => {
    const world = await running(flows);
    const untranslated = flow('10.0.0.2', { address: '10.0.0.2', from: 80 });
    for (const endpoints of [[], [first, second]]) {
      flows.flows = [untranslated];
      await world.change({ 'a/new': { vip: '10.0.0.2', endpoints } });
      expect(flows.flows, endpoints.join()).to.be.empty;
    }
  });

  it('are forgotten for SCTP as for UDP, and never for TCP', async () => {
    for (const [service, protocol, left] of [
      ['a/sctp', 'SCTP', 0],
      ['a/tcp', 'TCP', 1],
    ] as const) {
      const world = await running(flows, service);
      flows.flows = [flow(first, { protocol })];
      await world.change({ [service]: { vip, endpoints: [second] } });
      expect(flows.flows, protocol).to.have.length(left);
      expect(flows.looks, protocol).to.have.length(1 - left);
    }
  });

  it('are not looked for where endpoints only come, nothing changes, or a service of TCP does', async () => {
    const world = await running(flows);
    await world.change({ 'a/udp': { vip, endpoints: [first, second] } });
    await world.change({ 'a/udp': { vip, endpoints: [first, second] } });
    await world.change({ 'a/tcp': { vip: '10.0.0.9', endpoints: [first] } });
    await world.change({ 'a/tcp': { vip: '10.0.0.9', endpoints: [] } });
    await world.audit();
    expect(flows.looks).to.be.empty;
  });

  it('are looked for once for all virtual servers of a family and a protocol, as narrowly as can be', async () => {
    const world = await running(flows);
    const change = (endpoints: readonly string[]): Promise<void> =>
      world.change({
        'a/udp': { vip, endpoints },
        'a/two': { vip, endpoints, ports: [53, 54] },
        'a/six': { vip: 'fd00::1', endpoints: endpoints.map((address) => `fd00:${address}`), ports: [53] },
        'a/seven': { vip: 'fd00::2', endpoints: endpoints.map((address) => `fd00:${address}`), ports: [53] },
      });
    await change([first]);
    flows.looks.length = 0;
    await change([second]);
    expect(flows.looks).to.deep.equal([
      { family: 'IPv4', protocol: 'UDP', address: vip, port: undefined },
      { family: 'IPv6', protocol: 'UDP', address: undefined, port: 53 },
    ]);
  });

  describe('from before the start', () => {
    it('are looked for once, when everything is in the kernel', async () => {
      const world = worldWith(flows);
      world.services.set('a/udp', { vip, endpoints: [first] });
      world.services.set('a/tcp', { vip, endpoints: [first], ports: [443] });
      const kept = [flow(first), flow(second, { address: '10.0.0.7' })];
      flows.flows = [flow(second), ...kept];
      await world.start();
      expect(flows.flows).to.deep.equal(kept);
      expect(flows.looks).to.deep.equal([{ family: 'IPv4', protocol: 'UDP', address: vip, port: 80 }]);
    });

    it('are looked for where a service is of SCTP', async () => {
      const world = worldWith(flows);
      world.services.set('a/sctp', { vip, endpoints: [first] });
      const kept = flow(first, { protocol: 'SCTP' });
      flows.flows = [flow(second, { protocol: 'SCTP' }), kept];
      await world.start();
      expect(flows.flows).to.deep.equal([kept]);
    });

    it('are forgotten by a single run too', async () => {
      const world = worldWith(flows);
      world.services.set('a/udp', { vip, endpoints: [first] });
      flows.flows = [flow(second)];
      await runOnce(world.options(), world.byAge());
      expect(flows.flows).to.be.empty;
    });

    it('are not looked for where there is no service of UDP or SCTP', async () => {
      const world = worldWith(flows);
      world.services.set('a/tcp', { vip, endpoints: [first] });
      await world.start();
      expect(flows.looks).to.be.empty;
    });
  });

  it('are told once where they cannot be read, hold up nothing, and are looked for again a minute later', async () => {
    const world = await running(flows);
    flows.flows = [flow(first)];
    flows.failure = new TableError('flows', 'EPERM', 'expected to read');
    await world.change({ 'a/udp': { vip, endpoints: [second] } });
    expect(world.keys('realServers')).to.deep.equal([`UDP ${vip}:80 -> ${second}:8080`]);
    for (let minutes = 0; minutes < 3; minutes += 1) await world.pass(60_000);
    expect(world.log.at('warn')).to.have.length(1);
    flows.failure = undefined;
    await world.pass(60_000);
    expect(flows.flows).to.be.empty;
    await world.pass(600_000);
    expect(flows.looks).to.have.length(1);
  });

  it('are looked for less often where a look takes long', async () => {
    const reports: FlowsReport[] = [];
    const world = worldWith(flows, { listener: { flowsLookedAt: (report) => reports.push(report) } });
    world.services.set('a/udp', { vip, endpoints: [first] });
    flows.spend = () => {
      world.clock.advance(500);
    };
    await world.start();
    for (const endpoint of [second, first, second]) {
      flows.flows = [flow(first), flow(second)];
      await world.change({ 'a/udp': { vip, endpoints: [endpoint] } });
    }
    expect(reports).to.deep.equal([{ family: 'IPv4', forgotten: 0, milliseconds: 500 }]);
    await world.pass(10_000);
    expect(reports).to.deep.equal([
      { family: 'IPv4', forgotten: 0, milliseconds: 500 },
      { family: 'IPv4', forgotten: 1, milliseconds: 500 },
    ]);
    expect(flows.flows).to.deep.equal([flow(second)]);
  });
});
