import { expect } from 'chai';
import type { Asking } from '../lab/asking.ts';
import type { Guest } from '../lab/guest.ts';
import type { Place } from '../lab/place.ts';
import { manifestOf } from './support-objects.ts';
import type { EndpointSpec, PortSpec, ServiceSpec } from './support-objects.ts';
import {
  answeredBy,
  clusterIPs,
  endpoint,
  everyProtocol,
  families,
  inEveryWay,
  nodePorts,
  outerIPs,
  ingressOf,
  protocols,
  put,
  refused,
  serveOnNodes,
  unanswered,
} from './support-questions.ts';
import type { Family } from './support-questions.ts';
import { counted, Site, until } from './support.ts';

const both = ['tcp', 'udp'] as const;

/**
 * Kubernetes' checklists for the network of a node (test/e2e/network: networking, dual_stack, conntrack, kube_proxy,
 * endpointslice, endpointslicemirroring, funny_ips, hostport), box by box under their own names.
 */
describe('Networking', () => {
  let site: Site;
  let web1: Guest;
  let web2: Guest;
  let web3: Guest;
  let web4: Guest;
  const flows: Asking[] = [];

  before(async () => {
    site = await Site.build();
    [web1, web2, web3, web4] = site.pods as [Guest, Guest, Guest, Guest];
    await serveOnNodes(site);
    await site.startAll(
      ...['--cluster-cidr', '10.244.0.0/16,fd00:10:244::/48', '--ipvs-sync-period', '10m'],
      ...['--conntrack-tcp-timeout-close-wait', '3600s'],
    );
  });

  afterEach(async () => {
    await Promise.all(flows.splice(0).map((asking) => asking.stop()));
  });

  after(() => site.destroy());

  function service(
    number: number,
    endpoints: readonly EndpointSpec[],
    rest: Partial<ServiceSpec> = {},
  ): ServiceSpec {
    return {
      name: `service-${number}`,
      clusterIPs: Object.values(clusterIPs(number)),
      ports: everyProtocol(80),
      endpoints,
      ...rest,
    };
  }

  describe('Granular Checks: Services', () => {
    it('should function for multiple endpoint-Services with same selector', async () => {
      const endpoints = [endpoint(site, web1), endpoint(site, web3)];
      await put(site, service(1, endpoints));
      await put(site, service(2, endpoints));
      const serve = (number: number): Promise<void> =>
        inEveryWay((family, protocol) =>
          answeredBy({ from: web2, to: clusterIPs(number)[family], port: 80, protocol }, web1, web3),
        );
      await serve(1);
      await serve(2);
      await site.withdraw({ name: 'service-1', clusterIPs: Object.values(clusterIPs(1)) });
      await serve(2);
    });

    for (const protocol of ['udp', 'sctp'] as const)
      it(`should update nodePort: ${protocol}`, async () => {
        const number = protocol === 'udp' ? 3 : 4;
        const exposed = (nodePort: number): ServiceSpec =>
          service(number, [endpoint(site, web1), endpoint(site, web3)], {
            ports: everyProtocol(80, nodePort).filter(({ name }) => name === protocol),
          });
        for (const [nodePort, old] of [
          [30703, 30704],
          [30704, 30703],
        ] as const) {
          await put(site, exposed(nodePort));
          for (const family of families)
            for (const node of site.nodes) {
              await answeredBy({ from: site.client, to: node[family], port: nodePort, protocol }, web1, web3);
              await refused({ from: site.client, to: node[family], port: old, protocol });
            }
        }
        await site.withdraw(exposed(30704));
      });

    it('should function for service endpoints using hostNetwork', async () => {
      // Without SCTP: a program on the node itself has many addresses for it, and answers from any of them.
      const ports = everyProtocol(80, 30705)
        .slice(0, 2)
        .map((port, index) => ({ ...port, targetPort: nodePorts[both[index]!] }));
      const nodes = site.nodes.map((node) => endpoint(site, node));
      await put(site, service(5, nodes, { ports }));
      for (const family of families)
        for (const protocol of both) {
          for (const from of [web1, web3, ...site.nodes])
            await answeredBy({ from, to: clusterIPs(5)[family], port: 80, protocol }, ...site.nodes);
          for (const node of site.nodes)
            await answeredBy({ from: site.client, to: node[family], port: 30705, protocol }, ...site.nodes);
        }
    });
  });

  describe('[Feature:IPv6DualStack]', () => {
    for (const [index, [title, chosen]] of (
      [
        ['ipv4 cluster ip', ['ipv4']],
        ['ipv6 cluster ip', ['ipv6']],
        ['ipv4,v6 cluster ip', ['ipv4', 'ipv6']],
        ['ipv6,v4 cluster ip', ['ipv6', 'ipv4']],
      ] as const
    ).entries())
      it(`should create service with ${title}`, async () => {
        const number = 10 + index;
        const nodePort = 30710 + index;
        const vips = clusterIPs(number);
        await put(
          site,
          service(number, [endpoint(site, web1), endpoint(site, web3)], {
            clusterIPs: chosen.map((family) => vips[family]),
            ports: everyProtocol(80, nodePort),
          }),
        );
        await inEveryWay(async (family, protocol) => {
          const cluster = { from: web2, to: vips[family], port: 80, protocol };
          const outside = { from: site.client, to: site.second[family], port: nodePort, protocol };
          const isServed = (chosen as readonly string[]).includes(family);
          await (isServed ? answeredBy(cluster, web1, web3) : unanswered(cluster));
          await (isServed ? answeredBy(outside, web1, web3) : refused(outside));
        });
      });
  });

  it('should drop INVALID conntrack entries', async () => {
    await put(site, service(20, [endpoint(site, web3)], { ports: [{ port: 7000 }] }));
    const tracked = (family: Family): string[] => [
      '-f',
      family,
      '-p',
      'tcp',
      '--orig-dst',
      clusterIPs(20)[family],
    ];
    for (const family of families) {
      await until(
        async () => counted(await web2.ask(clusterIPs(20)[family], 7000, { hold: 1, count: 1 })).names,
        (names) => names['web-3'] === 1,
      );
      const held = web2.asking(clusterIPs(20)[family], 7000, { hold: 50, seconds: 100, timeout: 3000 });
      flows.push(held);
      await held.reach(3);
      // Packets of a connection that the kernel has forgotten, and is not to learn again in its middle, are invalid.
      await site.first.must(['sysctl', '-qw', 'net.netfilter.nf_conntrack_tcp_loose=0']);
      await site.first.must(['conntrack', '-D', ...tracked(family)]);
      await held.reach(held.answers.length + 10);
      const answers = await held.stop();
      expect(answers.every(({ ok }) => ok)).to.equal(true);
      await site.first.must(['sysctl', '-qw', 'net.netfilter.nf_conntrack_tcp_loose=1']);
    }
  });

  it('should set TCP CLOSE_WAIT timeout', async () => {
    await put(site, service(21, [endpoint(site, web3)], { ports: [{ port: 8081 }] }));
    const to = clusterIPs(21).ipv4;
    await answeredBy({ from: web2, to, port: 8081 }, web3);
    // The server ends the connection, and the client never does.
    const client = await web2.start([
      'bash',
      '-c',
      `exec 3<>/dev/tcp/${to}/8081; echo >&3; cat <&3; exec sleep 1000`,
    ]);
    try {
      const waiting = await until(
        () => site.first.must(['conntrack', '-L', '-p', 'tcp', '--orig-dst', to, '--state', 'CLOSE_WAIT']),
        (lines) => lines.includes('CLOSE_WAIT'),
      );
      expect(Number(/tcp\s+6 (\d+) CLOSE_WAIT/.exec(waiting)?.[1])).to.be.within(3000, 3600);
    } finally {
      await client.kill('SIGKILL');
    }
  });

  describe('EndpointSlice', () => {
    /** A slice of one family with ports and endpoints of its own. */
    function slice(
      name: string,
      number: number,
      family: Family,
      ports: readonly PortSpec[],
      places: readonly Place[],
    ): object {
      return {
        apiVersion: 'discovery.k8s.io/v1',
        kind: 'EndpointSlice',
        metadata: {
          name: `${name}-${family}`,
          namespace: 'default',
          labels: { 'kubernetes.io/service-name': `service-${number}` },
        },
        addressType: family === 'ipv4' ? 'IPv4' : 'IPv6',
        ports: ports.map(({ name: port, protocol = 'TCP', targetPort }) => ({
          name: port,
          protocol,
          port: targetPort,
        })),
        endpoints: places.map((place) => ({
          addresses: [place[family]],
          nodeName: endpoint(site, place).nodeName,
          conditions: { ready: true },
        })),
      };
    }

    const inBoth = (make: (family: Family) => object): readonly object[] => families.map(make);

    it('should support a Service with multiple ports specified in multiple EndpointSlices', async () => {
      const ports = everyProtocol(80);
      await put(
        site,
        service(30, [], { ports }),
        ...ports.flatMap((port, index) =>
          inBoth((family) => slice(`port-${port.name}`, 30, family, [port], [site.pods[index]!])),
        ),
      );
      await inEveryWay((family, protocol) =>
        answeredBy(
          { from: web4, to: clusterIPs(30)[family], port: 80, protocol },
          site.pods[protocols.indexOf(protocol)]!,
        ),
      );
    });

    it('should support a Service with multiple endpoint IPs specified in multiple EndpointSlices', async () => {
      const ports = everyProtocol(80);
      await put(
        site,
        service(31, [], { ports }),
        ...inBoth((family) => slice('one', 31, family, ports, [web1, web2])),
        ...inBoth((family) => slice('two', 31, family, ports, [web3])),
      );
      await inEveryWay((family, protocol) =>
        answeredBy({ from: web4, to: clusterIPs(31)[family], port: 80, protocol }, web1, web2, web3),
      );
    });

    it('should serve named targetPorts that resolve to different ports per endpoint', async () => {
      const page = { name: 'page', port: 80 } as const;
      await put(
        site,
        service(32, [], { ports: [{ ...page, targetPort: 80 }] }),
        ...inBoth((family) => slice('old', 32, family, [{ ...page, targetPort: 80 }], [web1])),
        ...inBoth((family) => slice('new', 32, family, [{ ...page, targetPort: 8081 }], [web3])),
      );
      for (const family of families)
        for (const from of [web2, site.second]) {
          await answeredBy({ from, to: clusterIPs(32)[family], port: 80 }, web1, web3);
          const answers = await from.ask(clusterIPs(32)[family], 80, { count: 4, timeout: 3000 });
          for (const answer of answers)
            expect(answer).to.have.property('localPort', answer.ok && answer.name === 'web-1' ? 80 : 8081);
        }
    });

    it('should mirror a custom Endpoint with multiple subsets and same IP address', async () => {
      const address = { ip: web1.ipv4 };
      const clusterIP = clusterIPs(33).ipv4;
      const ports = [
        { name: 'page', port: 80 },
        { name: 'admin', port: 81 },
      ];
      const objects = [
        {
          ...{ apiVersion: 'v1', kind: 'Service', metadata: { name: 'mirrored', namespace: 'default' } },
          spec: { clusterIP, ports },
        },
        {
          ...{ apiVersion: 'v1', kind: 'Endpoints', metadata: { name: 'mirrored', namespace: 'default' } },
          subsets: [
            { addresses: [address], ports: [{ name: 'page', port: 80 }] },
            { addresses: [address], ports: [{ name: 'admin', port: 8081 }] },
          ],
        },
      ];
      await site.write('mirrored.yaml', manifestOf(objects));
      for (const [port, localPort] of [
        [80, 80],
        [81, 8081],
      ] as const) {
        await answeredBy({ from: web4, to: clusterIP, port }, web1);
        const [answer] = await web4.ask(clusterIP, port, { timeout: 3000 });
        expect(answer).to.have.property('localPort', localPort);
      }
    });
  });

  it('IPv4 Service Type ClusterIP with leading zeros should work interpreted as decimal', async () => {
    await put(site, service(40, [endpoint(site, web1)], { clusterIPs: ['010.096.005.040'] }));
    await answeredBy({ from: web2, to: '10.96.5.40', port: 80 }, web1);
    await unanswered({ from: web2, to: '8.78.5.32', port: 80 });
  });

  describe('HostPort', () => {
    /** What the usual plugin for host ports writes: a chain of its own, to which everything for the node goes by port. */
    async function hostPorts(program: string, rules: readonly string[]): Promise<void> {
      const local = '-m addrtype --dst-type LOCAL -j CNI-HOSTPORT-DNAT';
      const lines = [
        '*nat',
        ':CNI-HOSTPORT-DNAT - [0:0]',
        `-A PREROUTING ${local}`,
        `-A OUTPUT ${local}`,
        ...rules.map((rule) => `-A CNI-HOSTPORT-DNAT ${rule}`),
        'COMMIT',
        '',
      ];
      await site.first.must([`${program}-restore`, '-w', '--noflush'], lines.join('\n'));
    }

    // The lab's iptables cannot look at the port of SCTP: there the host port is all of them.
    before(async () => {
      for (const [program, address] of [
        ['iptables', web2.ipv4],
        ['ip6tables', `[${web2.ipv6}]`],
      ] as const)
        await hostPorts(program, [
          `-p tcp --dport 80 -j DNAT --to-destination ${address}:8081`,
          `-p udp --dport 80 -j DNAT --to-destination ${address}:53`,
          `-p sctp -j DNAT --to-destination ${address}:9000`,
        ]);
    });

    for (const protocol of protocols) {
      const title =
        protocol === 'sctp'
          ? 'should allow creating a Pod with an SCTP HostPort'
          : `validates that there is no conflict between a hostPort and a service of the same port: ${protocol}`;
      it(title, async () => {
        const number = 50 + protocols.indexOf(protocol);
        await put(
          site,
          service(number, [endpoint(site, web3)], {
            ingress: ingressOf(outerIPs(number)),
            spec: { type: 'LoadBalancer', externalIPs: Object.values(outerIPs(number + 100)) },
          }),
        );
        for (const family of families) {
          await answeredBy({ from: site.client, to: site.first[family], port: 80, protocol }, web2);
          for (const from of [web1, site.first])
            for (const to of [clusterIPs(number), outerIPs(number), outerIPs(number + 100)])
              await answeredBy({ from, to: to[family], port: 80, protocol }, web3);
        }
      });
    }

    after(async () => {
      for (const program of ['iptables', 'ip6tables'])
        for (const chain of ['PREROUTING', 'OUTPUT'])
          await site.first.must([
            ...[program, '-w', '-t', 'nat', '-D', chain, '-m', 'addrtype', '--dst-type', 'LOCAL'],
            ...['-j', 'CNI-HOSTPORT-DNAT'],
          ]);
    });
  });

  it('prefers endpoints on the same node where each has a hint for a node (PreferSameNode)', async () => {
    const hinted = (...pods: readonly Place[]): EndpointSpec[] =>
      pods.map((pod) => {
        const one = endpoint(site, pod);
        return { ...one, hints: { forNodes: [{ name: one.nodeName }] } };
      });
    await put(site, service(60, hinted(web1, web2, web3)));
    await inEveryWay(async (family, protocol) => {
      const question = { to: clusterIPs(60)[family], port: 80, protocol };
      await answeredBy({ from: web1, ...question }, web1, web2);
      await answeredBy({ from: site.second, ...question }, web3);
    });
    await put(site, service(60, hinted(web1, web2)));
    await inEveryWay((family, protocol) =>
      answeredBy({ from: web4, to: clusterIPs(60)[family], port: 80, protocol }, web1, web2),
    );
    await put(site, service(60, [...hinted(web1), endpoint(site, web3)]));
    await inEveryWay((family, protocol) =>
      answeredBy({ from: web2, to: clusterIPs(60)[family], port: 80, protocol }, web1, web3),
    );
  });

  describe('pains of kube-proxy', () => {
    it('no port of the node itself is reached through an address of a service (#72236)', async () => {
      await put(
        site,
        service(70, [endpoint(site, web1)], {
          ingress: ingressOf(outerIPs(70)),
          spec: { type: 'LoadBalancer', externalIPs: Object.values(outerIPs(71)) },
        }),
      );
      const { tcp, udp } = nodePorts;
      for (const family of families) {
        await answeredBy({ from: site.client, to: site.first[family], port: tcp }, site.first);
        for (const to of [clusterIPs(70)[family], outerIPs(70)[family], outerIPs(71)[family]]) {
          await answeredBy({ from: web2, to, port: 80 }, web1);
          for (const from of [web2, site.first]) {
            await refused({ from, to, port: tcp });
            await refused({ from, to, port: udp, protocol: 'udp' });
          }
        }
      }
    });

    it('an address that a node is given serves node ports without waiting for an audit (#75443)', async () => {
      await put(site, service(72, [endpoint(site, web3)], { ports: everyProtocol(80, 30772) }));
      const added = { ipv4: '192.168.111.228', ipv6: 'fd00:192::e4' };
      await site.first.must(['ip', 'address', 'add', `${added.ipv4}/24`, 'dev', 'eth0']);
      await site.first.must(['ip', 'address', 'add', `${added.ipv6}/64`, 'dev', 'eth0', 'nodad']);
      await inEveryWay((family, protocol) =>
        answeredBy({ from: site.client, to: added[family], port: 30772, protocol }, web3),
      );
      await site.first.must(['ip', 'address', 'del', `${added.ipv4}/24`, 'dev', 'eth0']);
      await site.first.must(['ip', 'address', 'del', `${added.ipv6}/64`, 'dev', 'eth0']);
    });

    it('a node that forwards nothing by policy carries the traffic of services (#59656)', async () => {
      await put(
        site,
        service(73, [endpoint(site, web1), endpoint(site, web3)], { ports: everyProtocol(80, 30773) }),
      );
      const policy = async (verdict: string): Promise<void> => {
        for (const program of ['iptables', 'ip6tables'])
          await site.first.must([program, '-w', '-P', 'FORWARD', verdict]);
      };
      await policy('DROP');
      try {
        await inEveryWay(async (family, protocol) => {
          await answeredBy({ from: web2, to: clusterIPs(73)[family], port: 80, protocol }, web1, web3);
          const outside = { from: site.client, to: site.first[family], port: 30773, protocol };
          await answeredBy(outside, web1, web3);
        });
      } finally {
        await policy('ACCEPT');
      }
    });
  });
});
