import { expect } from 'chai';
import type { Guest } from '../lab/guest.ts';
import type { Place } from '../lab/place.ts';
import type { EndpointSpec, ServiceSpec } from './support-objects.ts';
import type { AskProtocol, Family } from './support-questions.ts';
import {
  answeredBy,
  clusterIPs,
  endpoint,
  everyProtocol,
  families,
  ingressOf,
  nodePorts,
  outerIPs,
  podPorts,
  protocols,
  put,
  refused,
  serveOnNodes,
  unanswered,
} from './support-questions.ts';
import { Site } from './support.ts';

const terminating = { ready: false, serving: true, terminating: true };
const unready = { ready: false, serving: false };
const dying = { ready: false, serving: false, terminating: true };

/** Kubernetes' checklist for services (test/e2e/network/service.go), box by box under its own names. */
describe('Services', () => {
  let site: Site;
  let web1: Guest;
  let web2: Guest;
  let web3: Guest;
  let web4: Guest;

  before(async () => {
    site = await Site.build();
    [web1, web2, web3, web4] = site.pods as [Guest, Guest, Guest, Guest];
    await serveOnNodes(site);
    await site.startAll('--cluster-cidr', '10.244.0.0/16,fd00:10:244::/48');
  });

  after(() => site.destroy());

  /** A service of every protocol on port 80 of its own cluster addresses, with endpoints on pods. */
  function service(number: number, endpoints: readonly EndpointSpec[], rest: Partial<ServiceSpec> = {}) {
    return {
      name: `service-${number}`,
      clusterIPs: Object.values(clusterIPs(number)),
      ports: everyProtocol(80),
      endpoints,
      ...rest,
    };
  }

  interface Way {
    readonly to: string;
    readonly port: number;
    readonly protocol: AskProtocol;
  }

  /** Asks a cluster address of a service by every protocol in both families. */
  async function everyWay(number: number, ask: (way: Way) => Promise<unknown>): Promise<void> {
    await inEveryWay((family) => ({ to: clusterIPs(number)[family], port: 80 }), ask);
  }

  /** Asks a node port by every protocol in both families. */
  async function everyWayAt(node: Place, port: number, ask: (way: Way) => Promise<unknown>): Promise<void> {
    await inEveryWay((family) => ({ to: node[family], port }), ask);
  }

  /** No two ways lead to the same virtual server, so that all can be asked at once. */
  async function inEveryWay(
    place: (family: Family) => Omit<Way, 'protocol'>,
    ask: (way: Way) => Promise<unknown>,
  ): Promise<void> {
    const ways = families.flatMap((family) => protocols.map((protocol) => ({ ...place(family), protocol })));
    await Promise.all(ways.map(ask));
  }

  it('should be able to up and down services', async () => {
    await put(site, service(1, [endpoint(site, web1)]));
    await put(site, service(2, [endpoint(site, web3)]));
    for (const [number, pod] of [
      [1, web1],
      [2, web3],
    ] as const)
      await everyWay(number, (question) => answeredBy({ from: web2, ...question }, pod));
    await site.withdraw({ name: 'service-1', clusterIPs: Object.values(clusterIPs(1)) });
    await everyWay(1, (question) => unanswered({ from: web2, ...question }));
    await everyWay(2, (question) => answeredBy({ from: web2, ...question }, web3));
    await put(site, service(3, [endpoint(site, web4)]));
    await everyWay(2, (question) => answeredBy({ from: web2, ...question }, web3));
    await everyWay(3, (question) => answeredBy({ from: web2, ...question }, web4));
  });

  for (const label of ['service.kubernetes.io/service-proxy-name', 'service.kubernetes.io/headless'])
    it(`should implement ${label}`, async () => {
      const disabled = service(4, [endpoint(site, web1)], { labels: { [label]: 'foo-bar' } });
      await put(site, service(5, [endpoint(site, web3)]));
      await put(site, disabled);
      await everyWay(5, (question) => answeredBy({ from: web2, ...question }, web3));
      await everyWay(4, (question) => unanswered({ from: web2, ...question }));
      await put(site, { ...disabled, labels: {} });
      await everyWay(4, (question) => answeredBy({ from: web2, ...question }, web1));
      await put(site, disabled);
      await site.untilWithdrawn(...disabled.clusterIPs);
      await everyWay(4, (question) => unanswered({ from: web2, ...question }));
      await everyWay(5, (question) => answeredBy({ from: web2, ...question }, web3));
    });

  it('should be able to update service type to NodePort listening on same port number but different protocols', async () => {
    const both = everyProtocol(80).slice(0, 2);
    await put(site, service(6, [endpoint(site, web1)], { ports: both.slice(0, 1) }));
    for (const family of families)
      await answeredBy({ from: web2, to: clusterIPs(6)[family], port: 80 }, web1);
    const exposed = both.map((port) => ({ ...port, nodePort: 30606 }));
    await put(site, service(6, [endpoint(site, web1)], { ports: exposed }));
    for (const family of families)
      for (const protocol of ['tcp', 'udp'] as const) {
        await answeredBy({ from: web2, to: clusterIPs(6)[family], port: 80, protocol }, web1);
        for (const node of site.nodes)
          await answeredBy({ from: site.client, to: node[family], port: 30606, protocol }, web1);
      }
  });

  describe('should be able to change the type', () => {
    const external = { type: 'ExternalName', externalName: 'foo.example.com' };
    const nodePort = 30607;

    function typed(type: string, number: number): ServiceSpec {
      const ports = everyProtocol(80, type === 'NodePort' ? nodePort : undefined);
      const spec = type === 'ExternalName' ? { ...external, clusterIP: '', clusterIPs: [] } : { type };
      return service(number, [endpoint(site, web1), endpoint(site, web3)], { ports, spec });
    }

    /** What a service of a type is to answer on, and what not. */
    async function isServed(type: string, number: number): Promise<void> {
      const hasAddress = type !== 'ExternalName';
      await everyWay(number, (question) =>
        hasAddress
          ? answeredBy({ from: web2, ...question }, web1, web3)
          : unanswered({ from: web2, ...question }),
      );
      await everyWayAt(site.first, nodePort, (question) =>
        type === 'NodePort'
          ? answeredBy({ from: site.client, ...question }, web1, web3)
          : refused({ from: site.client, ...question }),
      );
    }

    for (const [index, [from, to]] of (
      [
        ['ExternalName', 'ClusterIP'],
        ['ExternalName', 'NodePort'],
        ['ClusterIP', 'ExternalName'],
        ['NodePort', 'ExternalName'],
      ] as const
    ).entries())
      it(`should be able to change the type from ${from} to ${to}`, async () => {
        const number = 10 + index;
        for (const type of [from, to]) {
          await put(site, typed(type, number));
          await isServed(type, number);
        }
        await site.remove(`service-${number}.yaml`);
      });
  });

  describe('with endpoints that are not ready', () => {
    /** The same pods as slices bring them with `publishNotReadyAddresses`, or without it. */
    function notReady(publish: boolean, number: number): ServiceSpec {
      const ready = publish ? { ready: true } : {};
      return service(
        number,
        [
          endpoint(site, web1, { ...unready, ...ready }),
          endpoint(site, web3, { ...dying, ...ready }),
          endpoint(site, web4, { ...terminating, ...ready }),
        ],
        { ports: everyProtocol(80, 30620 + number), spec: { publishNotReadyAddresses: publish } },
      );
    }

    async function reached(number: number, ...pods: readonly Place[]): Promise<void> {
      for (const from of [web2, site.second])
        await everyWay(number, (question) => answeredBy({ from, ...question }, ...pods));
      await everyWayAt(site.first, 30620 + number, (question) =>
        answeredBy({ from: site.client, ...question }, ...pods),
      );
    }

    it('should create endpoints for unready pods', async () => {
      await put(site, service(20, [endpoint(site, web1, unready)]));
      await everyWay(20, (question) => refused({ from: web2, ...question }));
      await put(
        site,
        service(20, [endpoint(site, web1, { ...unready, ready: true })], {
          spec: { publishNotReadyAddresses: true },
        }),
      );
      await everyWay(20, (question) => answeredBy({ from: web2, ...question }, web1));
    });

    it('should be able to connect to terminating and unready endpoints if PublishNotReadyAddresses is true', async () => {
      await put(site, notReady(true, 21));
      await reached(21, web1, web3, web4);
    });

    it('should not be able to connect to terminating and unready endpoints if PublishNotReadyAddresses is false', async () => {
      const { endpoints, ...rest } = notReady(false, 22);
      await put(site, { ...rest, endpoints: endpoints.slice(0, 2) });
      for (const from of [web2, site.second])
        await everyWay(22, (question) => refused({ from, ...question }));
      await everyWayAt(site.first, 30642, (question) => refused({ from: site.client, ...question }));
      await put(site, { ...rest, endpoints: [...endpoints, endpoint(site, web2)] });
      await reached(22, web2);
    });
  });

  describe('should respect internalTrafficPolicy=Local', () => {
    const local = { spec: { internalTrafficPolicy: 'Local' } };

    async function isLocal(number: number, on: readonly Place[], off: readonly Place[], served: Place) {
      for (const from of on) await everyWay(number, (question) => answeredBy({ from, ...question }, served));
      for (const from of off) await everyWay(number, (question) => refused({ from, ...question }));
    }

    it('should respect internalTrafficPolicy=Local Pod to Pod', async () => {
      await put(site, service(30, [endpoint(site, web1)], local));
      await isLocal(30, [web1, web2], [web3, web4], web1);
    });

    it('should respect internalTrafficPolicy=Local Pod (hostNetwork: true) to Pod', async () => {
      await put(site, service(31, [endpoint(site, web1)], local));
      await isLocal(31, [site.first], [site.second], web1);
    });

    it('should respect internalTrafficPolicy=Local Pod and Node, to Pod (hostNetwork: true)', async () => {
      // Without SCTP: a program on the node itself has many addresses for it, and answers from any of them.
      const ports = [
        { name: 'tcp', port: 80, targetPort: nodePorts.tcp },
        { name: 'udp', port: 80, targetPort: nodePorts.udp, protocol: 'UDP' },
      ] as const;
      await put(site, service(32, [endpoint(site, site.first)], { ...local, ports }));
      for (const family of families)
        for (const protocol of ['tcp', 'udp'] as const) {
          const question = { to: clusterIPs(32)[family], port: 80, protocol };
          for (const from of [web1, web2, site.first]) await answeredBy({ from, ...question }, site.first);
          for (const from of [web3, site.second]) await refused({ from, ...question });
        }
    });
  });

  describe('should fall back to terminating endpoints', () => {
    /** One that terminates on the first node, and one on the second that no longer serves. */
    function fallingBack(number: number, spec: Readonly<Record<string, string>>): ServiceSpec {
      return service(number, [endpoint(site, web1, terminating), endpoint(site, web3, unready)], {
        ports: everyProtocol(80, 30640 + number),
        spec: { type: 'NodePort', ...spec },
      });
    }

    it('should fallback to terminating endpoints when there are no ready endpoints with internalTrafficPolicy=Cluster', async () => {
      await put(site, fallingBack(40, { internalTrafficPolicy: 'Cluster' }));
      for (const from of [web2, web4, site.first, site.second])
        await everyWay(40, (question) => answeredBy({ from, ...question }, web1));
      const ready = fallingBack(40, { internalTrafficPolicy: 'Cluster' });
      await put(site, { ...ready, endpoints: [...ready.endpoints, endpoint(site, web4)] });
      for (const from of [web2, site.second])
        await everyWay(40, (question) => answeredBy({ from, ...question }, web4));
    });

    it('should fallback to local terminating endpoints when there are no ready endpoints with internalTrafficPolicy=Local', async () => {
      const only = fallingBack(41, { internalTrafficPolicy: 'Local' });
      await put(site, { ...only, endpoints: [...only.endpoints, endpoint(site, web4, unready)] });
      for (const from of [web2, site.first])
        await everyWay(41, (question) => answeredBy({ from, ...question }, web1));
      for (const from of [web3, site.second])
        await everyWay(41, (question) => refused({ from, ...question }));
      // One that is ready on another node makes no difference to this one.
      await put(site, { ...only, endpoints: [...only.endpoints, endpoint(site, web4)] });
      await everyWay(41, (question) => answeredBy({ from: web3, ...question }, web4));
      await everyWay(41, (question) => answeredBy({ from: web2, ...question }, web1));
    });

    it('should fallback to terminating endpoints when there are no ready endpoints with externallTrafficPolicy=Cluster', async () => {
      await put(site, fallingBack(42, { externalTrafficPolicy: 'Cluster' }));
      for (const node of site.nodes)
        await everyWayAt(node, 30682, (question) => answeredBy({ from: site.client, ...question }, web1));
    });

    it('should fallback to local terminating endpoints when there are no ready endpoints with externalTrafficPolicy=Local', async () => {
      await put(site, fallingBack(43, { externalTrafficPolicy: 'Local' }));
      await everyWayAt(site.first, 30683, (question) => answeredBy({ from: site.client, ...question }, web1));
      await everyWayAt(site.second, 30683, (question) => refused({ from: site.client, ...question }));
    });
  });

  it('should serve endpoints on same port and different protocol for internal traffic on Type LoadBalancer', async () => {
    await put(
      site,
      service(50, [endpoint(site, web1)], {
        spec: { type: 'LoadBalancer' },
        ingress: ingressOf(outerIPs(50)),
      }),
    );
    await put(
      site,
      service(51, [endpoint(site, web3)], {
        ports: everyProtocol(80).slice(1, 2),
        spec: { type: 'LoadBalancer' },
        ingress: ingressOf(outerIPs(51)),
      }),
    );
    const addresses = (number: number, family: Family): string[] => [
      clusterIPs(number)[family],
      outerIPs(number)[family],
    ];
    for (const family of families)
      for (const from of [web2, web4, site.second]) {
        for (const protocol of protocols)
          for (const to of addresses(50, family)) await answeredBy({ from, to, port: 80, protocol }, web1);
        for (const to of addresses(51, family)) {
          await answeredBy({ from, to, port: 80, protocol: 'udp' }, web3);
          await refused({ from, to, port: 80 });
        }
      }
  });

  it('should allow creating a basic SCTP service with pod and endpoints', async () => {
    const ports = [{ protocol: 'SCTP', port: 5060, targetPort: podPorts.sctp }] as const;
    await put(site, service(52, [endpoint(site, web1)], { ports }));
    for (const family of families)
      for (const from of [web1, web3, site.second]) {
        const question = { from, to: clusterIPs(52)[family], port: 5060, protocol: 'sctp' } as const;
        const [source] = await answeredBy(question, web1);
        if (from === web3) expect(source).to.equal(from[family]);
      }
  });
});
