import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Answer } from '../lab/answer.ts';
import { tally } from '../lab/answer.ts';
import { Cluster } from '../lab/cluster.ts';
import type { Controller } from '../lab/controller.ts';
import type { Guest } from '../lab/guest.ts';
import type { Node } from '../lab/node.ts';
import type { EndpointSpec, ServiceSpec } from './support-objects.ts';
import { expectedServers, manifestOf, objectsOf } from './support-objects.ts';

/** Counts of one kind. */
export type Counts = Readonly<Record<string, number>>;

/** Answers counted as plain objects, which print well. */
export function counted(answers: readonly Answer[]): { names: Counts; peers: Counts; errors: Counts } {
  const { byName, byPeer, errors } = tally(answers);
  return {
    names: Object.fromEntries(byName),
    peers: Object.fromEntries(byPeer),
    errors: Object.fromEntries(errors),
  };
}

/** Looks again and again until something is so, and gives what was seen; fails with the last of it after a while. */
export async function until<Value>(
  look: () => Value | Promise<Value>,
  holds: (value: Value) => boolean,
  timeout = 15_000,
): Promise<Value> {
  const deadline = performance.now() + timeout;
  for (;;) {
    const value = await look();
    if (holds(value)) return value;
    if (performance.now() > deadline)
      throw new Error(`it did not come to be; at last it was ${JSON.stringify(value, null, 2)}`);
    await sleep(30);
  }
}

/** Everything of ours that a kernel holds, in the words of the tools that show it. */
export interface Held {
  /** Lines of `ipvsadm -Sn`. */
  readonly servers: readonly string[];
  /** Addresses on kube-ipvs0, without prefix lengths. */
  readonly addresses: readonly string[];
}

/** What a node's kernel holds now. */
export async function held(node: Node): Promise<Held> {
  const script = 'ipvsadm -Sn; echo ---; ip -brief address show dev kube-ipvs0 2>/dev/null || :';
  const [servers = '', addresses = ''] = (await node.must(['sh', '-c', script])).split('---\n');
  return {
    servers: servers.split('\n').filter((line) => line !== ''),
    addresses: addresses
      .trim()
      .split(/\s+/)
      .slice(2)
      .map((address) => address.replace(/\/\d+$/, '')),
  };
}

/** The real servers of a virtual server that take new connections; `undefined` where there is no such virtual server. */
function realServers({ servers }: Held, name: string): readonly string[] | undefined {
  if (!servers.some((line) => line.startsWith(`-A ${name} `))) return undefined;
  return servers
    .filter((line) => line.startsWith(`-a ${name} `) && !line.endsWith('-w 0'))
    .map((line) => / -r (\S+) /.exec(line)?.[1] ?? '')
    .sort();
}

const nodeSpecs = [
  {
    name: 'ycwang-ubuntu',
    addresses: ['192.168.111.128', 'fd00:192::80'],
    podCIDRs: ['10.244.0.0/24', 'fd00:10:244::/64'],
  },
  {
    name: 'ycwang-ubuntu-worker',
    addresses: ['192.168.111.129', 'fd00:192::81'],
    podCIDRs: ['10.244.1.0/24', 'fd00:10:244:1::/64'],
  },
] as const;

/** Pods by name with the addresses that they have; the first two on the first node. */
const podSpecs = [
  { name: 'web-1', addresses: ['10.244.0.2', 'fd00:10:244::2'] },
  { name: 'web-2', addresses: ['10.244.0.3', 'fd00:10:244::3'] },
  { name: 'web-3', addresses: ['10.244.1.4', 'fd00:10:244:1::4'] },
  { name: 'web-4', addresses: ['10.244.1.6', 'fd00:10:244:1::6'] },
] as const;

/** Where streams of new connections come to. */
export const streamPort = 8082;

