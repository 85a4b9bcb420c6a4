import { expect } from 'chai';
import type { EndpointSlice } from '../../../lib/model/endpoint-slice.ts';
import type { IpFamily } from '../../../lib/model/family.ts';
import type { ServicePort } from '../../../lib/model/service.ts';
import { endpointsOf, readyOf } from '../../../lib/planner/endpoints.ts';
import { endpoint, node, servicePort, slice, slicePort } from '../fixtures.ts';

/** Endpoints `10.0.1.1` and on, as many as asked for, of which the given ones (counted from 1) are not ready. */
function hosts(
  count: number,
  unready: readonly number[] = [],
  prefix = '10.0.1',
): ReturnType<typeof endpoint>[] {
  return Array.from({ length: count }, (_, index) => {
    const up = !unready.includes(index + 1);
    return endpoint(`${prefix}.${index + 1}`, { ready: up, serving: up });
  });
}

interface Found {
  /** `address port`, with ` local` behind it for those of this node. */
  readonly all: string[];
  readonly ready: string[];
}

function find(
  slices: readonly EndpointSlice[],
  port: ServicePort = servicePort(),
  family: IpFamily = 'IPv4',
): Found {
  const endpoints = endpointsOf(slices, port, family, node.name);
  const text = (one: (typeof endpoints)[number]): string =>
    `${one.endpoint.address} ${one.port}${one.local ? ' local' : ''}`;
  return { all: endpoints.map(text), ready: readyOf(endpoints).map(text) };
}

describe('endpointsOf (TestEndpointsMapFromESC)', () => {
  it('1 slice, 2 hosts, ports 80,443', () => {
    const endpoints = [
      endpoint('10.0.1.1'),
      endpoint('10.0.1.2', { nodeName: node.name }),
      endpoint('10.0.1.3'),
    ];
    const slices = [slice(endpoints, { ports: [slicePort(), slicePort({ name: 'p443', port: 443 })] })];

    expect(find(slices).all).to.deep.equal(['10.0.1.1 80', '10.0.1.2 80 local', '10.0.1.3 80']);
    expect(find(slices, servicePort({ name: 'p443' })).all).to.deep.equal([
      '10.0.1.1 443',
      '10.0.1.2 443 local',
      '10.0.1.3 443',
    ]);
  });

  it('2 slices, same port', () => {
    const slices = [slice(hosts(2)), slice(hosts(2, [], '10.0.2'), { name: 'svc1-2' })];

    expect(find(slices).all).to.deep.equal(['10.0.1.1 80', '10.0.1.2 80', '10.0.2.1 80', '10.0.2.2 80']);
  });

  it('2 overlapping slices, same port', () => {
    const slices = [slice(hosts(3)), slice(hosts(4), { name: 'svc1-2' })];

    expect(find(slices).all).to.deep.equal(['10.0.1.1 80', '10.0.1.2 80', '10.0.1.3 80', '10.0.1.4 80']);
  });

  it('2 slices, overlapping endpoints, some endpoints unready in 1 or both', () => {
    const slices = [slice(hosts(3, [1, 2])), slice(hosts(3, [2, 3]), { name: 'svc1-2' })];

    expect(find(slices)).to.deep.equal({
      all: ['10.0.1.1 80', '10.0.1.2 80', '10.0.1.3 80'],
      ready: ['10.0.1.1 80', '10.0.1.3 80'],
    });
  });

  it('2 slices, overlapping endpoints, all unready', () => {
    const slices = [slice(hosts(2, [1, 2])), slice(hosts(2, [1, 2]), { name: 'svc1-2' })];

    expect(find(slices)).to.deep.equal({ all: ['10.0.1.1 80', '10.0.1.2 80'], ready: [] });
  });

  it('gives terminating endpoints, which are not ready', () => {
    const terminating = endpoint('10.0.1.2', { ready: false, serving: true, terminating: true });

    expect(find([slice([endpoint('10.0.1.1'), terminating])])).to.deep.equal({
      all: ['10.0.1.1 80', '10.0.1.2 80'],
      ready: ['10.0.1.1 80'],
    });
  });

  it('Different endpoints with duplicate IPs should not be filtered', () => {
    const slices = [slice(hosts(1)), slice(hosts(1), { name: 'svc1-2', ports: [slicePort({ port: 8080 })] })];

    expect(find(slices).all).to.deep.equal(['10.0.1.1 80', '10.0.1.1 8080']);
  });

  it('sorts by address as text, so that every node has the same order', () => {
    expect(find([slice(hosts(11).reverse())]).all.slice(0, 4)).to.deep.equal([
      '10.0.1.1 80',
      '10.0.1.10 80',
      '10.0.1.11 80',
      '10.0.1.2 80',
    ]);
  });

  describe('of an endpoint listed twice', () => {
    const here = endpoint('10.0.1.1', { nodeName: node.name });
    const there = endpoint('10.0.1.1');

    it('takes the local one of two ready ones', () => {
      for (const order of [
        [here, there],
        [there, here],
      ]) {
        expect(find([slice(order)]).all).to.deep.equal(['10.0.1.1 80 local']);
      }
    });

    it('takes the ready one though the other is local', () => {
      const stale = { ...here, ready: false };
      for (const order of [
        [stale, there],
        [there, stale],
      ]) {
        expect(find([slice(order)]).ready).to.deep.equal(['10.0.1.1 80']);
      }
    });

    it('takes the serving one of two that are not ready', () => {
      const gone = { ...there, ready: false, serving: false };
      const going = { ...there, ready: false, terminating: true };

      expect(endpointsOf([slice([gone, going])], servicePort(), 'IPv4', node.name)[0]?.endpoint).to.equal(
        going,
      );
    });

    it('takes the one that serves until it ends, of two that are not ready, though the other is local', () => {
      const stale = { ...here, ready: false };
      const going = { ...there, ready: false, terminating: true };
      for (const order of [
        [stale, going],
        [going, stale],
      ]) {
        expect(endpointsOf([slice(order)], servicePort(), 'IPv4', node.name)[0]?.endpoint).to.equal(going);
      }
    });
  });

  describe('leaves out', () => {
    it('slices of the other family', () => {
      const slices = [slice(hosts(1)), slice([endpoint('fd00::1')], { name: 'svc1-2' })];

      expect(find(slices).all).to.deep.equal(['10.0.1.1 80']);
      expect(find(slices, servicePort(), 'IPv6').all).to.deep.equal(['fd00::1 80']);
    });

    it('ports of another name with the same number', () => {
      expect(find([slice(hosts(1), { ports: [slicePort({ name: 'p' })] })]).all).to.deep.equal([]);
    });

    it('ports of that name with another protocol', () => {
      expect(find([slice(hosts(1), { ports: [slicePort({ protocol: 'UDP' })] })]).all).to.deep.equal([]);
    });

    it('slices without ports', () => {
      expect(find([slice(hosts(1), { ports: [] })]).all).to.deep.equal([]);
    });
  });

  it('finds the unnamed port of a service with one port', () => {
    const slices = [slice(hosts(1), { ports: [slicePort({ name: '', port: 8080 })] })];

    expect(find(slices, servicePort({ name: '' })).all).to.deep.equal(['10.0.1.1 8080']);
  });
});
