import { expect } from 'chai';
import fc from 'fast-check';
import { familyOf } from '../../../lib/model/family.ts';
import { setName } from '../../../lib/model/ip-set.ts';
import type { NodeFacts } from '../../../lib/model/node-facts.ts';
import type { ServicePlan } from '../../../lib/model/plan.ts';
import type { PlannerOptions } from '../../../lib/model/planner-options.ts';
import type { ServiceState } from '../../../lib/model/service-state.ts';
import { virtualServerKey } from '../../../lib/model/virtual-server.ts';
import { planService } from '../../../lib/planner/service-plan.ts';
import {
  familiesArbitrary,
  isOf,
  nodeArbitrary,
  plannerOptionsArbitrary,
  serviceStateArbitrary,
  stateInIpv6,
  toIpv6,
} from '../arbitraries.ts';
import { plannerOptions } from '../fixtures.ts';

interface World {
  readonly state: ServiceState;
  readonly node: NodeFacts;
  readonly options: PlannerOptions;
}

const worlds: fc.Arbitrary<World> = fc.record({
  state: familiesArbitrary.chain((families) => serviceStateArbitrary(families)),
  node: nodeArbitrary,
  options: plannerOptionsArbitrary,
});

/** Checks something of the plan of every world. */
function always(check: (plan: ServicePlan, world: World) => void): void {
  fc.assert(
    fc.property(worlds, (world) => {
      check(planService(world.state, world.node, world.options), world);
    }),
    { numRuns: 300 },
  );
}

function planned(plan: ServicePlan): { entries: Set<string>; bound: Set<string> } {
  return {
    entries: new Set(plan.setEntries.map(({ key }) => key)),
    bound: new Set(plan.addresses.map(({ address }) => address)),
  };
}

/** The places where a port of the service may be reached, told in the most direct way. */
function readyPlaces(
  { slices }: ServiceState,
  portName: string,
  protocol: string,
  address: string,
): Set<string> {
  return new Set(
    slices
      .filter(({ family }) => family === familyOf(address))
      .flatMap(({ ports, endpoints }) =>
        ports
          .filter((port) => port.name === portName && port.protocol === protocol)
          .flatMap(({ port }) => endpoints.filter((one) => one.ready).map((one) => `${one.address} ${port}`)),
      ),
  );
}

/** What a plan says but for its keys, one line a thing. */
function linesOf(plan: ServicePlan): string[] {
  return [
    ...plan.virtualServers.flatMap(({ server, realServers }) => {
      const { protocol, address, port, scheduler, flags, timeout, persistencePrefix } = server;
      const id = `${protocol} ${address} ${port}`;
      return [
        `${id} ${scheduler} ${flags} ${timeout} prefix ${persistencePrefix}`,
        ...realServers.map((one) => `${id} -> ${one.address} ${one.port} ${one.weight}`),
      ];
    }),
    ...plan.setEntries.map(({ set, element }) => `${set} ${element}`),
    ...plan.addresses.map(({ address }) => `bound ${address}`),
  ];
}

