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
  /** `status.addresses` of types InternalIP and ExternalIP, as written, in their order. */
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
  /** Milliseconds to wait for the node to appear. */
  readonly limit?: number;
}

/** The node did not appear in time. The message says what to do. */
export class NodeMissingError extends Error {
  override readonly name = 'NodeMissingError';
  readonly code = 'node-missing';
}

const zoneLabel = 'topology.kubernetes.io/zone';
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
    addresses: items(record(object, 'status')['addresses'])
      .filter(({ type }) => typeof type === 'string' && ownAddressTypes.includes(type))
      .flatMap(({ address }) => (typeof address === 'string' ? [address] : [])),
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
  #told = false;
  #abandon: (() => void) | undefined;

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
        this.#tellMissing();
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

  /**
   * Begins to watch. Resolves with the node when it is there; rejects with NodeMissingError when it does not appear in
   * time, or before the watch is ended.
   */
  start(): Promise<NodeObject> {
    this.#reflector.start();
    if (this.#node !== undefined) return Promise.resolve(this.#node);
    return new Promise((resolve, reject) => {
      const end = this.onChange((node) => {
        if (node === undefined) return;
        end();
        this.#clock.clearTimeout(timer);
        resolve(node);
      });
      const { limit = defaultLimit } = this.#options;
      this.#abandon = () => {
        end();
        this.#clock.clearTimeout(timer);
        reject(this.#missing(limit));
      };
      const timer = this.#clock.setTimeout(this.#abandon, limit);
    });
  }

  /** Ends the watch. */
  stop(): Promise<void> {
    this.#abandon?.();
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
  }

  #tellMissing(): void {
    if (this.#node !== undefined || this.#told) return;
    this.#told = true;
    const { name, log } = this.#options;
    log.warn({ node: name }, `expected a Node named ${name}, got none; it is waited for`);
  }

  #missing(limit: number): NodeMissingError {
    const { name } = this.#options;
    const got = this.#reflector.trouble ?? 'none';
    return new NodeMissingError(
      `expected a Node named ${name} within ${limit / 1000} s, got ${got}; start the kubelet, or give the node's name with --hostname-override`,
    );
  }
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
