import { mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Cluster } from '../lab/cluster.ts';
import type { Controller } from '../lab/controller.ts';
import type { Guest } from '../lab/guest.ts';
import type { Node } from '../lab/node.ts';
import { isWithin } from '../lab/topology.ts';

/** The nodes of the walkthrough, as its scenarios name them. */
export const nodeNames = ['ycwang-ubuntu', 'ycwang-ubuntu-worker'] as const;

/** Seconds between two readings of the kernel. */
export const syncPeriod = 5;

/** Where the scenarios lie, from the top of the repository. */
const scenarios = 'test/fixtures/scenarios';

/** A node, and the controller that works on it. */
export interface Seat {
  readonly node: Node;
  readonly controller: Controller;
}

/** Everything of the walkthrough: two nodes with a controller each, four pods, a client and two databases outside. */
export class Stage {
  readonly cluster: Cluster;
  readonly seats: Seat[];
  /** By name: web-1 and web-2 on the first node, web-3 and web-4 on the second. */
  readonly pods: ReadonlyMap<string, Guest>;
  readonly client: Guest;
  readonly #manifests: string;

  private constructor(parts: Pick<Stage, 'cluster' | 'seats' | 'pods' | 'client'>, manifests: string) {
    this.cluster = parts.cluster;
    this.seats = parts.seats;
    this.pods = parts.pods;
    this.client = parts.client;
    this.#manifests = manifests;
  }

  /** Builds everything. The directory of manifests is empty. */
  static async build(): Promise<Stage> {
    const manifests = await mkdtemp(join(tmpdir(), 'manifests-'));
    const cluster = await Cluster.create({
      nodes: [
        { name: nodeNames[0], addresses: ['192.168.111.128/24'], podCIDRs: ['10.244.0.0/24'] },
        { name: nodeNames[1], addresses: ['192.168.111.129/24'], podCIDRs: ['10.244.1.0/24'] },
      ],
    });
    const [one, two] = nodeNames.map((name) => cluster.node(name)) as [Node, Node];
    const web = (name: string, address: string) => ({
      name,
      addresses: [`${address}/24`],
      serve: { http: [80], hold: [7000] },
    });
    const client = await cluster.addClient({ name: 'outside', addresses: ['192.168.111.10/24'] });
    await cluster.addHost({ name: 'mysql', addresses: ['192.168.1.25/24'], serve: { tcp: [3306] } });
    await cluster.addHost({ name: 'mongodb', addresses: ['192.168.1.26/24'], serve: { tcp: [30017] } });
    const pods = [
      ...(await one.addPods([web('web-1', '10.244.0.2'), web('web-2', '10.244.0.3')])),
      ...(await two.addPods([web('web-3', '10.244.1.4'), web('web-4', '10.244.1.6')])),
    ];
    const seats = await Promise.all(
      [one, two].map(async (node) => ({ node, controller: await startController(node, manifests) })),
    );
    return new Stage(
      { cluster, seats, pods: new Map(pods.map((pod) => [pod.name, pod])), client },
      manifests,
    );
  }

  /** A pod by its name. */
  pod(name: string): Guest {
    const pod = this.pods.get(name);
    if (pod === undefined)
      throw new Error(`expected one of ${[...this.pods.keys()].join(', ')}, got ${name}`);
    return pod;
  }

  /** Puts a scenario into the directory that the controllers watch, as a file of some name. */
  async apply(scenario: string, name = scenario): Promise<void> {
    await this.write(name, await readFile(join(scenarios, scenario), 'utf8'));
  }

  /** Puts a manifest there in one step, as whole: the dots at its end say that nothing follows. */
  async write(name: string, manifest: string): Promise<void> {
    const hidden = join(this.#manifests, `.${name}`);
    await writeFile(hidden, `${manifest.trimEnd()}\n...\n`);
    await rename(hidden, join(this.#manifests, name));
  }

  /** Starts a controller again where one has ended. */
  async restart(seat: Seat): Promise<Seat> {
    const restarted = { node: seat.node, controller: await startController(seat.node, this.#manifests) };
    this.seats[this.seats.indexOf(seat)] = restarted;
    return restarted;
  }

  /** What is where, a line each. */
  describe(): string[] {
    const nodes = this.seats.map(({ node }) => {
      const pods = [...this.pods.values()].filter((pod) => isOn(node, pod));
      const list = pods.map((pod) => `${pod.name} ${pod.ipv4}`).join(', ');
      return `${node.name.padEnd(21)} ${node.ipv4}   pods ${list}`;
    });
    return [...nodes, `${this.client.name.padEnd(21)} ${this.client.ipv4}    a client on the nodes’ network`];
  }

  /** Ends everything that was started. */
  async destroy(): Promise<void> {
    await this.cluster.destroy();
    await rm(this.#manifests, { recursive: true });
  }
}

function isOn(node: Node, pod: Guest): boolean {
  return node.podCIDRs.some((cidr) => isWithin(pod.ipv4, cidr));
}

/** Starts a controller and waits until it has brought its node into order. */
async function startController(node: Node, manifests: string): Promise<Controller> {
  const controller = await node.startController({
    args: [
      ...['run', '--manifests', manifests, '--hostname-override', node.name],
      ...['--cluster-cidr', '10.244.0.0/16', '--ipvs-sync-period', `${syncPeriod}s`],
      ...['--logging-format', 'json'],
    ],
  });
  await controller.log(/ready: every service is programmed/, 30_000);
  return controller;
}
