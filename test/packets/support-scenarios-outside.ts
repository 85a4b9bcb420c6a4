import { expect } from 'chai';
import type { Guest } from '../lab/guest.ts';
import type { Node } from '../lab/node.ts';
import { serverName } from './support-objects.ts';
import { sharedEvenly } from './support-questions.ts';
import type { Outside, Stage } from './support-stage.ts';
import { balancing, scenario } from './support-stage.ts';
import { nodeAddresses } from './support-tables.ts';
import type { Site } from './support.ts';
import { counted, until } from './support.ts';

/** Less than Linux waits before it sends a first packet again. */
const oneTry = 900;

/** The clauses of scenario 04. */
export function playLocal(stageNow: () => Stage): void {
  describe('04: a load balancer of the policy Local', () => {
    const vip = '10.110.65.140';
    const balancer = '203.0.113.10';
    const ports = { service: 30080, node: 30001, healthCheck: 30009 } as const;

    let stage: Stage;
    let site: Site;

    /** Everything that clients outside of the cluster may ask a node for. */
    function outer(node: Node): readonly string[] {
      const nodePorts = nodeAddresses(node, 'IPv4').map((address) => serverName(address, ports.node));
      return [serverName(balancer, ports.service), ...nodePorts];
    }

    /** Who may ask a node, and where: over that node for the address of the load balancer, or for its node port. */
    function asked(node: Node): readonly (readonly [Guest, string, number])[] {
      const client = stage.admitted.get(node)!;
      return [
        [client, balancer, ports.service],
        [client, node.ipv4, ports.node],
        [site.client, node.ipv4, ports.node],
      ];
    }

    /** The outside client reaches this pod alone through a node, and is seen by it under its own address. */
    async function leadsTo(node: Node, pod: string): Promise<void> {
      for (const [client, address, port] of asked(node)) {
        const { names, peers, errors } = counted(await client.ask(address, port, { count: 4 }));
        expect({ names, peers, errors }, `${client.name} to ${address}`).to.deep.equal({
          names: { [pod]: 4 },
          peers: { [client.ipv4]: 4 },
          errors: {},
        });
      }
    }

    /** Waits until the health check port of a node answers the outside client with a status. */
    async function untilHealth(node: Node, status: string): Promise<void> {
      const url = `http://${node.ipv4}:${ports.healthCheck}/`;
      const command = ['-s', '-o', '/dev/null', '-m', '5', '-w', '%{http_code}', url];
      await until(
        async () => (await site.client.exec('curl', command)).stdout,
        (answer) => answer === status,
      );
    }

    before(async () => {
      stage = stageNow();
      site = stage.site;
      await stage.play(await scenario('04-local.yaml'), (node) =>
        balancing([serverName(vip, ports.service), ...outer(node)], '10.244.1.6:80'),
      );
    });

    it('answers the outside client on the node that has its pod, which sees the own address of the client', async () => {
      await leadsTo(site.second, 'web-4');
    });

    it('refuses the outside client on the node that has none', async () => {
      for (const [client, address, port] of asked(site.first)) {
        const answers = await client.ask(address, port, { count: 2, timeout: oneTry });
        expect(counted(answers).errors, `${client.name} to ${address}`).to.deep.equal({ refused: 2 });
      }
    });

    it('answers everyone inside on its cluster address and on that of its load balancer', async () => {
      for (const address of [vip, balancer])
        for (const place of stage.inside) {
          const { names } = counted(await place.ask(address, ports.service, { count: 2 }));
          expect(names, `${place.name} to ${address}`).to.deep.equal({ 'web-4': 2 });
        }
    });

    it('says at its health check port which node has a pod', async () => {
      await untilHealth(site.first, '503');
      await untilHealth(site.second, '200');
    });

    it('keeps the outside client to the pods of the node that it asks where both have one', async () => {
      const another =
        '  - { addresses: [10.244.0.3], conditions: { ready: true }, nodeName: ycwang-ubuntu }\n';
      await stage.play(`${await scenario('04-local.yaml')}${another}`, (node) => [
        ...balancing([serverName(vip, ports.service)], '10.244.0.3:80', '10.244.1.6:80'),
        ...balancing(outer(node), node === site.first ? '10.244.0.3:80' : '10.244.1.6:80'),
      ]);
      await leadsTo(site.first, 'web-2');
      await leadsTo(site.second, 'web-4');
      for (const node of site.nodes) await untilHealth(node, '200');
    });
  });
}

/** The clauses of scenario 06. */
export function playLoadBalancer(stageNow: () => Stage): void {
  describe('06: a load balancer with source ranges, and an external IP', () => {
    const [vip, external, balancer] = ['10.110.65.160', '198.51.100.32', '203.0.113.20'];
    const services = [
      { protocol: 'tcp', name: 'TCP', port: 80, nodePort: 30080, targetPort: 80 },
      { protocol: 'udp', name: 'UDP', port: 53, nodePort: 30053, targetPort: 5353 },
    ] as const;

    let stage: Stage;
    let site: Site;
    let admitted: readonly Guest[];
    let strangers: readonly Guest[];

    /** Everybody of these is answered by both pods, evenly. */
    async function answers(
      places: Iterable<Stage['inside'][number]>,
      address: string,
      portOf: (service: (typeof services)[number]) => number,
    ): Promise<void> {
      for (const place of places)
        for (const service of services) {
          const question = { from: place, to: address, port: portOf(service), protocol: service.protocol };
          await sharedEvenly(question, 4, site.pod('web-2'), site.pod('web-4'));
        }
    }

    const guests = (outside: Outside): readonly Guest[] => [...outside.values()];

    before(async () => {
      stage = stageNow();
      site = stage.site;
      [admitted, strangers] = [guests(stage.admitted), guests(stage.strangers)];
      await stage.play(await scenario('06-loadbalancer.yaml'), (node) =>
        services.flatMap(({ name, port, nodePort, targetPort }) =>
          balancing(
            [
              ...[vip, external, balancer].map((address) => serverName(address, port, name)),
              ...nodeAddresses(node, 'IPv4').map((address) => serverName(address, nodePort, name)),
            ],
            `10.244.0.3:${targetPort}`,
            `10.244.1.6:${targetPort}`,
          ),
        ),
      );
    });

    it('answers clients of its source ranges on the address of the load balancer, over either node', async () => {
      await answers(admitted, balancer, ({ port }) => port);
    });

    // The second range is that of the pods, in which each node has an address too.
    it('answers pods and nodes there, which are of a source range too', async () => {
      await answers(stage.inside, balancer, ({ port }) => port);
    });

    it('drops what other clients send there', async () => {
      for (const stranger of strangers)
        for (const { protocol, port } of services) {
          const { errors } = counted(await stranger.ask(balancer, port, { protocol, timeout: oneTry }));
          expect(errors, `${stranger.name} by ${protocol}`).to.deep.equal({ timeout: 1 });
        }
    });

    it('answers on its external IP on whichever node that leads to, and everyone inside', async () => {
      await answers([...admitted, ...strangers, ...stage.inside], external, ({ port }) => port);
    });

    it('answers on its node ports and on its cluster address, which have no source ranges', async () => {
      for (const node of site.nodes)
        await answers([site.client, ...strangers], node.ipv4, ({ nodePort }) => nodePort);
      await answers(stage.inside, vip, ({ port }) => port);
    });
  });
}
