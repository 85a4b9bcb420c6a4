import { expect } from 'chai';
import fc from 'fast-check';
import type { Endpoint } from '../../../lib/model/endpoint-slice.ts';
import { familyOf } from '../../../lib/model/family.ts';
import { kubeSetsByName, setName } from '../../../lib/model/ip-set.ts';
import type { NodeFacts } from '../../../lib/model/node-facts.ts';
import type { ServicePlan } from '../../../lib/model/plan.ts';
import type { PlannerOptions } from '../../../lib/model/planner-options.ts';
import type { TrafficPolicy } from '../../../lib/model/service.ts';
import type { ServiceState } from '../../../lib/model/service-state.ts';
import type { VirtualServer } from '../../../lib/model/virtual-server.ts';
import { virtualServerKey } from '../../../lib/model/virtual-server.ts';
import { clusterEndpointsOf } from '../../../lib/planner/endpoint-choice.ts';
import { endpointsOf } from '../../../lib/planner/endpoints.ts';
import { planService } from '../../../lib/planner/service-plan.ts';
import { refusedAddresses } from '../../../lib/planner/refused-addresses.ts';
import {
  cidrsInIpv6,
  familiesArbitrary,
  isOf,
  nodeArbitrary,
  plannerOptionsArbitrary,
  serviceStateArbitrary,
  stateInIpv6,
  toIpv6,
} from '../arbitraries.ts';
import { entriesOf, plannerOptions } from '../fixtures.ts';

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
    entries: new Set(entriesOf(plan).map(({ key }) => key)),
    bound: new Set(plan.addresses.map(({ address }) => address)),
  };
}

/** The external IPs and load balancer addresses that the service is to be served on, told in the most direct way. */
function outerAddresses({ state: { service }, node, options }: World): string[] {
  const refused = new Set(refusedAddresses(service, node, options).map(({ got }) => got));
  const ingress = service.loadBalancerIngress.filter(({ ipMode }) => ipMode === 'VIP');
  return [...service.externalIPs, ...ingress.map(({ address }) => address)].filter(
    (address) => options.families.includes(familyOf(address)) && !refused.has(address),
  );
}

/** The port of the service that a virtual server stands for; numbers of ports and node ports do not meet here. */
function portOf({ service }: ServiceState, server: VirtualServer): ServiceState['service']['ports'][number] {
  return service.ports.find(
    ({ protocol, port, nodePort }) =>
      protocol === server.protocol && (port === server.port || nodePort === server.port),
  )!;
}

function preference(endpoint: Endpoint, node: NodeFacts): number {
  const { ready, nodeName, serving, terminating } = endpoint;
  const untilItEnds = !ready && serving && terminating;
  const [first, second] = [Number(ready) * 16, Number(untilItEnds) * 8];
  return first + second + Number(nodeName === node.name) * 4 + Number(serving) * 2 + Number(!terminating);
}

/** Whether an endpoint counts rather than another one that is listed for the same place. */
function counts(one: Endpoint, other: Endpoint, node: NodeFacts): boolean {
  const rest = ({ nodeName, nodeHints, zoneHints }: Endpoint): string =>
    [nodeName, nodeHints, zoneHints].join(';');
  const difference = preference(one, node) - preference(other, node);
  return difference > 0 || (difference === 0 && rest(one) < rest(other));
}

/** Every place at which a port may be reached in a family, with the endpoint that counts of those listed for it. */
function placesOf({ state, node }: World, server: VirtualServer): Map<string, Endpoint> {
  const port = portOf(state, server);
  const places = new Map<string, Endpoint>();
  for (const { family, ports, endpoints } of state.slices) {
    for (const slicePort of ports) {
      if (family !== familyOf(server.address)) continue;
      if (slicePort.name !== port.name || slicePort.protocol !== port.protocol) continue;
      for (const endpoint of endpoints) {
        const place = `${endpoint.address} ${slicePort.port}`;
        const other = places.get(place);
        if (other === undefined || counts(endpoint, other, node)) {
          places.set(place, endpoint);
        }
      }
    }
  }
  return places;
}

/** Where a policy sends to, told in the most direct way. */
function chosen(world: World, server: VirtualServer, policy: TrafficPolicy): string[] {
  const { node } = world;
  const all = [...placesOf(world, server)].filter(
    ([, { nodeName }]) => policy === 'Cluster' || nodeName === node.name,
  );
  const ready = all.filter(([, one]) => one.ready);
  const last = all.filter(([, one]) => one.serving && one.terminating);
  const used = ready.length === 0 ? last : ready;
  const hinted = (place: string, hints: (one: Endpoint) => readonly string[]): typeof used =>
    policy === 'Cluster' && used === ready && place !== '' && ready.every(([, one]) => hints(one).length > 0)
      ? ready.filter(([, one]) => hints(one).includes(place))
      : [];
  const byNode = hinted(node.name, (one) => one.nodeHints);
  const byZone = hinted(node.zone, (one) => one.zoneHints);
  return [byNode, byZone, used].find((list) => list.length > 0)?.map(([place]) => place) ?? [];
}

