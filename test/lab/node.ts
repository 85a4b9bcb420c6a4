import { join } from 'node:path';
import { repository } from './agent.ts';
import type { Controller, ControllerOptions } from './controller.ts';
import type { Guest } from './guest.ts';
import type { PlaceParts } from './place.ts';
import { Place } from './place.ts';
import type { PodSpec } from './topology.ts';

/** The bridge that a node's pods are plugged into. */
export const podBridge = 'cni0';

/** What kube-ipvs is when it is built. */
const program = join(repository, 'dist/kube-ipvs.mjs');

/**
 * A node: routes between its pods' bridge `cni0` and the nodes' network on `eth0`, with a /run and a host name of its
 * own for what runs on it.
 */
export class Node extends Place {
  readonly podCIDRs: readonly string[];
  readonly #addPods: (specs: readonly PodSpec[]) => Promise<readonly Guest[]>;

  constructor(
    parts: PlaceParts,
    podCIDRs: readonly string[],
    addPods: (node: Node, specs: readonly PodSpec[]) => Promise<readonly Guest[]>,
  ) {
    super(parts);
    this.podCIDRs = podCIDRs;
    this.#addPods = (specs) => addPods(this, specs);
  }

  /** Adds a pod and waits until it serves. */
  async addPod(spec: PodSpec): Promise<Guest> {
    const [pod] = await this.#addPods([spec]);
    if (pod === undefined) throw new Error(`no pod ${spec.name} was made`);
    return pod;
  }

  /** Adds several pods at once, which costs less than one after the other. */
  addPods(specs: readonly PodSpec[]): Promise<readonly Guest[]> {
    return this.#addPods(specs);
  }

  /** Starts the controller on this node. It runs until it is stopped, killed or the cluster destroyed. */
  startController(options: ControllerOptions = {}): Promise<Controller> {
    const command = options.command ?? ['node', program, ...(options.args ?? [])];
    return this.start(command, options.environment);
  }
}
