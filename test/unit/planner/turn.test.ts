import { expect } from 'chai';
import type { Service } from '../../../lib/model/service.ts';
import type { PortEndpoint } from '../../../lib/planner/endpoints.ts';
import { inTurn, turnOf } from '../../../lib/planner/turn.ts';
import { endpoint, service } from '../fixtures.ts';

function endpoints(count: number): PortEndpoint[] {
  return Array.from({ length: count }, (_, index) => ({
    endpoint: endpoint(`10.1.${index >> 8}.${index & 255}`),
    port: 80,
    local: false,
  }));
}

function addresses(list: readonly PortEndpoint[]): string[] {
  return list.map((one) => one.endpoint.address);
}

const web = service({ name: 'web' });

function firstOf(node: string, of: Service, count: number): string {
  return inTurn(endpoints(count), turnOf(node, of, 'rr'))[0]!.endpoint.address;
}

describe('the turn of a node', () => {
  const nodes = Array.from({ length: 1000 }, (_, index) => `worker-${index}.example.com`);

  it('begins at another endpoint on each node, as many nodes at each as by chance (#121591)', () => {
    const counts = Map.groupBy(nodes, (name) => firstOf(name, web, 10));

    expect(counts.size).to.equal(10);
    for (const [address, group] of counts) expect(group.length, address).to.be.within(60, 150);
  });

  it('begins at another endpoint for each service', () => {
    const firsts = new Set(nodes.map((name) => firstOf('worker-1', service({ name }), 10)));

    expect(firsts.size).to.equal(10);
  });

  it('keeps every endpoint, and their order around', () => {
    const all = endpoints(7);
    const turned = addresses(inTurn(all, turnOf('worker-3', web, 'rr')));
    const start = addresses(all).indexOf(turned[0]!);

    expect(turned).to.deep.equal([...addresses(all).slice(start), ...addresses(all).slice(0, start)]);
  });

  it('begins where it began when another endpoint goes', () => {
    const turn = turnOf('worker-3', web, 'rr');
    const turned = inTurn(endpoints(7), turn);
    const [first, gone] = addresses(turned);
    const left = endpoints(7).filter((one) => one.endpoint.address !== gone);

    expect(inTurn(left, turn)[0]?.endpoint.address).to.equal(first);
  });

  for (const scheduler of ['mh', 'sh', 'dh']) {
    it(`is no other for ${scheduler}, whose table depends on the order`, () => {
      const all = endpoints(7);

      expect(turnOf('worker-3', web, scheduler)).to.equal(undefined);
      expect(inTurn(all, undefined)).to.equal(all);
    });
  }
});