/** What each pod listens on. Port 80 and 8081 answer requests, 7000 and 9001 keep connections open. */
export const podServing = {
  ...{ http: [80], tcp: [8081], udp: [53], sctp: [9000] },
  ...{ hold: [7000], sctpHold: [9001], brief: [streamPort] },
};

/** A pod of the site. */
export type PodName = (typeof podSpecs)[number]['name'];

/** A pod of the site behind a service, in some condition. */
type SitePod = { readonly pod: PodName } & Pick<EndpointSpec, 'ready' | 'serving' | 'terminating'>;

/** A service whose endpoints are pods of the site. Those without a condition are ready. */
export interface SiteService extends Omit<ServiceSpec, 'endpoints'> {
  readonly pods: readonly (PodName | SitePod)[];
}

/**
 * Two nodes with pods on them and a client outside, in both families, and a directory of manifests that the nodes'
 * controllers follow. Nobody has started these yet.
 */
export class Site {
  readonly cluster: Cluster;
  readonly client: Guest;
  readonly manifests: string;
  readonly #pods: ReadonlyMap<string, Guest>;
  readonly #controllers = new Map<Node, Controller>();
  /** Arguments of every controller, beside the usual ones. */
  #args: readonly string[] = [];
  /** Arguments that say where a node's controller reads from. */
  #source: (node: Node) => readonly string[];

  private constructor(cluster: Cluster, pods: readonly Guest[], client: Guest, manifests: string) {
    this.cluster = cluster;
    this.client = client;
    this.manifests = manifests;
    this.#source = () => ['--manifests', manifests];
    this.#pods = new Map(pods.map((pod) => [pod.name, pod]));
  }

  /** Builds everything. The directory of manifests is empty. */
  static async build(): Promise<Site> {
    const manifests = await mkdtemp(join(tmpdir(), 'manifests-'));
    const cluster = await Cluster.create({ nodes: nodeSpecs });
    const specs = podSpecs.map((spec) => ({ ...spec, serve: podServing }));
    const [first, second] = cluster.nodes as [Node, Node];
    const pods = [...(await first.addPods(specs.slice(0, 2))), ...(await second.addPods(specs.slice(2)))];
    const client = await cluster.addClient({
      name: 'outside',
      addresses: ['192.168.111.10', 'fd00:192::10'],
    });
    return new Site(cluster, pods, client, manifests);
  }

  get nodes(): readonly Node[] {
    return this.cluster.nodes;
  }

  /** The node of web-1 and web-2. */
  get first(): Node {
    return this.cluster.node(nodeSpecs[0].name);
  }

  /** The node of web-3 and web-4. */
  get second(): Node {
    return this.cluster.node(nodeSpecs[1].name);
  }

  /** A pod by its name. */
  pod(name: PodName): Guest {
    return this.#pods.get(name)!;
  }

