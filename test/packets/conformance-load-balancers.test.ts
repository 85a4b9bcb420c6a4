import { expect } from 'chai';
import type { Asking } from '../lab/asking.ts';
import type { Guest } from '../lab/guest.ts';
import type { EndpointSpec, PortSpec, ServiceSpec } from './support-objects.ts';
import {
  answeredBy,
  answeredByOne,
  clusterIPs,
  endpoint,
  families,
  ingressOf,
  outerIPs,
  podPorts,
  put,
  refused,
  unanswered,
  upper,
} from './support-questions.ts';
import { counted, Site, until } from './support.ts';

const both = ['tcp', 'udp'] as const;

/** Kubernetes' checklist for load balancers (test/e2e/network/loadbalancer.go), box by box under its own names. */
describe('LoadBalancers', () => {
  let site: Site;
  let web1: Guest;
  let web2: Guest;
  let web3: Guest;
  let web4: Guest;
  /** Machines outside whose way to everything is over the first and the second node: what a load balancer would send. */
  let overFirst: Guest;
  let overSecond: Guest;
  const flows: Asking[] = [];

  before(async () => {
    site = await Site.build();
    [web1, web2, web3, web4] = site.pods as [Guest, Guest, Guest, Guest];
    const [first, second] = await Promise.all(
      site.nodes.map(({ name: via }, index) =>
        site.cluster.addHost({
          name: `over-${index + 1}`,
          addresses: [`192.168.111.2${index}`, `fd00:192::2${index}`],
          via,
        }),
      ),
    );
    [overFirst, overSecond] = [first!, second!];
    await site.startAll('--cluster-cidr', '10.244.0.0/16,fd00:10:244::/48');
  });

  afterEach(async () => {
    await Promise.all(flows.splice(0).map((asking) => asking.stop()));
  });

  after(() => site.destroy());

  /** TCP and UDP on one port of a service, and on a node port where there is one. */
  function ports(port: number, nodePort?: number): readonly PortSpec[] {
    return both.map((protocol) => ({
      name: protocol,
      protocol: upper[protocol],
      port,
      targetPort: podPorts[protocol],
      ...(nodePort === undefined ? {} : { nodePort }),
    }));
  }

  /** A service with a load balancer, by TCP and UDP on port 80 and on a node port of its own. */
  function balanced(
    number: number,
    endpoints: readonly EndpointSpec[],
    spec: Readonly<Record<string, unknown>> = {},
  ): ServiceSpec {
    return {
      name: `balanced-${number}`,
      clusterIPs: Object.values(clusterIPs(number)),
      ports: ports(80, 30500 + number),
      endpoints,
      spec: { type: 'LoadBalancer', ...spec },
      ingress: ingressOf(outerIPs(number)),
    };
  }

  for (const protocol of both)
    it(`should be able to change the type and ports of a ${upper[protocol]} service`, async () => {
      const number = protocol === 'tcp' ? 1 : 2;
      const { ingress, ...rest } = balanced(number, [endpoint(site, web1), endpoint(site, web3)]);
      const of = (changes: Partial<ServiceSpec>, type: string): ServiceSpec => ({
        ...rest,
        ...changes,
        spec: { type },
      });
      const from = overFirst;
      const cluster = (family: 'ipv4' | 'ipv6', port: number) => ({
        ...{ from: web2, to: clusterIPs(number)[family] },
        ...{ port, protocol },
      });
      const node = (family: 'ipv4' | 'ipv6', port: number) => ({
        ...{ from, to: site.second[family], port, protocol },
      });
      const outer = (family: 'ipv4' | 'ipv6', port: number) => ({
        ...{ from, to: outerIPs(number)[family], port, protocol },
      });
      await put(site, of({ ports: ports(80) }, 'ClusterIP'));
      for (const family of families) {
        await answeredBy(cluster(family, 80), web1, web3);
        await refused(node(family, 30510));
      }
      await put(site, of({ ports: ports(80, 30510) }, 'NodePort'));
      for (const family of families) await answeredBy(node(family, 30510), web1, web3);
      await put(site, of({ ports: ports(80, 30511) }, 'NodePort'));
      for (const family of families) {
        await answeredBy(node(family, 30511), web1, web3);
        await refused(node(family, 30510));
      }
      await put(site, of({ ports: ports(80, 30511), ...(ingress && { ingress }) }, 'LoadBalancer'));
      for (const family of families) await answeredBy(outer(family, 80), web1, web3);
      await put(site, of({ ports: ports(81, 30511), ...(ingress && { ingress }) }, 'LoadBalancer'));
      for (const family of families) {
        await answeredBy(outer(family, 81), web1, web3);
        await answeredBy(cluster(family, 81), web1, web3);
        await refused(outer(family, 80));
        await answeredBy(node(family, 30511), web1, web3);
      }
      await put(site, of({ ports: ports(81) }, 'ClusterIP'));
      for (const family of families) {
        await unanswered(outer(family, 81));
        await refused(node(family, 30511));
        await answeredBy(cluster(family, 81), web1, web3);
      }
    });

  it('should only allow access from service loadbalancer source ranges', async () => {
    const admitting = (...loadBalancerSourceRanges: readonly string[]) =>
      balanced(3, [endpoint(site, web3)], { loadBalancerSourceRanges });
    const passes = async (isIn: Guest, isOut: Guest): Promise<void> => {
      for (const family of families)
        for (const protocol of both) {
          const question = { to: outerIPs(3)[family], port: 80, protocol };
          await answeredBy({ from: isIn, ...question }, web3);
          await unanswered({ from: isOut, ...question });
        }
    };
    await put(site, admitting(`${overFirst.ipv4}/32`, `${overFirst.ipv6}/128`));
    await passes(overFirst, overSecond);
    await put(site, admitting(`${overSecond.ipv4}/32`, `${overSecond.ipv6}/128`));
    await passes(overSecond, overFirst);
    await put(site, admitting());
    for (const from of [overFirst, overSecond])
      for (const family of families)
        for (const protocol of both)
          await answeredBy({ from, to: outerIPs(3)[family], port: 80, protocol }, web3);
  });

  it('should be able to create an internal type load balancer', async () => {
    const internal = { ipv4: '10.200.0.4', ipv6: 'fd00:200::4' };
    await put(site, {
      ...balanced(4, [endpoint(site, web1), endpoint(site, web3)]),
      ingress: ingressOf(internal),
    });
    for (const family of families)
      for (const protocol of both)
        for (const from of [overFirst, web2, site.second])
          await answeredBy({ from, to: internal[family], port: 80, protocol }, web1, web3);
  });

  for (const [externalTrafficPolicy, state] of [
    ['Local', 'on'],
    ['Cluster', 'off'],
  ] as const) {
    const number = state === 'on' ? 5 : 6;
    const affine = (sessionAffinity: string): ServiceSpec =>
      balanced(
        number,
        [web1, web2, web3, web4].map((pod) => endpoint(site, pod)),
        { externalTrafficPolicy, sessionAffinity },
      );
    const questions = () =>
      families.flatMap((family) =>
        both.map((protocol) => ({ from: overFirst, to: outerIPs(number)[family], port: 80, protocol })),
      );
    const reachable = () => (externalTrafficPolicy === 'Local' ? [web1, web2] : [web1, web2, web3, web4]);

    it(`should have session affinity work for LoadBalancer service with ESIPP ${state}`, async () => {
      await put(site, affine('ClientIP'));
      for (const question of questions())
        expect(reachable().map(({ name }) => name)).to.include(await answeredByOne(question));
    });

    it(`should be able to switch session affinity for LoadBalancer service with ESIPP ${state}`, async () => {
      for (const affinity of ['None', 'ClientIP', 'None']) {
        await put(site, affine(affinity));
        for (const question of questions())
          await (affinity === 'None' ? answeredBy(question, ...reachable()) : answeredByOne(question));
      }
    });
  }

  it('should be able to create LoadBalancer Service without NodePort and change it', async () => {
    const without = {
      ...balanced(7, [endpoint(site, web3)], { allocateLoadBalancerNodePorts: false }),
      ports: ports(80),
    };
    await put(site, without);
    const outer = async (): Promise<void> => {
      for (const family of families)
        for (const protocol of both)
          await answeredBy({ from: overFirst, to: outerIPs(7)[family], port: 80, protocol }, web3);
    };
    await outer();
    await put(site, { ...without, ports: ports(80, 30507) });
    for (const family of families)
      for (const protocol of both)
        await answeredBy({ from: overFirst, to: site.first[family], port: 30507, protocol }, web3);
    await outer();
    await put(site, without);
    for (const family of families) await refused({ from: overFirst, to: site.first[family], port: 30507 });
    await outer();
  });

  for (const [where, next] of [
    ['different nodes', 'web-3'],
    ['the same nodes', 'web-2'],
  ] as const)
    it(`should be able to preserve UDP traffic when server pod cycles for a LoadBalancer service on ${where}`, async () => {
      const number = next === 'web-3' ? 8 : 9;
      await put(site, balanced(number, [endpoint(site, web1)]));
      const client = {
        protocol: 'udp',
        sourcePort: 4000 + number,
        seconds: 100,
        rate: 20,
        timeout: 300,
      } as const;
      const asking = families.flatMap((family) =>
        [overFirst, web4].map((from) => from.asking(outerIPs(number)[family], 80, client)),
      );
      flows.push(...asking);
      for (const [pod, place] of [
        ['web-1', web1],
        [next, site.pod(next)],
      ] as const) {
        await put(site, balanced(number, [endpoint(site, place)]));
        for (const { answers } of asking)
          await until(
            () => answers.at(-1),
            (answer) => answer?.ok === true && answer.name === pod,
          );
      }
    });

  for (const externalTrafficPolicy of ['Cluster', 'Local'])
    it(`should not have connectivity disruption during rolling update with externalTrafficPolicy=${externalTrafficPolicy}`, async () => {
      const number = externalTrafficPolicy === 'Cluster' ? 14 : 15;
      const leaving = { ready: false, serving: true, terminating: true };
      const roll = (...endpoints: readonly EndpointSpec[]): Promise<void> =>
        put(site, balanced(number, endpoints, { externalTrafficPolicy }));
      await roll(endpoint(site, web1), endpoint(site, web3));
      const to = outerIPs(number);
      const servedBy = async (...pods: readonly [Guest, Guest]): Promise<void> => {
        for (const [index, from] of [overFirst, overSecond].entries())
          for (const family of families) {
            const local = externalTrafficPolicy === 'Local' ? [pods[index]!] : pods;
            const names = local.map(({ name }) => name);
            await until(
              async () => counted(await from.ask(to[family], 80, { count: 4, timeout: 3000 })),
              (found) => Object.keys(found.names).every((name) => names.includes(name)),
            );
          }
      };
      await servedBy(web1, web3);
      const asking = [overFirst, overSecond].flatMap((from) =>
        families.map((family) => from.asking(to[family], 80, { seconds: 200, rate: 10, timeout: 5000 })),
      );
      flows.push(...asking);
      for (const [old, fresh] of [
        [
          [web1, web3],
          [web2, web4],
        ],
        [
          [web2, web4],
          [web1, web3],
        ],
      ] as const) {
        await roll(...[...old, ...fresh].map((pod) => endpoint(site, pod)));
        await roll(
          ...old.map((pod) => endpoint(site, pod, leaving)),
          ...fresh.map((pod) => endpoint(site, pod)),
        );
        await servedBy(...fresh);
        await roll(...fresh.map((pod) => endpoint(site, pod)));
        await Promise.all(asking.map((one) => one.reach(one.answers.length + 5)));
      }
      for (const one of asking) expect(counted(await one.stop()).errors).to.deep.equal({});
    });

  it('should handle updates to ExternalTrafficPolicy field', async () => {
    for (const externalTrafficPolicy of ['Local', 'Cluster', 'Local']) {
      await put(site, balanced(16, [endpoint(site, web1)], { externalTrafficPolicy }));
      const isLocal = externalTrafficPolicy === 'Local';
      for (const family of families)
        for (const protocol of both)
          for (const [to, port] of [
            [outerIPs(16)[family], 80],
            [site.second[family], 30516],
          ] as const) {
            const question = { from: overSecond, to, port, protocol };
            await (isLocal ? refused(question) : answeredBy(question, web1));
          }
      for (const family of families)
        for (const protocol of both)
          for (const [to, port] of [
            [outerIPs(16)[family], 80],
            [site.first[family], 30516],
          ] as const) {
            const sources = await answeredBy({ from: overFirst, to, port, protocol }, web1);
            expect(sources.includes(overFirst[family]), `${protocol} to ${to}`).to.equal(isLocal);
          }
    }
  });
});