/** Where a virtual server is to send to. */
function expectedPlaces(world: World, server: VirtualServer): string[] {
  const { service } = world.state;
  if (service.clusterIPs.includes(server.address)) {
    return chosen(world, server, service.internalTrafficPolicy);
  }
  const places = chosen(world, server, service.externalTrafficPolicy);
  return places.length === 0 ? chosen(world, server, 'Cluster') : places;
}

/** What a plan says but for its keys, one line a thing. */
function linesOf(plan: ServicePlan): string[] {
  return [
    ...plan.virtualServers.flatMap(({ server, realServers }) => {
      const { protocol, address, port, scheduler, flags, timeout, persistencePrefix } = server;
      const id = `${protocol} ${address} ${port}`;
      return [
        `${id} ${scheduler} ${flags} ${timeout} prefix ${persistencePrefix}`,
        ...realServers.map(
          (one) => `${id} -> ${one.address} ${one.port} ${one.weight} ${one.upperThreshold}`,
        ),
      ];
    }),
    ...entriesOf(plan).map(({ set, element }) => `${set} ${element}`),
    ...plan.addresses.map(({ address }) => `bound ${address}`),
    `drain ${plan.drainTimeout ?? 'as usual'}, healthy ${plan.health?.localEndpoints ?? 'not asked'}`,
    ...(plan.missingLocal ?? []).map(({ policy }) => `missing ${policy}`),
  ];
}

function elementOf({ address, protocol, port }: VirtualServer): string {
  return `${address},${protocol.toLowerCase()}:${port}`;
}

