import { expect } from 'chai';
import type { Endpoint, EndpointSlice } from '../../../lib/model/endpoint-slice.ts';
import type { ServicePlan } from '../../../lib/model/plan.ts';
import { planService } from '../../../lib/planner/service-plan.ts';
import {
  endpoint,
  forwardingOf,
  node,
  plannerOptions,
  service,
  servicePort,
  slice,
  slicePort,
  state,
} from '../fixtures.ts';

/** A slice with ports told as `name: number`. */
function ports(
  endpoints: readonly Endpoint[],
  named: Record<string, number>,
  name = 'svc1-1',
): EndpointSlice {
  const list = Object.entries(named).map(([portName, port]) => slicePort({ name: portName, port }));
  return slice(endpoints, { name, ports: list });
}

const [one, two, three, four] = ['1.1.1.1', '1.1.1.2', '2.2.2.1', '2.2.2.2'].map((address) =>
  endpoint(address),
);
const here = endpoint('1.1.1.1', { nodeName: node.name });

/** What is behind each of the ports p11, p12, p13 and p21 of a service, before and after its slices changed. */
const cases: Record<
  string,
  {
    before: EndpointSlice[];
    after: EndpointSlice[];
    was: Record<string, string[]>;
    is: Record<string, string[]>;
  }
> = {
  nothing: { before: [], after: [], was: {}, is: {} },
  'no change, named port, local': {
    before: [ports([here], { p11: 11 })],
    after: [ports([here], { p11: 11 })],
    was: { p11: ['1.1.1.1 11'] },
    is: { p11: ['1.1.1.1 11'] },
  },
  'no change, multiple subsets': {
    before: [ports([one!], { p11: 11 }), ports([two!], { p12: 12 }, 'svc1-2')],
    after: [ports([one!], { p11: 11 }), ports([two!], { p12: 12 }, 'svc1-2')],
    was: { p11: ['1.1.1.1 11'], p12: ['1.1.1.2 12'] },
    is: { p11: ['1.1.1.1 11'], p12: ['1.1.1.2 12'] },
  },
  'add an Endpoints': {
    before: [],
    after: [ports([one!], { p11: 11 })],
    was: {},
    is: { p11: ['1.1.1.1 11'] },
  },
  'remove an Endpoints': {
    before: [ports([one!], { p11: 11 })],
    after: [],
    was: { p11: ['1.1.1.1 11'] },
    is: {},
  },
  'add an IP and port': {
    before: [ports([one!], { p11: 11 })],
    after: [ports([one!, two!], { p11: 11, p12: 12 })],
    was: { p11: ['1.1.1.1 11'] },
    is: { p11: ['1.1.1.1 11', '1.1.1.2 11'], p12: ['1.1.1.1 12', '1.1.1.2 12'] },
  },
  'remove an IP and port': {
    before: [ports([one!, two!], { p11: 11, p12: 12 })],
    after: [ports([one!], { p11: 11 })],
    was: { p11: ['1.1.1.1 11', '1.1.1.2 11'], p12: ['1.1.1.1 12', '1.1.1.2 12'] },
    is: { p11: ['1.1.1.1 11'] },
  },
  'add a subset': {
    before: [ports([one!], { p11: 11 })],
    after: [ports([one!], { p11: 11 }), ports([three!], { p21: 21 }, 'svc1-2')],
    was: { p11: ['1.1.1.1 11'] },
    is: { p11: ['1.1.1.1 11'], p21: ['2.2.2.1 21'] },
  },
  'remove a subset': {
    before: [ports([one!], { p11: 11 }), ports([three!], { p21: 21 }, 'svc1-2')],
    after: [ports([one!], { p11: 11 })],
    was: { p11: ['1.1.1.1 11'], p21: ['2.2.2.1 21'] },
    is: { p11: ['1.1.1.1 11'] },
  },
  'rename a port': {
    before: [ports([one!], { p11: 11 })],
    after: [ports([one!], { p12: 11 })],
    was: { p11: ['1.1.1.1 11'] },
    is: { p12: ['1.1.1.1 11'] },
  },
  'renumber a port': {
    before: [ports([one!], { p11: 11 })],
    after: [ports([one!], { p11: 22 })],
    was: { p11: ['1.1.1.1 11'] },
    is: { p11: ['1.1.1.1 22'] },
  },
  'complex add and remove': {
    before: [ports([one!, two!], { p11: 11, p12: 12 }), ports([three!], { p21: 21 }, 'svc1-2')],
    after: [ports([two!], { p12: 12, p13: 13 }), ports([three!, four!], { p21: 22 }, 'svc1-3')],
    was: { p11: ['1.1.1.1 11', '1.1.1.2 11'], p12: ['1.1.1.1 12', '1.1.1.2 12'], p21: ['2.2.2.1 21'] },
    is: { p12: ['1.1.1.2 12'], p13: ['1.1.1.2 13'], p21: ['2.2.2.1 22', '2.2.2.2 22'] },
  },
  'change from 0 endpoint address to 1 named port': {
    before: [slice([], { family: 'IPv4', ports: [] })],
    after: [ports([one!], { p11: 11 })],
    was: {},
    is: { p11: ['1.1.1.1 11'] },
  },
};

const names = ['p11', 'p12', 'p13', 'p21'];
const servicePorts = names.map((name) => servicePort({ name, port: Number(name.slice(1)) }));

function plan(slices: EndpointSlice[]): ServicePlan {
  return planService(state(service({ ports: servicePorts }), ...slices), node, plannerOptions());
}

/** Every port of the service has its virtual server; those that nothing is told of have no real server. */
function expected(behind: Record<string, string[]>): Record<string, string[]> {
  return Object.fromEntries(names.map((name) => [`TCP 172.16.55.4:${name.slice(1)}`, behind[name] ?? []]));
}

describe('a change of endpoints (Test_updateEndpointsMap, TestEndpointSliceE2E)', () => {
  for (const [name, { before, after, was, is }] of Object.entries(cases)) {
    it(name, () => {
      expect(forwardingOf(plan(before))).to.deep.equal(expected(was));
      expect(forwardingOf(plan(after))).to.deep.equal(expected(is));
    });
  }
});