describe('every service plan', () => {
  it('is the same when it is made again', () => {
    always((plan, { state, node, options }) => {
      expect(planService(structuredClone(state), structuredClone(node), options)).to.deep.equal(plan);
    });
  });

  it('does not depend on the order of slices, nor of endpoints and ports within them', () => {
    always((plan, { state, node, options }) => {
      const slices = state.slices
        .map((slice) => ({
          ...slice,
          endpoints: slice.endpoints.toReversed(),
          ports: slice.ports.toReversed(),
        }))
        .reverse();

      expect(planService({ ...state, slices }, node, options)).to.deep.equal(plan);
    });
  });

  it('lists nothing twice', () => {
    always((plan) => {
      const lists = [
        plan.virtualServers.map(({ server }) => server),
        plan.virtualServers.flatMap(({ realServers }) => realServers),
        plan.setEntries,
        plan.addresses,
      ];
      for (const list of lists) {
        expect(new Set(list.map(({ key }) => key))).to.have.lengthOf(list.length);
      }
    });
  });

  it('has virtual servers on bound addresses and on addresses of the node only', () => {
    always((plan, { node }) => {
      const { bound } = planned(plan);
      for (const { server } of plan.virtualServers) {
        expect([...bound, ...node.addresses]).to.include(server.address);
        expect(server.key).to.equal(virtualServerKey(server));
      }
    });
  });

  it('binds the cluster IPs of the families that the host has, never an address of the node', () => {
    always((plan, { state, options }) => {
      const { bound } = planned(plan);
      const wanted = state.service.clusterIPs.filter((address) =>
        options.families.includes(familyOf(address)),
      );

      expect([...bound]).to.deep.equal(wanted);
    });
  });

  it('lists every bound address in KUBE-IPVS-IPS', () => {
    always((plan) => {
      const { bound, entries } = planned(plan);
      for (const address of bound) {
        expect(entries).to.include(`${setName('KUBE-IPVS-IPS', familyOf(address))} ${address}`);
      }
    });
  });

  it('lists every virtual server of a cluster IP in KUBE-CLUSTER-IP', () => {
    always((plan) => {
      const { bound, entries } = planned(plan);
      for (const { server } of plan.virtualServers.filter((one) => bound.has(one.server.address))) {
        const set = setName('KUBE-CLUSTER-IP', familyOf(server.address));
        expect(entries).to.include(
          `${set} ${server.address},${server.protocol.toLowerCase()}:${server.port}`,
        );
      }
    });
  });

  it('serves every port on its cluster IPs and, by its node port, on every address of the node of those families', () => {
    always((plan, { state, node, options }) => {
      const { clusterIPs, ports } = state.service;
      const served = clusterIPs.filter((address) => options.families.includes(familyOf(address)));
      const wanted = served.flatMap((clusterIp) =>
        ports.flatMap(({ protocol, port, nodePort }) => [
          virtualServerKey({ protocol, address: clusterIp, port }),
          ...node.addresses
            .filter((address) => nodePort !== 0 && isOf(familyOf(clusterIp))(address))
            .map((address) => virtualServerKey({ protocol, address, port: nodePort })),
        ]),
      );

      expect(plan.virtualServers.map(({ server }) => server.key)).to.have.members(wanted);
    });
  });

  it('forwards to every ready endpoint of the family at the port of that name, and to nothing else, with weight 1', () => {
    always((plan, { state }) => {
      for (const { server, realServers } of plan.virtualServers) {
        const port = state.service.ports.find(
          (one) =>
            one.protocol === server.protocol &&
            server.port === (state.service.clusterIPs.includes(server.address) ? one.port : one.nodePort),
        );
        const places = readyPlaces(state, port?.name ?? 'missing', server.protocol, server.address);

        expect(
          realServers.every(({ weight, forwarding }) => weight === 1 && forwarding === 'masquerade'),
        ).to.equal(true);
        expect(realServers.every(({ virtualServer }) => virtualServer === server)).to.equal(true);
        expect(realServers.map(({ address, port: at }) => `${address} ${at}`)).to.have.members([...places]);
      }
    });
  });

  it('is the same in IPv6 as in IPv4, but for the addresses and the names of sets', () => {
    const ipv4 = fc.record({
      state: serviceStateArbitrary(['IPv4'], ['IPv4']),
      node: nodeArbitrary.map(({ addresses, ...rest }) => ({
        ...rest,
        addresses: addresses.filter(isOf('IPv4')),
      })),
    });
    const translate = (line: string): string =>
      line
        .replaceAll(/\d+\.\d+\.\d+\.\d+/g, toIpv6)
        .replace(/^KUBE-/, 'KUBE-6-')
        .replace('prefix 32', 'prefix 128');
    fc.assert(
      fc.property(ipv4, ({ state, node }) => {
        const plan = planService(state, node, plannerOptions());
        const nodeInIpv6 = { ...node, addresses: node.addresses.map(toIpv6) };
        const inIpv6 = planService(stateInIpv6(state), nodeInIpv6, plannerOptions());

        expect(linesOf(inIpv6)).to.have.members(linesOf(plan).map(translate));
      }),
      { numRuns: 300 },
    );
  });
});
