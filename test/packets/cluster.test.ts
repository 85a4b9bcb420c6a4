import { expect } from 'chai';
import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Asking } from '../lab/asking.ts';
import type { Controller } from '../lab/controller.ts';
import type { Guest } from '../lab/guest.ts';
import { shortAffinity, untilForgotten } from './support-affinity.ts';
import { ControlPlane } from './support-control-plane.ts';
import { followHints } from './support-hints.ts';
import type { EndpointSpec, ServiceSpec } from './support-objects.ts';
import { hostPort, objectsOf } from './support-objects.ts';
import { playScenarios } from './support-scenarios.ts';
import { Stage } from './support-stage.ts';
import type { Tables } from './support-tables.ts';
import { rawTablesOf, tablesFor, tablesOf, writesBetween } from './support-tables.ts';
import { counted, podServing, Site, until } from './support.ts';

/** How the askers ask: for longer than everything takes, and without counting a busy machine as a lost request. */
const patiently = { seconds: 1200, rate: 5, timeout: 3000 } as const;

/** Milliseconds that the API server is away. */
const outage = 60_000;

/** Milliseconds that a controller may take to come back to it: it waits longer after each vain try, up to 30 s. */
const comeback = 90_000;

const planning = ['--cluster-cidr', '10.244.0.0/16,fd00:10:244::/48'];

/** Pods that come and go behind services; those of odd numbers on the first node. */
const podSpecs = [
  { name: 'pod-1', addresses: ['10.244.0.21', 'fd00:10:244::21'] },
  { name: 'pod-2', addresses: ['10.244.1.22', 'fd00:10:244:1::22'] },
  { name: 'pod-3', addresses: ['10.244.0.23', 'fd00:10:244::23'] },
  { name: 'pod-4', addresses: ['10.244.1.24', 'fd00:10:244:1::24'] },
];

/** A service of one port with a cluster address in both families. */
function service(name: string, number: number, endpoints: readonly EndpointSpec[]): ServiceSpec {
  const clusterIPs = [`10.96.1.${number}`, `fd00:10:96:1::${number}`];
  return { name, clusterIPs, ports: [{ name: 'page', port: 80 }], endpoints };
}

/** How many writes a controller has told of behind some lines of its log. */
function writesTold(controller: Controller, from: number): number {
  return controller.lines
    .slice(from)
    .filter(({ fields }) => fields['msg'] === 'synced')
    .flatMap(({ fields }) => Object.values(fields['writes'] as Readonly<Record<string, number>>))
    .reduce((sum, count) => sum + count, 0);
}

function isOnFirst(name: string): boolean {
  return /[13]$/.test(name);
}

