import { expect } from 'chai';
import fc from 'fast-check';
import { ServiceHealthServers } from '../../../lib/health/service-health-servers.ts';
import { ManualClock, MemoryLog } from '../reconciler/world.ts';
import { ask, freePorts } from './support.ts';

/** A service comes to want one of the ports, or, with undefined, none; then the event loop may run, or not. */
const step = fc.record({
  service: fc.constantFrom('a/one', 'a/two', 'a/three'),
  port: fc.option(fc.nat(2), { nil: undefined }),
  breathe: fc.boolean(),
});

describe('ServiceHealthServers, in any order of changes,', function () {
  /** The service that answers at a port; undefined where none does. */
  async function serverAt(port: number): Promise<string | undefined> {
    const answer = await ask(port).catch(() => undefined);
    if (answer === undefined) return undefined;
    const { service } = JSON.parse(answer.body) as { service: { namespace: string; name: string } };
    return `${service.namespace}/${service.name}`;
  }

  it('serve each port that is wanted for one that wants it, and no other, and leave no one waiting for what is free', async () => {
    const ports = await freePorts(3);
    const property = fc.asyncProperty(fc.array(step, { maxLength: 25 }), async (steps) => {
      const clock = new ManualClock();
      const troubled = new Set<string>();
      const servers = new ServiceHealthServers(
        {
          healthy: () => true,
          clock,
          random: () => 0.5,
          log: new MemoryLog(),
          told: (service, trouble) => {
            if (trouble === undefined) troubled.delete(service);
            else troubled.add(service);
          },
        },
        ['127.0.0.1'],
      );
      const wanted = new Map<string, number>();
      for (const { service, port: index, breathe } of steps) {
        const port = index === undefined ? undefined : ports[index];
        if (port === undefined) wanted.delete(service);
        else wanted.set(service, port);
        servers.set(service, port === undefined ? undefined : { port, localEndpoints: 1 });
        if (breathe) await new Promise((resolve) => setImmediate(resolve));
      }
      try {
        for (const port of ports) {
          const wanting = [...wanted].filter(([, its]) => its === port).map(([service]) => service);
          let serving = await serverAt(port);
          while ((serving === undefined) !== (wanting.length === 0)) {
            clock.advance(30_000);
            serving = await serverAt(port);
          }
          if (serving !== undefined) expect(wanting).to.include(serving);
          const others = wanting.filter((service) => service !== serving);
          while (!others.every((service) => troubled.has(service))) await serverAt(port);
          if (serving !== undefined) expect(troubled.has(serving)).to.equal(false);
        }
        for (const service of troubled) expect(wanted.has(service)).to.equal(true);
      } finally {
        servers.close();
      }
    });
    await fc.assert(property, { numRuns: 60 });
  });
});
