import { expect } from 'chai';
import fc from 'fast-check';
import { fakeKernel } from '../../../lib/kernel/fake-kernel.ts';
import type { PlannedVirtualServer } from '../../../lib/model/plan.ts';
import { type RealServer, realServerKey, virtualServerOf } from '../../../lib/model/real-server.ts';
import { realServerCount, realServersOf, ServerPacker } from '../../../lib/reconciler/packed-server.ts';
import { RealServerLedger } from '../../../lib/reconciler/real-server-ledger.ts';
import { virtualServer } from './world.ts';

interface Sketch {
  readonly server: string;
  readonly places: readonly (Pick<RealServer, 'address' | 'port' | 'weight'> & { readonly upper: number })[];
}

const place = fc.record({
  address: fc.constantFrom('10.1.0.1', '10.1.0.2', '10.1.0.30', 'fd00::1', 'fd00::1:2'),
  port: fc.constantFrom(80, 8080, 53),
  weight: fc.constantFrom(0, 1, 1, 1, 100),
  upper: fc.constantFrom(0, 0, 0, 5),
});

const sketches: fc.Arbitrary<Sketch> = fc.record({
  server: fc.constantFrom('10.0.0.1', '10.0.0.2', 'fd00::a'),
  places: fc.uniqueArray(place, { selector: ({ address, port }) => `${address} ${port}`, maxLength: 6 }),
});

function planned({ server, places }: Sketch): PlannedVirtualServer {
  const virtual = virtualServer(server, 80);
  return {
    server: virtual,
    realServers: places.map(({ address, port, weight, upper }) => ({
      key: realServerKey(virtual.key, address, port),
      ...{ virtualServer: virtual, address, port, weight },
      ...{ forwarding: 'masquerade', upperThreshold: upper, lowerThreshold: 0 },
    })),
  };
}

describe('a packed virtual server', () => {
  it('is unpacked to the real servers that it had, in their order', () => {
    const packer = new ServerPacker();
    fc.assert(
      fc.property(sketches, (sketch) => {
        const { server, realServers } = planned(sketch);
        const packed = packer.pack({ server, realServers });
        expect(realServersOf(packed)).to.deep.equal(realServers);
        expect(realServerCount(packed)).to.equal(realServers.length);
        expect(packed.server).to.equal(server);
      }),
    );
  });

  it('has its key in those of its real servers', () => {
    fc.assert(
      fc.property(sketches, (sketch) => {
        const { server, realServers } = planned(sketch);
        for (const { key } of realServers) expect(virtualServerOf(key)).to.equal(server.key);
      }),
    );
  });
});

describe('the ledger of the real servers', () => {
  type Step = { readonly put: Sketch } | { readonly remove: string } | { readonly write: true };
  const steps: fc.Arbitrary<Step[]> = fc.array(
    fc.oneof(
      sketches.map((put) => ({ put })),
      fc.constantFrom('10.0.0.1', '10.0.0.2', 'fd00::a').map((remove) => ({ remove })),
      fc.constant({ write: true } as const),
    ),
    { maxLength: 20 },
  );

  it('holds what was put last behind each virtual server, and asks for what the kernel lacks of it', () => {
    fc.assert(
      fc.property(steps, (all) => {
        const { realServers: table } = fakeKernel();
        const ledger = new RealServerLedger(table);
        ledger.known = true;
        const packer = new ServerPacker();
        const wanted = new Map<string, readonly RealServer[]>();
        const kernel = new Map<string, RealServer>();
        const write = (): void => {
          const { upserts, removals } = ledger.collect();
          for (const { key, before, after } of [...upserts, ...removals]) {
            expect(kernel.get(key), key).to.deep.equal(before);
            if (after === undefined) kernel.delete(key);
            else kernel.set(key, after);
            ledger.written(key, after);
          }
        };
        for (const step of all) {
          if ('put' in step) {
            const { server, realServers } = planned(step.put);
            wanted.set(server.key, realServers);
            ledger.put(packer.pack({ server, realServers }));
          } else if ('remove' in step) {
            const { key } = virtualServer(step.remove, 80);
            wanted.delete(key);
            ledger.remove(key);
          } else {
            write();
          }
          const expected = [...wanted.values()].flat();
          expect(ledger.size).to.equal(expected.length);
          expect([...ledger.entries()]).to.have.deep.members(expected);
          for (const one of expected) expect(ledger.wanted(one.key), one.key).to.deep.equal(one);
        }
        write();
        expect(ledger.pending).to.equal(0);
        expect([...kernel.values()]).to.have.deep.members([...wanted.values()].flat());
      }),
    );
  });
});