function has(plan: ServicePlan, set: Parameters<typeof setName>[0], server: VirtualServer): boolean {
  return planned(plan).entries.has(`${setName(set, familyOf(server.address))} ${elementOf(server)}`);
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

  it('follows the same hints of two that are listed for one place, whichever comes first', () => {
    const hinted = (address: string, nodeHints: readonly string[]): Endpoint => ({
      ...{ address, ready: true, serving: true, terminating: false, nodeName: '', zone: '' },
      ...{ nodeHints, zoneHints: [] },
    });
    const endpoints = [hinted('10.1.0.1', ['other']), hinted('10.1.0.1', []), hinted('10.1.0.2', ['here'])];
    const port = { name: '', protocol: 'TCP', port: 80, nodePort: 0 } as const;
    const slice = {
      namespace: 'a',
      name: 'a',
      service: 'a',
      family: 'IPv4',
      ports: [port],
      triggered: 0,
    } as const;
    const node: NodeFacts = { name: 'here', zone: '', addresses: [] };
    const found = [endpoints, endpoints.toReversed()].map((order) =>
      clusterEndpointsOf(endpointsOf([{ ...slice, endpoints: order }], port, 'IPv4', 'here'), node),
    );
    expect(found[0]).to.deep.equal(found[1]);
  });

  it('lists nothing twice', () => {
    always((plan) => {
      const lists = [
        plan.virtualServers.map(({ server }) => server),
        plan.virtualServers.flatMap(({ realServers }) => realServers),
        entriesOf(plan),
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

  it('binds the cluster IPs and the outer addresses that the node does not have, and nothing else', () => {
    always((plan, world) => {
      const { state, node, options } = world;
      const own = state.service.clusterIPs.filter((address) => options.families.includes(familyOf(address)));
      const outer = outerAddresses(world).filter((address) => !node.addresses.includes(address));

      expect([...planned(plan).bound]).to.have.members([...new Set([...own, ...outer])]);
    });
  });

  it('lists every bound address in KUBE-IPVS-IPS, and no other', () => {
    always((plan) => {
      const listed = entriesOf(plan).filter(({ set }) => /^KUBE-(6-)?IPVS-IPS$/.test(set));

      expect(listed.map(({ element }) => element)).to.have.members([...planned(plan).bound]);
    });
  });

  it('serves every port on every address of the service and, by its node port, on every address of the node', () => {
    always((plan, world) => {
      const { state, node, options } = world;
      const { clusterIPs, ports } = state.service;
      const own = clusterIPs.filter((address) => options.families.includes(familyOf(address)));
      const wanted = ports.flatMap(({ protocol, port, nodePort }) => [
        ...[...own, ...outerAddresses(world)].map((address) => virtualServerKey({ protocol, address, port })),
        ...node.addresses
          .filter((address) => nodePort !== 0 && own.some(isOf(familyOf(address))))
          .map((address) => virtualServerKey({ protocol, address, port: nodePort })),
      ]);

      expect(plan.virtualServers.map(({ server }) => server.key)).to.have.members([...new Set(wanted)]);
    });
  });

  it('forwards to the endpoints that the policy of the way chooses, and to nothing else, with weight 1', () => {
    always((plan, world) => {
      for (const { server, realServers } of plan.virtualServers) {
        expect(
          realServers.every(({ weight, forwarding }) => weight === 1 && forwarding === 'masquerade'),
        ).to.equal(true);
        expect(realServers.every(({ virtualServer }) => virtualServer === server)).to.equal(true);
        expect(realServers.map(({ address, port }) => `${address} ${port}`)).to.have.members(
          expectedPlaces(world, server),
        );
      }
    });
  });

  it('has no entry of a set without a virtual server that it is about', () => {
    always((plan, { state }) => {
      const servers = plan.virtualServers.map(({ server }) => server);
      const elements = new Set(servers.map(elementOf));
      const ports = new Set(servers.map(({ port }) => `${port}`));
      ports.add(`${state.service.healthCheckNodePort}`);
      for (const { set, element } of entriesOf(plan)) {
        const type = kubeSetsByName.get(set)?.type;
        if (type === 'bitmap:port') expect(ports).to.include(element);
        else if (type !== 'hash:ip' && !set.endsWith('LOOP-BACK')) {
          expect(elements).to.include(element.split(',', 2).join(','));
        }
      }
    });
  });

  it('has entries of each family in the sets of that family', () => {
    always((plan, { options }) => {
      for (const { set, element } of entriesOf(plan)) {
        const { type, family } = kubeSetsByName.get(set)!;
        expect(options.families).to.include(family);
        if (type !== 'bitmap:port') expect(familyOf(element.split(',')[0]!), set).to.equal(family);
      }
    });
  });

  it('is known for ours in the kernel by a set entry of each virtual server', () => {
    always((plan, { state: { service } }) => {
      for (const { server } of plan.virtualServers) {
        const byAddress = (['CLUSTER-IP', 'EXTERNAL-IP', 'EXTERNAL-IP-LOCAL', 'LOAD-BALANCER'] as const).some(
          (set) => has(plan, `KUBE-${set}`, server),
        );
        expect(byAddress || service.ports.some(({ nodePort }) => nodePort === server.port)).to.equal(true);
      }
    });
  });

  it('has every virtual server without real servers refused, as long as the service has it', () => {
    always((plan) => {
      for (const { server, realServers, setEntries = [] } of plan.virtualServers) {
        const set = setName('KUBE-NO-ENDPOINTS', familyOf(server.address));

        expect(
          setEntries.some(({ key }) => key === `${set} ${elementOf(server)}`),
          server.key,
        ).to.equal(realServers.length === 0);
      }
    });
  });

  it('says nothing of an address that others may name but with the virtual server that it has there', () => {
    always((plan, { state: { service }, node }) => {
      const own = [...service.clusterIPs, ...node.addresses];
      const said = plan.setEntries.filter(({ set }) => !/LOOP-BACK$|IPVS-IPS$/.test(set));

      for (const { element } of said.filter((entry) => entry.element.includes(','))) {
        expect(own).to.include(element.split(',')[0]);
      }
    });
  });

  it('refuses clients from outside where alone the policy Local finds no endpoint, and masquerades the others', () => {
    always((plan, world) => {
      const { service } = world.state;
      for (const { server, realServers } of plan.virtualServers) {
        const isOuter = !service.clusterIPs.includes(server.address);
        const missing =
          isOuter &&
          service.externalTrafficPolicy === 'Local' &&
          realServers.length > 0 &&
          chosen(world, server, 'Local').length === 0;
        const told = world.options.localTraffic.by !== 'nothing';

        expect(has(plan, 'KUBE-NO-LOCAL-ENDPOINTS', server), server.key).to.equal(missing && told);
        if (missing && told) {
          expect(has(plan, 'KUBE-LOAD-BALANCER-LOCAL', server)).to.equal(false);
          expect(has(plan, 'KUBE-EXTERNAL-IP-LOCAL', server)).to.equal(false);
        }
      }
    });
  });

  it('is the same in IPv6 as in IPv4, but for the addresses and the names of sets', () => {
    const ipv4 = fc.record({
      state: serviceStateArbitrary(['IPv4'], ['IPv4']),
      node: nodeArbitrary.map((node) => ({ ...node, addresses: node.addresses.filter(isOf('IPv4')) })),
      options: plannerOptionsArbitrary.map(({ localTraffic }) => plannerOptions({ localTraffic })),
    });
    const translate = (line: string): string =>
      line
        .replace(/[\d.]+\/\d+$/, (cidr) => cidrsInIpv6[cidr] ?? cidr)
        .replaceAll(/\d+\.\d+\.\d+\.\d+/g, toIpv6)
        .replace('KUBE-LOAD-BALANCER-SOURCE-CIDR', 'KUBE-LOAD-BALANCER-SOURCE-CID')
        .replace('LOCAL-SCTP-HASH', 'LOCAL-SCTP-HAS')
        .replace(/^KUBE-/, 'KUBE-6-')
        .replace('prefix 32', 'prefix 128');
    fc.assert(
      fc.property(ipv4, ({ state, node, options }) => {
        const plan = planService(state, node, options);
        const nodeInIpv6 = { ...node, addresses: node.addresses.map(toIpv6) };
        const inIpv6 = planService(stateInIpv6(state), nodeInIpv6, options);

        expect(linesOf(inIpv6)).to.have.members(linesOf(plan).map(translate));
      }),
      { numRuns: 300 },
    );
  });
});
