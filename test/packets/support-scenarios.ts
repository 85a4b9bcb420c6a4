import { expect } from 'chai';
import type { Node } from '../lab/node.ts';
import type { Place } from '../lab/place.ts';
import { playAffinity } from './support-scenario-affinity.ts';
import { playLoadBalancer, playLocal } from './support-scenarios-outside.ts';
import { hostPort, serverName } from './support-objects.ts';
import { answeredBy, families, sharedEvenly, upper } from './support-questions.ts';
import { balancing, scenario } from './support-stage.ts';
import type { Stage } from './support-stage.ts';
import { nodeAddresses } from './support-tables.ts';
import type { Site, SiteService } from './support.ts';
import { complaints, counted, held, until } from './support.ts';

const http = { http: '/' } as const;

/** The node's own address on the bridge of its pods, which it picks as source towards these. */
function bridgeOf(node: Node): string {
  return nodeAddresses(node, 'IPv4')[1]!;
}

/** A service by which it is seen that what was published before it has been read. */
const marker: SiteService = {
  name: 'marker',
  clusterIPs: ['10.96.99.99'],
  ports: [{ port: 80 }],
  pods: ['web-1'],
};

/** The clauses of the walkthrough scenarios, whatever way their objects take to the controllers. */
export function playScenarios(build: () => Promise<Stage>): void {
  let stage: Stage;
  let site: Site;
  let everyone: readonly Place[];

  /** The pods behind most of the services. */
  const pods = (): readonly Place[] => [site.pod('web-2'), site.pod('web-4')];

  before(async () => {
    stage = await build();
    site = stage.site;
    everyone = stage.inside;
  });

  describe('01: a ClusterIP service', () => {
    const vip = '10.104.112.175';

    before(async () => {
      await stage.play(await scenario('01-clusterip.yaml'), () =>
        balancing([serverName(vip, 8080)], '10.244.0.2:80', '10.244.1.4:80'),
      );
    });

    it('answers with the page that its pods serve', async () => {
      const page = await site.pod('web-2').must(['curl', '-s', '--max-time', '5', `http://${vip}:8080/`]);
      expect(page).to.contain('Welcome to nginx');
    });

    it('spreads the requests of both nodes and of every pod evenly over its two pods', async () => {
      for (const place of everyone) {
        const { names, errors } = counted(await place.ask(vip, 8080, { ...http, count: 20 }));
        expect({ names, errors }, place.name).to.deep.equal({
          names: { 'web-1': 10, 'web-3': 10 },
          errors: {},
        });
      }
    });

    it('lets its pods reach themselves', async () => {
      for (const name of ['web-1', 'web-3'] as const) {
        const own = (await site.pod(name).ask(vip, 8080, { ...http, count: 6 })).filter(
          (answer) => answer.ok && answer.name === name,
        );
        expect(own, name).to.have.length(3);
        for (const answer of own) expect(answer).not.to.have.property('peer', site.pod(name).ipv4);
      }
    });

    it('refuses a port that the service does not have', async () => {
      for (const place of everyone) {
        const answers = await place.ask(vip, 9999, { count: 2 });
        expect(counted(answers).errors, place.name).to.deep.equal({ refused: 2 });
      }
    });

    it('sends nothing to the endpoint that is not ready', async () => {
      expect(counted(await site.first.ask(stage.notReady.ipv4, 80, http)).names).to.deep.equal({
        'web-9': 1,
      });
      const counter = await stage.notReady.count({ chain: 'INPUT', match: ['-p', 'tcp', '--dport', '80'] });
      await Promise.all(everyone.map((place) => place.ask(vip, 8080, { ...http, count: 4 })));
      expect((await counter.read()).packets).to.equal(0);
      await counter.remove();
    });
  });

  describe('02: a NodePort service', () => {
    const vip = '10.110.65.131';

    before(async () => {
      await stage.play(await scenario('02-nodeport.yaml'), (node) =>
        balancing(
          [
            serverName(vip, 8080),
            ...nodeAddresses(node, 'IPv4').map((address) => serverName(address, 30000)),
          ],
          '10.244.0.3:80',
          '10.244.1.6:80',
        ),
      );
    });

    it('answers on the port of either node, from inside and from the outside client, over both pods', async () => {
      for (const node of site.nodes) {
        for (const from of [...everyone, site.client])
          await sharedEvenly({ from, to: node.ipv4, port: 30000, ...http }, 10, ...pods());
      }
    });

    it("shows the pods a node's address as the source of the outside client", async () => {
      for (const node of site.nodes) {
        const question = { from: site.client, to: node.ipv4, port: 30000, ...http };
        expect(await answeredBy(question, ...pods()), node.name).to.have.members([bridgeOf(node), node.ipv4]);
      }
    });

    it('still answers on its cluster address', async () => {
      for (const from of everyone) await sharedEvenly({ from, to: vip, port: 8080, ...http }, 10, ...pods());
    });
  });

  describe('03: services without a selector', () => {
    const mysql = '10.254.218.165';
    const mongodb = '10.254.218.170';

    before(async () => {
      await stage.play(await scenario('03-no-selector.yaml'), () => [
        ...balancing([serverName(mysql, 3306)], '192.168.1.25:3306'),
        ...balancing([serverName(mongodb, 30017)], '192.168.1.26:30017'),
      ]);
    });

    it('lead to an address outside the cluster', async () => {
      for (const place of everyone) {
        const { names } = counted(await place.ask(mysql, 3306, { count: 3 }));
        expect(names, place.name).to.deep.equal({ mysql: 3 });
      }
    });

    it('find the port of their endpoints by its name', async () => {
      for (const place of everyone) {
        const { names } = counted(await place.ask(mongodb, 30017, { count: 3 }));
        expect(names, place.name).to.deep.equal({ mongodb: 3 });
      }
    });

    it('have no endpoint where a port has another name', async () => {
      const renamed = (await scenario('03-no-selector.yaml')).replace(
        '- { name: mongodb, port: 30017, targetPort: 30017 }',
        '- { name: mongo, port: 30017, targetPort: 30017 }',
      );
      await stage.play(renamed, () => balancing([serverName(mysql, 3306)], '192.168.1.25:3306'));
      const answers = await site.pod('web-1').ask(mongodb, 30017, { count: 2 });
      expect(counted(answers).errors).to.deep.equal({ refused: 2 });
    });
  });

  playLocal(() => stage);
  playAffinity(() => stage);
  playLoadBalancer(() => stage);

  describe('07: services that are not balanced', () => {
    /** Everything that a service may leave in the kernel. */
    const everything = 'ipvsadm -Sn; ip -brief address; ipset save; iptables-save -t nat | grep -v "^[#:]"';

    it('leave the kernel as it was, and no complaint in the log', async () => {
      const notBalanced = await scenario('07-not-balanced.yaml');
      await stage.play('', () => []);
      for (const node of site.nodes)
        await until(
          () => held(node),
          ({ servers, addresses }) => servers.length + addresses.length === 0,
        );
      const before = await Promise.all(site.nodes.map((node) => node.must(['sh', '-c', everything])));
      const from = site.controllers.map(({ lines }) => lines.length);
      // What is published last is served once all that was published before has been read.
      await stage.play(`${notBalanced}\n---\n${site.manifestOf(marker)}`, () =>
        balancing([serverName('10.96.99.99', 80)], '10.244.0.2:80'),
      );
      await stage.play(notBalanced, () => []);
      await site.untilWithdrawn(...marker.clusterIPs);
      for (const [index, controller] of site.controllers.entries())
        expect(complaints(controller, from[index])).to.deep.equal([]);
      const after = await Promise.all(site.nodes.map((node) => node.must(['sh', '-c', everything])));
      expect(after).to.deep.equal(before);
    });
  });
  describe('08: a dual-stack service with two protocols on one port', () => {
    const vips = { ipv4: '10.110.65.180', ipv6: 'fd00:10:96::b4' } as const;
    before(async () => {
      await stage.play(await scenario('08-dualstack.yaml'), (node) =>
        families.flatMap((family) => {
          const own = nodeAddresses(node, family === 'ipv4' ? 'IPv4' : 'IPv6');
          const servers = (protocol: 'TCP' | 'SCTP'): readonly string[] => [
            serverName(vips[family], 80, protocol),
            ...own.map((address) => serverName(address, 30181, protocol)),
          ];
          const pods = [site.pod('web-2')[family], site.pod('web-4')[family]];
          return [
            ...balancing(servers('TCP'), ...pods.map((pod) => hostPort(pod, 80))),
            ...balancing(servers('SCTP'), ...pods.map((pod) => hostPort(pod, 9000))),
          ];
        }),
      );
    });

    for (const family of families)
      for (const protocol of ['tcp', 'sctp'] as const) {
        it(`answers everyone inside by ${upper[protocol]} on its ${family} address`, async () => {
          for (const from of everyone)
            await sharedEvenly({ from, to: vips[family], port: 80, protocol }, 4, ...pods());
        });

        it(`answers everyone by ${upper[protocol]} on the node port of either node over ${family}`, async () => {
          for (const node of site.nodes)
            for (const from of [...everyone, site.client])
              await sharedEvenly({ from, to: node[family], port: 30181, protocol }, 4, ...pods());
        });
      }
  });
}
