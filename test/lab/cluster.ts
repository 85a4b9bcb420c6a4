import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { familyOf, ipFamilies } from '../../lib/model/family.ts';
import { agentPath } from './agent.ts';
import { Guest } from './guest.ts';
import { Node, podBridge } from './node.ts';
import type { PlaceParts, Socket } from './place.ts';
import { plugLines } from './place.ts';
import { Processes, emptyNamespaces, existingNamespaces } from './processes.ts';
import type { HostSpec, NodeSpec, PodSpec } from './topology.ts';
import {
  anywhere,
  bare,
  gatewayOf,
  hardwareAddress,
  interfaceUp,
  isWithin,
  masqueradeProgram,
  networkOf,
  ofFamily,
  routesToPods,
} from './topology.ts';

/** What a cluster is made of. */
export interface ClusterSpec {
  readonly nodes: readonly NodeSpec[];
  /** Whether nodes masquerade what pods send out of the cluster, as the usual network plugins do. Default true. */
  readonly masquerade?: boolean;
}

/** What nodes, pods and outside machines have in common. */
type Machine = Pick<HostSpec, 'name' | 'addresses'>;

/** A namespace that is to be made, with its cable. */
interface Plan {
  readonly netns: string;
  readonly hardware: string;
  readonly socket: Socket;
}

const fabricBridge = 'fabric';

/** Every place: addresses, the link-local ones among them, work at once, and nobody is told of a router. */
const commonSysctls = ['all', 'default', 'eth0'].flatMap((device) => [
  `net/ipv6/conf/${device}/accept_dad=0`,
  `net/ipv6/conf/${device}/accept_ra=0`,
]);

/** What Kubernetes requires of a node. */
const nodeSysctls = [
  ...commonSysctls,
  'net/ipv4/ip_forward=1',
  'net/ipv6/conf/all/forwarding=1',
  'net/bridge/bridge-nf-call-iptables=1',
  'net/bridge/bridge-nf-call-ip6tables=1',
];

/** The nodes' network is a switch and no more. */
const fabricSysctls = [
  'net/ipv6/conf/all/disable_ipv6=1',
  'net/ipv6/conf/default/disable_ipv6=1',
  'net/bridge/bridge-nf-call-iptables=0',
  'net/bridge/bridge-nf-call-ip6tables=0',
];

/**
 * Nodes on a common network, their pods, and machines outside, made of network namespaces. To be used inside the lab,
 * as root, and destroyed at the end.
 */
export class Cluster {
  readonly #spec: ClusterSpec;
  readonly #processes = new Processes();
  readonly #prefix = `lab${crypto.randomUUID().slice(0, 4)}`;
  readonly #folder = join('/run/lab', this.#prefix);
  readonly #namespaces = new Set<string>();
  readonly #nodes = new Map<string, Node>();
  #ports = 0;

  private constructor(spec: ClusterSpec) {
    this.#spec = spec;
  }

  /** Makes the nodes and their network. */
  static async create(spec: ClusterSpec): Promise<Cluster> {
    const cluster = new Cluster(spec);
    try {
      await cluster.#build();
      return cluster;
    } catch (error) {
      await cluster.destroy();
      throw error;
    }
  }

