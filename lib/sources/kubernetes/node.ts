import type { Logger } from 'pino';
import { type Clock, systemClock } from '../clock.ts';
import { isObject } from '../objects/fields.ts';
import type { Api } from './api.ts';
import { Reflector } from './reflector.ts';
import type { WatchCounters } from './watch-counters.ts';
import { metadataOf } from './watch-event.ts';

/** What is read of a core/v1 Node. */
export interface NodeObject {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  /** Label `topology.kubernetes.io/zone`; `""` without. */
  readonly zone: string;
  /** `status.addresses` of type InternalIP, then those of type ExternalIP, as written, in their order. */
  readonly addresses: readonly string[];
  /** `spec.podCIDRs`, as written. */
  readonly podCIDRs: readonly string[];
  /** The keys of `spec.taints`. */
  readonly taints: readonly string[];
  /** Whether it is being deleted. */
  readonly deleting: boolean;
}

/** What a NodeWatch needs. */
export interface NodeWatchOptions {
  readonly api: Api;
  /** The node's name: that of the machine, or `--hostname-override`. */
  readonly name: string;
  readonly log: Logger;
  readonly clock?: Clock;
  /** A number from 0 up to but not including 1. */
  readonly random?: () => number;
  /** Milliseconds to wait for the node once the server has said that it is not there; 5 minutes unless told. */
  readonly limit?: number;
  /** Whether a node without `spec.podCIDRs` is waited for too. */
  readonly needsPodCIDRs?: boolean;
}

/** The node did not appear in time, or not with all that is needed. The message says what to do. */
export class NodeMissingError extends Error {
  override readonly name = 'NodeMissingError';
  readonly code = 'node-missing';
}

const zoneLabel = 'topology.kubernetes.io/zone';
/** In the order in which Kubernetes prefers them as a node's own. */
const ownAddressTypes = ['InternalIP', 'ExternalIP'];

/** A node that has just joined may be told of by the kubelet only after a while. */
const defaultLimit = 5 * 60_000;

/** Reads a Node. Whatever is missing or wrong in it is left out: all of it is written by machines. */
export function readNode(name: string, object: object): NodeObject {
  const metadata = metadataOf(object);
  const labels = texts(metadata['labels']);
  const spec = record(object, 'spec');
  return {
    name,
    labels,
    zone: labels[zoneLabel] ?? '',
    addresses: ownAddresses(record(object, 'status')),
    podCIDRs: podCIDRs(spec),
    taints: items(spec['taints']).flatMap(({ key }) => (typeof key === 'string' ? [key] : [])),
    deleting: typeof metadata['deletionTimestamp'] === 'string',
  };
}

/** Watches the Node that this process runs on. */
export class NodeWatch {
  readonly #options: NodeWatchOptions;
  readonly #clock: Clock;
  readonly #reflector: Reflector;
  readonly #listeners = new Set<(node: NodeObject | undefined) => void>();
  #node: NodeObject | undefined;
  #listed = false;
  /** What was last told to be waited for. */
  #told: string | undefined;
  #wait: Wait | undefined;

  constructor(options: NodeWatchOptions) {
    const { api, log, name, clock = systemClock, random = Math.random } = options;
    this.#options = options;
    this.#clock = clock;
    const handler = {
      set: (_key: string, object: object) => {
        this.#replace(readNode(name, object));
      },
      delete: () => {
        this.#replace(undefined);
      },
      synced: () => {
        this.#listed = true;
        this.#look();
      },
    };
    const fieldSelector = `metadata.name=${name}`;
    const resource = { what: `Node ${name}`, path: '/api/v1/nodes', fieldSelector };
    this.#reflector = new Reflector({ api, log, clock, random, handler, ...resource });
  }

  /** The node as last seen; undefined where there is none, or none yet. */
  get current(): NodeObject | undefined {
    return this.#node;
  }

  get counters(): WatchCounters {
    return this.#reflector.counters;
  }

  /** What keeps it from watching now, if anything. */
  get trouble(): string | undefined {
    return this.#reflector.trouble;
  }

  /**
   * Begins to watch. Resolves with the node when it is there with all that is needed. Rejects with NodeMissingError when
   * that is not so in time, or the watch is ended before. The time begins when the server has told what there is: one
   * that cannot be read is waited for without end.
   */
  start(): Promise<NodeObject> {
    const { promise, resolve, reject } = Promise.withResolvers<NodeObject>();
    this.#wait = { resolve, reject, timer: undefined };
    this.#reflector.start();
    return promise;
  }

