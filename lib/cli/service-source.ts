import type { ServiceKey } from '../model/service.ts';
import type { ServiceState } from '../model/service-state.ts';
import type { Api } from '../sources/kubernetes/api.ts';
import type { NodeWatch } from '../sources/kubernetes/node.ts';
import type { ProblemListener } from '../sources/kubernetes/problem-listener.ts';
import type { ToldRequest } from '../sources/kubernetes/told-transport.ts';
import type { WatchCounters } from '../sources/kubernetes/watch-counters.ts';

/** What is known of this node besides what the machine itself tells. */
export interface SourceNode {
  /** `""` where none is known. */
  readonly zone: string;
  /** Where its pods are: canonical CIDRs, at most one a family. */
  readonly podCidrs: readonly string[];
  /** Every address that the cluster knows it by, canonical. */
  readonly addresses: readonly string[];
  /** The first of them of each family. */
  readonly primaryAddresses: readonly string[];
}

/** What keeps an API server from being read now, a sentence each. */
export interface ClusterTroubles {
  /** Why the last request got no answer. */
  readonly server: string | undefined;
  /** By resource: `services`. */
  readonly watches: Readonly<Record<string, string | undefined>>;
}

/** The API server that services come from, for whoever has something else to ask or tell it. */
export interface ClusterAccess {
  readonly api: Api;
  /** What is connected to in order to reach it: the server itself, or its proxy. */
  readonly server: URL;
  /** The Node of this machine. */
  readonly nodeWatch: NodeWatch;
  /** What has happened to each watch since the start, by resource: `services`. */
  readonly watches: Readonly<Record<string, WatchCounters>>;
  readonly troubles: ClusterTroubles;
  /** Has a function told of every request from now on. It must not throw. */
  followRequests(listener: (request: ToldRequest) => void): void;
  /** Has a function told of what is wrong with the objects of services now, and of every change of that. */
  followProblems(listener: ProblemListener): void;
}

/** Where services come from: it hands them to the catalog that it was made with. */
export interface ServiceSource {
  /** Undefined where services come from manifests. */
  readonly cluster: ClusterAccess | undefined;
  /** As it was last known; nothing is known before the start. */
  readonly node: SourceNode;
  /**
   * Begins. Resolves when everything there is has been handed in and the node is known, and goes on following changes.
   * Rejects where that will never be.
   */
  start(): Promise<void>;
  /**
   * Reads some services without waiting for all that there are, and the node. Gives those of them that can be used by
   * themselves. Rejects where they cannot be read, and when there is no more use for it: everything has been handed in,
   * or it is stopped.
   */
  readAhead(services: readonly ServiceKey[]): Promise<readonly ServiceState[]>;
  /** Ends. What the catalog holds stays. */
  stop(): Promise<void>;
}

/** Of a node of which nothing is known. */
export const unknownNode: SourceNode = { zone: '', podCidrs: [], addresses: [], primaryAddresses: [] };