describe('a cluster with an API server', () => {
  let site: Site;
  let plane: ControlPlane;
  let pods: readonly Guest[];

  function pod(name: string): Guest {
    return pods.find((one) => one.name === name)!;
  }

  function endpoints(...names: readonly string[]): EndpointSpec[] {
    return names.map((name) => ({
      addresses: pod(name).addresses,
      nodeName: (isOnFirst(name) ? site.first : site.second).name,
    }));
  }

  /** Applies a service and its slices with kubectl. */
  async function put(...services: readonly ServiceSpec[]): Promise<void> {
    await plane.apply(services.flatMap(objectsOf));
  }

  /** Applies a step of a JSON patch (RFC 6902) to slices with kubectl. */
  async function patch(slices: readonly string[], step: object): Promise<void> {
    const steps = JSON.stringify([step]);
    await plane.kubectl(['patch', 'endpointslice', ...slices, '--type', 'json', '-p', steps]);
  }

  /** Waits until every kernel holds what the API server does, and nothing else. */
  async function untilEqual(timeout?: number): Promise<void> {
    const objects = await plane.held();
    for (const node of site.nodes) {
      const expected = JSON.stringify(tablesFor(objects, node));
      await until(
        () => tablesOf(node),
        (tables) => JSON.stringify(tables) === expected,
        timeout,
      );
    }
  }

  /** Waits until every kernel sends new connections to a pod, or none does any more. */
  async function untilTakes(name: string, takes: boolean): Promise<void> {
    const servers = pod(name).addresses.map((address) => ` -r ${hostPort(address, 80)} -m -w 1`);
    for (const node of site.nodes)
      await until(
        () => tablesOf(node),
        (tables) => servers.every((server) => tables.servers.some((line) => line.endsWith(server)) === takes),
      );
  }

  before(async () => {
    site = await Site.build();
    const specs = podSpecs.map((spec) => ({ ...spec, serve: podServing }));
    pods = [
      ...(await site.first.addPods(specs.filter(({ name }) => isOnFirst(name)))),
      ...(await site.second.addPods(specs.filter(({ name }) => !isOnFirst(name)))),
    ];
    plane = await ControlPlane.build(site.cluster);
    await plane.start();
    await plane.apply(await readFile('test/fixtures/cluster.yaml', 'utf8'));
    site.readFrom((node) => ['--kubeconfig', plane.kubeconfig(node)]);
    // Kept as long as usual, the real servers of old pods would leave in the middle of what comes later.
    await site.startAll(...planning, '--drain-timeout', '3s');
  });

  after(async () => {
    await site.destroy();
    await plane.destroy();
  });

  describe('on which the walkthrough scenarios are applied with kubectl', () => {
    let inForce = '';

    playScenarios(() =>
      Stage.furnish(site, async (manifest) => {
        if (inForce !== '') await plane.kubectl(['delete', '--wait=false', '-f', '-'], inForce);
        if (manifest !== '') await plane.apply(manifest);
        inForce = manifest;
      }),
    );

    after(async () => {
      if (inForce !== '') await plane.kubectl(['delete', '--wait=false', '-f', '-'], inForce);
      await untilEqual();
    });
  });

  followHints(() => ({ site, plane }));

  describe('while requests run', () => {
    let shop: ServiceSpec;
    /** Nobody asks these two: their real servers go without waiting for connections to end. */
    let quiet: ServiceSpec;
    let leaving: ServiceSpec;
    /** It has its slices from the beginning, and its Service later. */
    let late: ServiceSpec;
    /** One client asks it at the beginning, and once more at the end. */
    let sticky: ServiceSpec;
    let podsOfClient: readonly string[];
    let askers: readonly Asking[];

    /** Goes on only when more answers have come everywhere. */
    async function answered(count: number): Promise<void> {
      await Promise.all(askers.map((asking) => asking.reach(asking.answers.length + count)));
    }

    /** The pod that the client of `sticky` is on, in each family. */
    function podsOfSticky(): Promise<string[]> {
      return Promise.all(
        sticky.clusterIPs.map(async (address) => {
          const { names } = counted(await site.pod('web-2').ask(address, 80, { count: 4, timeout: 15_000 }));
          expect(Object.values(names), JSON.stringify(names)).to.deep.equal([4]);
          return Object.keys(names)[0]!;
        }),
      );
    }

    function noErrors(): void {
      for (const { answers } of askers) expect(counted(answers).errors).to.deep.equal({});
    }

    before(async () => {
      shop = {
        ...service('shop', 1, endpoints('pod-1', 'pod-2')),
        ports: [{ name: 'page', port: 80, nodePort: 30080 }],
      };
      quiet = service('quiet', 2, endpoints('pod-1', 'pod-2'));
      leaving = service('leaving', 3, endpoints('pod-2'));
      late = service('late', 4, endpoints('pod-3', 'pod-4'));
      sticky = {
        ...service('sticky', 6, endpoints('pod-3', 'pod-4')),
        spec: {
          sessionAffinity: 'ClientIP',
          sessionAffinityConfig: { clientIP: { timeoutSeconds: shortAffinity } },
        },
      };
      await put(shop, quiet, leaving, sticky, service('empty', 5, []));
      // The lists of services and of slices come in any order: whatever is half there would be written twice.
      await plane.apply(objectsOf(late).slice(1));
      await untilEqual();
      const [vip4, vip6] = shop.clusterIPs as [string, string];
      askers = [
        site.pod('web-1').asking(vip4, 80, patiently),
        site.pod('web-4').asking(vip6, 80, patiently),
        site.client.asking(site.first.ipv4, 30080, patiently),
        site.client.asking(site.second.ipv6, 30080, patiently),
      ];
      await answered(5);
      podsOfClient = await podsOfSticky();
    });

    after(async () => {
      await Promise.all(askers.map((asking) => asking.stop()));
    });

    it('endpoints are replaced one after the other, and no request is lost', async () => {
      for (const [old, next, staying] of [
        ['pod-1', 'pod-3', 'pod-2'],
        ['pod-2', 'pod-4', 'pod-3'],
      ] as const) {
        await put({ ...shop, endpoints: endpoints(old, staying, next) });
        await untilTakes(next, true);
        await patch(['shop-ipv4', 'shop-ipv6'], {
          op: 'replace',
          path: '/endpoints/0/conditions',
          value: { ready: false, serving: true, terminating: true },
        });
        // Its real servers are gone when their connections have ended, or their time is over.
        await untilEqual();
        await put({ ...shop, endpoints: endpoints(staying, next) });
        await pod(old).kill();
        await answered(5);
      }
      noErrors();
      for (const asking of askers)
        expect(counted(asking.answers.slice(-4)).names).to.have.all.keys('pod-3', 'pod-4');
    });

    it('services follow what is edited, patched and labelled by hand', async () => {
      const editor = 'sed -i s/10[.]244[.]1[.]22$/10.244.1.24/';
      await plane.kubectl(['edit', 'endpointslice', 'quiet-ipv4'], '', { KUBE_EDITOR: editor });
      await patch(['quiet-ipv6'], { op: 'remove', path: '/endpoints/0' });
      const label = 'service.kubernetes.io/service-proxy-name';
      await plane.kubectl(['label', 'service', 'leaving', `${label}=another`]);
      await site.untilWithdrawn(...leaving.clusterIPs);
      await plane.kubectl(['label', 'service', 'leaving', `${label}-`]);
      await untilEqual();
      for (const node of site.nodes) {
        const { servers } = await tablesOf(node);
        expect(servers.filter((line) => line.includes(' 10.96.1.2:80 -r '))).to.deep.equal([
          '-a -t 10.96.1.2:80 -r 10.244.0.21:80 -m -w 1',
          '-a -t 10.96.1.2:80 -r 10.244.1.24:80 -m -w 1',
        ]);
      }
      noErrors();
    });

    it('the API server moves to another certificate and other tokens, and is followed', async () => {
      const token = plane.adminToken;
      await plane.kill();
      await plane.renewAccess();
      await plane.start();
      const { stderr } = await plane.tryKubectl(['--token', token, 'get', 'services']);
      expect(stderr).to.match(/Unauthorized|logged in/);
      await put({ ...quiet, endpoints: endpoints('pod-4', 'pod-3') });
      await untilEqual(comeback);
      await answered(5);
      noErrors();
    });

    describe('the API server is killed for a minute;', () => {
      let before: readonly Tables[];
      let lines: readonly number[];

      it('nothing is lost, nothing is written and nothing is seen of what changes meanwhile', async () => {
        before = await Promise.all(site.nodes.map(tablesOf));
        lines = site.controllers.map((controller) => controller.lines.length);
        const raw = await Promise.all(site.nodes.map(rawTablesOf));
        const known = askers.map(({ answers }) => answers.length);
        await plane.kill();
        const end = performance.now() + outage;
        // Nobody else reaches it there. What changes in it is what the others have missed when it comes back.
        await plane.start('itself');
        await plane.apply([...objectsOf({ ...quiet, endpoints: endpoints('pod-3') }), ...objectsOf(late)]);
        await plane.kubectl(['delete', 'service', 'leaving']);
        await plane.kubectl(['annotate', 'service', 'shop', 'note=changed']);
        await plane.kill();
        await sleep(Math.max(0, end - performance.now()));
        for (const [index, asking] of askers.entries()) {
          await asking.reach(known[index]! + 20);
          expect(counted(asking.answers).errors).to.deep.equal({});
        }
        expect(await Promise.all(site.nodes.map(rawTablesOf))).to.deep.equal(raw);
        for (const [index, controller] of site.controllers.entries())
          expect(writesTold(controller, lines[index]!)).to.equal(0);
      });

      it('it comes back without its history, and the difference alone is written', async () => {
        await plane.start();
        for (const [index, controller] of site.controllers.entries())
          for (const what of ['Services', 'EndpointSlices'])
            await controller.log(
              ({ fields }) => fields['code'] === 'expired' && fields['what'] === what,
              comeback,
              lines[index],
            );
        await untilEqual(comeback);
        for (const [index, node] of site.nodes.entries()) {
          const controller = site.controller(node);
          const from = lines[index]!;
          const needed = writesBetween(before[index]!, await tablesOf(node));
          expect(needed).to.be.above(0);
          expect(writesTold(controller, from), node.name).to.equal(needed);
        }
        noErrors();
      });

      it('the kernels end as a controller would leave them that has just been started', async () => {
        for (const node of site.nodes) {
          const source = ['--kubeconfig', plane.kubeconfig(node), '--hostname-override', node.name];
          const diff = await node.exec('node', ['dist/kube-ipvs.mjs', 'diff', ...source, ...planning]);
          expect(diff, node.name).to.include({ code: 0 });
        }
        const objects = await plane.objects('services,endpointslices');
        for (const node of site.nodes) expect(await tablesOf(node)).to.deep.equal(tablesFor(objects, node));
        noErrors();
      });

      // Its connections ended as they usually do: that they are over is remembered for two minutes.
      it('a client whose affinity has ended meanwhile is balanced anew', async function () {
        this.timeout(600_000);
        const client = site.pod('web-2');
        for (const [index, address] of sticky.clusterIPs.entries())
          await untilForgotten(site.first, client.addresses[index]!, address, 80);
        const now = await podsOfSticky();
        for (const [index, name] of now.entries()) expect(name).not.to.equal(podsOfClient[index]);
      });
    });
  });
});
