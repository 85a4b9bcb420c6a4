import { expect } from 'chai';
import fc from 'fast-check';
import { Catalog } from '../../../lib/catalog/catalog.ts';
import type { EndpointSlice } from '../../../lib/model/endpoint-slice.ts';
import type { Service } from '../../../lib/model/service.ts';
import type { ServiceState } from '../../../lib/model/service-state.ts';
import { endpoint, service, slice } from '../fixtures.ts';

const services = ['svc0', 'svc1', 'svc2'];
const sliceNames = ['a', 'b', 'c'];

type Write =
  | { readonly kind: 'set service'; readonly name: string; readonly affinityTimeout: number }
  | { readonly kind: 'delete service'; readonly name: string }
  | { readonly kind: 'set slice'; readonly name: string; readonly service: string; readonly address: string }
  | { readonly kind: 'delete slice'; readonly name: string };

const writes: fc.Arbitrary<Write[]> = fc.array(
  fc.oneof(
    fc.record({
      kind: fc.constant('set service' as const),
      name: fc.constantFrom(...services),
      affinityTimeout: fc.constantFrom(0, 60),
    }),
    fc.record({ kind: fc.constant('delete service' as const), name: fc.constantFrom(...services) }),
    fc.record({
      kind: fc.constant('set slice' as const),
      name: fc.constantFrom(...sliceNames),
      service: fc.constantFrom(...services),
      address: fc.constantFrom('10.1.1.1', '10.1.1.2'),
    }),
    fc.record({ kind: fc.constant('delete slice' as const), name: fc.constantFrom(...sliceNames) }),
  ),
  { maxLength: 30 },
);

/** What a catalog should hold, kept in the plainest way. */
class Expected {
  readonly #services = new Map<string, Service>();
  readonly #slices = new Map<string, EndpointSlice>();

  write(write: Write, catalog: Catalog): void {
    switch (write.kind) {
      case 'set service': {
        const value = service({ name: write.name, affinityTimeout: write.affinityTimeout });
        this.#services.set(write.name, value);
        catalog.setService(value);
        break;
      }
      case 'delete service':
        this.#services.delete(write.name);
        catalog.deleteService(`ns1/${write.name}`);
        break;
      case 'set slice': {
        const value = slice([endpoint(write.address)], { name: write.name, service: write.service });
        this.#slices.set(write.name, value);
        catalog.setSlice(value);
        break;
      }
      case 'delete slice':
        this.#slices.delete(write.name);
        catalog.deleteSlice('ns1', write.name);
        break;
    }
  }

  states(): Map<string, ServiceState> {
    const sorted = [...this.#slices.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
    return new Map(
      [...this.#services].map(([name, of]) => [
        `ns1/${name}`,
        { service: of, slices: sorted.filter((one) => one.service === name) },
      ]),
    );
  }
}

function statesOf(catalog: Catalog): Map<string, ServiceState | undefined> {
  return new Map([...catalog.keys()].map((key) => [key, catalog.get(key)]));
}

describe('every catalog', () => {
  it('holds what was written, whatever the order of writes', () => {
    fc.assert(
      fc.property(writes, (drawn) => {
        const catalog = new Catalog();
        const expected = new Expected();
        for (const write of drawn) {
          expected.write(write, catalog);
        }

        expect(statesOf(catalog)).to.deep.equal(expected.states());
        expect(catalog.size).to.equal(expected.states().size);
      }),
      { numRuns: 300 },
    );
  });

  it('reports exactly the services that a single write changed', () => {
    fc.assert(
      fc.property(writes, (drawn) => {
        const catalog = new Catalog();
        const expected = new Expected();
        for (const write of drawn) {
          const before = expected.states();
          expected.write(write, catalog);
          const after = expected.states();
          const changed = services
            .map((name) => `ns1/${name}`)
            .filter((key) => JSON.stringify(before.get(key)) !== JSON.stringify(after.get(key)));

          expect([...catalog.takeChanged()]).to.have.members(changed);
        }
      }),
      { numRuns: 300 },
    );
  });
});