  /** Every node, in the order in which they were given. */
  get nodes(): readonly Node[] {
    return [...this.#nodes.values()];
  }

  /** A node by its name. Throws where there is none. */
  node(name: string): Node {
    const node = this.#nodes.get(name);
    if (node === undefined)
      throw new Error(`expected one of ${[...this.#nodes.keys()].join(', ')}, got ${name}`);
    return node;
  }

  /** Adds a client outside the cluster, on the nodes' network. */
  addClient(spec: HostSpec): Promise<Guest> {
    return this.addHost(spec);
  }

  /** Adds a machine outside the cluster; nodes reach it over their network whatever its address. */
  async addHost(spec: HostSpec): Promise<Guest> {
    const plan = this.#plan(spec, this.#fabric, fabricBridge);
    await this.#cable([plan]);
    const [first] = this.#spec.nodes;
    const networks = (first?.addresses ?? []).map(networkOf);
    const foreign = spec.addresses.filter(
      (address) => !networks.some((network) => isWithin(address, network)),
    );
    const via = spec.via === undefined ? [] : this.node(spec.via).addresses;
    await Promise.all([
      this.#plug(this.#fabric, [plan]),
      this.#configure(plan.netns, commonSysctls, [
        ...interfaceUp('eth0', spec.addresses),
        ...(foreign.length > 0 ? networks.map((network) => `route replace ${network} dev eth0`) : []),
        ...via.map((address) => `route replace ${anywhere[familyOf(address)]} via ${address}`),
      ]),
      ...(foreign.length > 0 ? this.nodes : []).map((node) =>
        this.#configure(
          node.netns,
          [],
          foreign.map((address) => `route replace ${bare(address)} dev eth0`),
        ),
      ),
    ]);
    return this.#welcome(plan, spec);
  }

  /** Kills every process and removes every namespace, mount and file of the cluster. */
  async destroy(): Promise<void> {
    await this.#processes.killAll();
    // One whose making failed may not be there.
    const names = existingNamespaces([...this.#namespaces]);
    this.#namespaces.clear();
    this.#nodes.clear();
    await emptyNamespaces(names);
    await this.#processes.must(['ip', '-batch', '-'], names.map((name) => `netns del ${name}\n`).join(''));
    rmSync(this.#folder, { recursive: true, force: true });
  }

  get #fabric(): string {
    return `${this.#prefix}-fabric`;
  }

  async #build(): Promise<void> {
    const plans = this.#spec.nodes.map((node) => ({
      node,
      plan: this.#plan(node, this.#fabric, fabricBridge),
    }));
    await this.#processes.must(['ip', 'netns', 'add', this.#fabric]);
    this.#namespaces.add(this.#fabric);
    await this.#cable(plans.map(({ plan }) => plan));
    await Promise.all([
      this.#configure(this.#fabric, fabricSysctls, [
        `link add ${fabricBridge} type bridge`,
        `link set ${fabricBridge} up`,
        ...plans.flatMap(({ plan }) => plugLines(plan.socket)),
      ]),
      ...plans.map(({ node, plan }) => this.#buildNode(node, plan)),
    ]);
  }

  async #buildNode(spec: NodeSpec, plan: Plan): Promise<void> {
    const run = join(this.#folder, spec.name);
    mkdirSync(join(run, 'lock'), { recursive: true });
    const node = new Node({ ...this.#parts(plan, spec), run }, spec.podCIDRs ?? [], (at, pods) =>
      this.#addPods(at, pods),
    );
    this.#nodes.set(spec.name, node);
    const gateways = node.podCIDRs.map(gatewayOf);
    await this.#configure(plan.netns, nodeSysctls, [
      ...interfaceUp('eth0', spec.addresses),
      // Without an address of its own a bridge changes to that of another port whenever a pod comes or goes.
      `link add ${podBridge} address ${hardwareAddress(gateways, this.#ports)} type bridge`,
      ...interfaceUp(podBridge, gateways),
      ...routesToPods(spec, this.#spec.nodes),
    ]);
    if (this.#spec.masquerade === false) return;
    for (const family of ipFamilies.filter((one) => node.podCIDRs.some((cidr) => familyOf(cidr) === one))) {
      const restore = family === 'IPv4' ? 'iptables-restore' : 'ip6tables-restore';
      await node.must([restore, '-w', '--noflush'], masqueradeProgram(this.#spec.nodes, spec, family));
    }
  }

  async #addPods(node: Node, specs: readonly PodSpec[]): Promise<readonly Guest[]> {
    const pods = specs.map((spec) => ({ spec, plan: this.#plan(spec, node.netns, podBridge) }));
    await this.#cable(pods.map(({ plan }) => plan));
    const gateways = node.podCIDRs.map((cidr) => bare(gatewayOf(cidr)));
    await Promise.all([
      this.#plug(
        node.netns,
        pods.map(({ plan }) => plan),
      ),
      ...pods.map(({ spec, plan }) =>
        this.#configure(plan.netns, commonSysctls, [
          ...interfaceUp('eth0', spec.addresses),
          ...gateways
            .filter((gateway) => ofFamily(spec.addresses, familyOf(gateway)) !== undefined)
            .map((gateway) => `route replace ${anywhere[familyOf(gateway)]} via ${gateway}`),
        ]),
      ),
    ]);
    return Promise.all(pods.map(({ spec, plan }) => this.#welcome(plan, spec)));
  }

  async #welcome(plan: Plan, spec: PodSpec | HostSpec): Promise<Guest> {
    const guest = new Guest(this.#parts(plan, spec), () => this.#namespaces.delete(plan.netns));
    if (spec.serve !== undefined) await guest.serve(spec.serve);
    return guest;
  }

  #plan(spec: Machine, netns: string, bridge: string): Plan {
    this.#ports += 1;
    return {
      netns: `${this.#prefix}-${spec.name}`,
      hardware: hardwareAddress(spec.addresses, this.#ports),
      socket: { netns, bridge, port: `port${this.#ports}` },
    };
  }

  #parts(plan: Plan, spec: Machine): PlaceParts {
    const { name, addresses } = spec;
    return { name, addresses, netns: plan.netns, socket: plan.socket, processes: this.#processes };
  }

  /** Makes namespaces with an `eth0` each, its other end where the bridge is. */
  async #cable(plans: readonly Plan[]): Promise<void> {
    for (const { netns } of plans) {
      if (this.#namespaces.has(netns)) throw new Error(`expected a new name, got that of ${netns}`);
      this.#namespaces.add(netns);
    }
    const lines = plans.flatMap(({ netns, hardware, socket }) => [
      `netns add ${netns}`,
      `link add eth0 address ${hardware} netns ${netns} type veth peer name ${socket.port} netns ${socket.netns}`,
    ]);
    await this.#processes.must(['ip', '-batch', '-'], `${lines.join('\n')}\n`);
  }

  #plug(netns: string, plans: readonly Plan[]): Promise<void> {
    return this.#configure(
      netns,
      [],
      plans.flatMap(({ socket }) => plugLines(socket)),
    );
  }

  /** Writes sysctls of a namespace, then runs `ip -batch` in it. */
  async #configure(netns: string, sysctls: readonly string[], lines: readonly string[]): Promise<void> {
    const settings = sysctls.flatMap((setting) => ['--sysctl', setting]);
    await this.#processes.must(
      [agentPath, 'enter', '--netns', netns, ...settings, '--', 'ip', '-batch', '-'],
      `${lines.join('\n')}\n`,
    );
  }
}