  /** Ends the watch. */
  stop(): Promise<void> {
    this.#giveUp();
    return this.#reflector.stop();
  }

  /**
   * Has a function called with every new version of the node, and with undefined when it is gone.
   *
   * @returns what ends the calls
   */
  onChange(listener: (node: NodeObject | undefined) => void): () => void {
    this.#listeners.add(listener);
    return () => {
      this.#listeners.delete(listener);
    };
  }

  #replace(node: NodeObject | undefined): void {
    this.#node = node;
    for (const listener of this.#listeners) listener(node);
    this.#look();
  }

  /** Ends the wait of `start` where it is over, and tells what it is for where it is not. */
  #look(): void {
    if (this.#wait === undefined || !this.#listed) return;
    const lacking = this.#lacking();
    if (lacking !== undefined) {
      this.#goOnWaiting(this.#wait, lacking);
    } else if (this.#node !== undefined) {
      this.#clock.clearTimeout(this.#wait.timer);
      this.#wait.resolve(this.#node);
      this.#wait = undefined;
    }
  }

  #goOnWaiting(wait: Wait, { expected }: Lacking): void {
    const { name, log, limit = defaultLimit } = this.#options;
    wait.timer ??= this.#clock.setTimeout(() => {
      this.#giveUp();
    }, limit);
    if (this.#told === expected) return;
    this.#told = expected;
    log.warn({ node: name }, `expected ${expected}, got none; it is waited for up to ${limit / 1000} s`);
  }

  /** What is needed and not there. */
  #lacking(): Lacking | undefined {
    const { name, needsPodCIDRs = false } = this.#options;
    if (this.#node === undefined) {
      const hint = "start the kubelet, or give the node's name with --hostname-override";
      return { expected: `a Node named ${name}`, hint };
    }
    if (!needsPodCIDRs || this.#node.podCIDRs.length > 0) return undefined;
    const hint = 'let the controller manager allocate node CIDRs, or choose another --detect-local-mode';
    return { expected: `spec.podCIDRs of Node ${name}`, hint };
  }

  #giveUp(): void {
    const wait = this.#wait;
    this.#wait = undefined;
    if (wait === undefined) return;
    this.#clock.clearTimeout(wait.timer);
    const { expected, hint } = this.#lacking() ?? { expected: 'a list of Nodes', hint: 'start it again' };
    const { limit = defaultLimit } = this.#options;
    const got = this.#reflector.trouble ?? 'none';
    wait.reject(new NodeMissingError(`expected ${expected} within ${limit / 1000} s, got ${got}; ${hint}`));
  }
}

/** Who waits for the node. */
interface Wait {
  readonly resolve: (node: NodeObject) => void;
  readonly reject: (error: NodeMissingError) => void;
  timer: unknown;
}

/** Something that is waited for. */
interface Lacking {
  readonly expected: string;
  /** What to do, in the imperative. */
  readonly hint: string;
}

function ownAddresses(status: Readonly<Record<string, unknown>>): string[] {
  const all = items(status['addresses']);
  return ownAddressTypes.flatMap((wanted) =>
    all.flatMap(({ type, address }) => (type === wanted && typeof address === 'string' ? [address] : [])),
  );
}

function podCIDRs(spec: Readonly<Record<string, unknown>>): string[] {
  const written: unknown[] = Array.isArray(spec['podCIDRs']) ? spec['podCIDRs'] : [spec['podCIDR']];
  return written.filter((cidr) => typeof cidr === 'string');
}

function record(object: object, field: string): Readonly<Record<string, unknown>> {
  const value: unknown = (object as Readonly<Record<string, unknown>>)[field];
  return isObject(value) ? (value as Readonly<Record<string, unknown>>) : {};
}

function items(list: unknown): Readonly<Record<string, unknown>>[] {
  return Array.isArray(list) ? list.filter(isObject).map((item) => ({ ...item })) : [];
}

function texts(value: unknown): Record<string, string> {
  if (!isObject(value)) return {};
  return Object.fromEntries(
    Object.entries(value).filter((entry): entry is [string, string] => typeof entry[1] === 'string'),
  );
}
