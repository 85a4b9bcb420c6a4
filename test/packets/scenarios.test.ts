import { expect } from 'chai';
import { readFile } from 'node:fs/promises';
import type { Guest } from '../lab/guest.ts';
import type { Node } from '../lab/node.ts';
import type { Place } from '../lab/place.ts';
import { Site, complaints, counted, held, until } from './support.ts';

const http = { http: '/' } as const;

/** The nodes' own addresses on the bridges of their pods, which they pick as source towards these. */
const bridges: Readonly<Record<string, string>> = {
  'ycwang-ubuntu': '10.244.0.1',
  'ycwang-ubuntu-worker': '10.244.1.1',
};

/** A scenario as it is written, but that its file says where it ends. */
async function ended(file: string): Promise<string> {
  const content = await readFile(`test/fixtures/scenarios/${file}`, 'utf8');
  return `${content.trimEnd()}\n...\n`;
}

describe('the walkthrough scenarios', () => {
  let site: Site;
  let everyone: readonly Place[];
  let notReady: Guest;

  /**
   * Makes this the only scenario that is in force and waits until every kernel sends new connections to these endpoints
   * through these of its virtual servers, and to no others. Those of weight 0 only wait for old connections to end.
   */
  async function play(content: string, expected: (node: Node) => readonly string[]): Promise<void> {
    await site.write('scenario.yaml', content);
    for (const node of site.nodes) {
      const lines = expected(node).map((line) => `-a -t ${line} -m -w 1`);
      await until(
        () => held(node),
        ({ servers }) => {
          const own = servers.filter((line) => line.startsWith('-a ') && !line.endsWith(' -w 0'));
          return [...own].sort().join() === [...lines].sort().join();
        },
      );
    }
  }

  before(async () => {
    site = await Site.build();
    everyone = [...site.nodes, ...site.pods];
    notReady = await site.second.addPod({
      name: 'web-9',
      addresses: ['10.244.1.9'],
      serve: { http: [80] },
    });
    for (const [name, address, port] of [
      ['mysql', '192.168.1.25', 3306],
      ['mongodb', '192.168.1.26', 30017],
    ] as const)
      await site.cluster.addHost({ name, addresses: [address], serve: { tcp: [port] } });
    await site.startAll('--cluster-cidr', '10.244.0.0/16');
  });

  after(() => site.destroy());

  describe('01: a ClusterIP service', () => {
    const vip = '10.104.112.175';

    before(async () => {
      await play(await ended('01-clusterip.yaml'), () => [
        `${vip}:8080 -r 10.244.0.2:80`,
        `${vip}:8080 -r 10.244.1.4:80`,
      ]);
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
      expect(counted(await site.first.ask(notReady.ipv4, 80, http)).names).to.deep.equal({ 'web-9': 1 });
      const counter = await notReady.count({ chain: 'INPUT', match: ['-p', 'tcp', '--dport', '80'] });
      await Promise.all(everyone.map((place) => place.ask(vip, 8080, { ...http, count: 4 })));
      expect((await counter.read()).packets).to.equal(0);
      await counter.remove();
    });
  });

  describe('02: a NodePort service', () => {
    const vip = '10.110.65.131';

    before(async () => {
      await play(await ended('02-nodeport.yaml'), (node) =>
        [`${vip}:8080`, `${node.ipv4}:30000`, `${bridges[node.name]}:30000`].flatMap((server) => [
          `${server} -r 10.244.0.3:80`,
          `${server} -r 10.244.1.6:80`,
        ]),
      );
    });

    it('answers on the port of either node, from inside and from the outside client, over both pods', async () => {
      for (const node of site.nodes) {
        for (const place of [...everyone, site.client]) {
          const { names, errors } = counted(await place.ask(node.ipv4, 30000, { ...http, count: 10 }));
          expect({ names, errors }, `${place.name} at ${node.name}`).to.deep.equal({
            names: { 'web-2': 5, 'web-4': 5 },
            errors: {},
          });
        }
      }
    });

    it("shows the pods a node's address as the source of the outside client", async () => {
      for (const node of site.nodes) {
        const answers = await site.client.ask(node.ipv4, 30000, { ...http, count: 10 });
        expect(counted(answers).peers, node.name).to.deep.equal({ [bridges[node.name]!]: 5, [node.ipv4]: 5 });
      }
    });

    it('still answers on its cluster address', async () => {
      for (const place of everyone) {
        const { names } = counted(await place.ask(vip, 8080, { ...http, count: 10 }));
        expect(names, place.name).to.deep.equal({ 'web-2': 5, 'web-4': 5 });
      }
    });
  });

  describe('03: services without a selector', () => {
    const mysql = '10.254.218.165';
    const mongodb = '10.254.218.170';

    before(async () => {
      await play(await ended('03-no-selector.yaml'), () => [
        `${mysql}:3306 -r 192.168.1.25:3306`,
        `${mongodb}:30017 -r 192.168.1.26:30017`,
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
      const renamed = (await ended('03-no-selector.yaml')).replace(
        '- { name: mongodb, port: 30017, targetPort: 30017 }',
        '- { name: mongo, port: 30017, targetPort: 30017 }',
      );
      await play(renamed, () => [`${mysql}:3306 -r 192.168.1.25:3306`]);
      const answers = await site.pod('web-1').ask(mongodb, 30017, { count: 2 });
      expect(counted(answers).errors).to.deep.equal({ refused: 2 });
    });
  });

  describe('07: services that are not balanced', () => {
    /** Everything that a service may leave in the kernel. */
    const everything = 'ipvsadm -Sn; ip -brief address; ipset save; iptables-save -t nat | grep -v "^[#:]"';

    it('leave the kernel as it was, and no complaint in the log', async () => {
      await site.remove('scenario.yaml');
      for (const node of site.nodes)
        await until(
          () => held(node),
          ({ servers }) => servers.length === 0,
        );
      const before = await Promise.all(site.nodes.map((node) => node.must(['sh', '-c', everything])));
      const from = site.controllers.map(({ lines }) => lines.length);
      await site.write('not-balanced.yaml', await ended('07-not-balanced.yaml'));
      // A fault that is told of once all files have been read and stand still.
      await site.write('zz-last.yaml', 'apiVersion: v1\nkind: Service\nmetadata: { name: last }\n...\n');
      for (const [index, controller] of site.controllers.entries()) {
        await controller.log(/zz-last\.yaml/, 10_000, from[index]);
        expect(complaints(controller, from[index])).to.have.length(1);
      }
      const after = await Promise.all(site.nodes.map((node) => node.must(['sh', '-c', everything])));
      expect(after).to.deep.equal(before);
    });
  });
});