  get pods(): readonly Guest[] {
    return [...this.#pods.values()];
  }

  /** The controller that works on a node. */
  controller(node: Node): Controller {
    const controller = this.#controllers.get(node);
    if (controller === undefined) throw new Error(`no controller was started on ${node.name}`);
    return controller;
  }

  get controllers(): readonly Controller[] {
    return [...this.#controllers.values()];
  }

  /** Gives the controllers that are started from now on other arguments than the directory of manifests. */
  readFrom(source: (node: Node) => readonly string[]): void {
    this.#source = source;
  }

  /** Starts a controller on every node, with arguments that `start` uses too, and waits until each is ready. */
  async startAll(...args: readonly string[]): Promise<void> {
    this.configure(...args);
    await Promise.all(this.nodes.map((node) => this.start(node)));
  }

  /** Gives the controllers that are started from now on these arguments, beside the usual ones. */
  configure(...args: readonly string[]): void {
    this.#args = args;
  }

  /** Starts a controller on a node and waits until every service is programmed. */
  async start(node: Node): Promise<Controller> {
    const controller = await this.launch(node);
    await controller.log(/"msg":"ready: every service is programmed"/, 60_000);
    return controller;
  }

  /** Starts a controller on a node. */
  async launch(node: Node): Promise<Controller> {
    const controller = await node.startController({
      args: [
        ...['run', ...this.#source(node), '--hostname-override', node.name],
        ...['--logging-format', 'json', ...this.#args],
      ],
    });
    this.#controllers.set(node, controller);
    return controller;
  }

  /** Ends every controller, as on an update. */
  async stopAll(): Promise<void> {
    await Promise.all(this.controllers.map((controller) => controller.stop()));
  }

  /** Writes a file of manifests in one step. */
  async write(name: string, content: string): Promise<void> {
    const hidden = join(this.manifests, `.${name}`);
    await writeFile(hidden, content);
    await rename(hidden, join(this.manifests, name));
  }

  /** Removes a file of manifests. */
  async remove(name: string): Promise<void> {
    await rm(join(this.manifests, name));
  }

  /** Writes a service with its endpoints to a file of its name and waits until every kernel holds what it asks for. */
  async serve(service: SiteService): Promise<void> {
    await this.publish(service);
    await this.untilServed(service);
  }

  /** Writes a service with its endpoints to a file of its name. */
  async publish(service: SiteService): Promise<void> {
    await this.write(`${service.name}.yaml`, this.manifestOf(service));
  }

  /** A service with its endpoints as manifests. */
  manifestOf(service: SiteService): string {
    return manifestOf(objectsOf(this.#withEndpoints(service)));
  }

  /** Waits until every kernel, or that of one node, holds what a service asks for, and no other real server. */
  async untilServed(service: SiteService, nodes: readonly Node[] = this.nodes): Promise<void> {
    const spec = this.#withEndpoints(service);
    for (const node of nodes) {
      const expected = expectedServers(spec, node.addresses);
      await until(
        () => held(node),
        (now) =>
          service.clusterIPs.every((address) => now.addresses.includes(address)) &&
          [...expected].every(([name, servers]) => realServers(now, name)?.join() === servers.join()),
      );
    }
  }

  /** Removes the file of a service and waits until no kernel has its addresses or anything that mentions them. */
  async withdraw(service: Pick<SiteService, 'name' | 'clusterIPs'>): Promise<void> {
    await this.remove(`${service.name}.yaml`);
    await this.untilWithdrawn(...service.clusterIPs);
  }

  /** Waits until no kernel has these addresses any more, on kube-ipvs0 or in a virtual server. */
  async untilWithdrawn(...addresses: readonly string[]): Promise<void> {
    for (const node of this.nodes) {
      await until(
        () => held(node),
        (now) =>
          !addresses.some(
            (address) =>
              now.addresses.includes(address) ||
              now.servers.some((line) => line.includes(` ${address}:`) || line.includes(` [${address}]:`)),
          ),
      );
    }
  }

  /** Ends everything that was started. */
  async destroy(): Promise<void> {
    await this.cluster.destroy();
    await rm(this.manifests, { recursive: true });
  }

  #withEndpoints(service: SiteService): ServiceSpec {
    return { ...service, endpoints: service.pods.map((pod) => this.#endpoint(pod)) };
  }

  #endpoint(wanted: SiteService['pods'][number]): EndpointSpec {
    const { pod: name, ...conditions } = typeof wanted === 'string' ? { pod: wanted } : wanted;
    const { addresses } = podSpecs.find((spec) => spec.name === name)!;
    const [first, second] = nodeSpecs;
    const { name: nodeName } = name === 'web-1' || name === 'web-2' ? first : second;
    return { addresses, nodeName, ...conditions };
  }
}

/** A controller's lines of level `warn` and above, those that came after `from` lines. */
export function complaints(controller: Controller, from = 0): string[] {
  return controller.lines
    .slice(from)
    .filter(({ fields }) => fields['level'] !== 'info')
    .map(({ text }) => text);
}
