import type { Logger } from 'pino';
import type { NodeObject, NodeWatch } from '../sources/kubernetes/node.ts';
import { Failure } from './failure.ts';
import type { SourceNode } from './service-source.ts';
import { sourceNode } from './source-node.ts';

/** What a NodeFollower needs. */
export interface NodeFollowerOptions {
  readonly watch: Pick<NodeWatch, 'current' | 'onChange'>;
  readonly log: Logger;
  /** The node as it is planned for. */
  readonly known: SourceNode;
  /** Whether traffic of pods is told by the node's pod CIDRs. */
  readonly planForPodCidrs: boolean;
  /** Told of the node when its zone or its addresses are others than before. */
  readonly changed: (node: SourceNode) => void;
  /** Told of what only a new start can take up. */
  readonly failed: (failure: Failure) => void;
}

/** Follows the Node of this machine while services are served, and tells what matters of its changes. */
export class NodeFollower {
  readonly #options: NodeFollowerOptions;
  #known: SourceNode;
  #state: 'there' | 'deleting' | 'gone' = 'there';
  #end: (() => void) | undefined;

  constructor(options: NodeFollowerOptions) {
    this.#options = options;
    this.#known = options.known;
  }

  /** Begins, with what has changed since the node was planned for. */
  start(): void {
    const { watch } = this.#options;
    this.#end = watch.onChange((node) => {
      this.#take(node);
    });
    this.#take(watch.current);
  }

  stop(): void {
    this.#end?.();
  }

  #take(node: NodeObject | undefined): void {
    this.#tell(node);
    if (node === undefined) return;
    const before = this.#known;
    const after = sourceNode(node);
    // What is missing for a while may come back.
    const podCidrs = after.podCidrs.length === 0 ? before.podCidrs : after.podCidrs;
    this.#known = { ...after, podCidrs };
    if (this.#options.planForPodCidrs && podCidrs.join() !== before.podCidrs.join()) {
      this.#options.failed(podCidrsFailure(node.name, before.podCidrs, podCidrs));
    } else if (isElsewhere(before, after)) {
      this.#options.log.info({ ...this.#known }, 'the Node of this machine has changed');
      this.#options.changed(this.#known);
    }
  }

  /** Says once that the node goes, is gone or is there again. */
  #tell(node: NodeObject | undefined): void {
    const before = this.#state;
    this.#state = node === undefined ? 'gone' : node.deleting ? 'deleting' : 'there';
    if (this.#state === before) return;
    const { log } = this.#options;
    if (this.#state === 'gone') log.warn({}, 'the Node of this machine is gone: services stay as they are');
    else if (this.#state === 'deleting') log.warn({}, 'the Node of this machine is being deleted');
    else log.info({}, 'the Node of this machine is there again');
  }
}

function isElsewhere(before: SourceNode, after: SourceNode): boolean {
  return before.zone !== after.zone || before.addresses.join() !== after.addresses.join();
}

function podCidrsFailure(name: string, before: readonly string[], after: readonly string[]): Failure {
  return new Failure(
    'pod-cidrs-changed',
    `expected spec.podCIDRs of Node ${name} to stay ${before.join()}, got ${after.join()}`,
    'start kube-ipvs again, as its DaemonSet does: the kernel stays as it is until then',
  );
}
