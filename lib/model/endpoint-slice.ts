import type { IpFamily } from './family.ts';
import type { Protocol } from './protocol.ts';

/** One endpoint of a slice. Conditions that the API leaves out have the meaning that discovery/v1 gives to nil. */
export interface Endpoint {
  /** Canonical text, of the slice's family: `addresses[0]`, the only one that counts. */
  readonly address: string;
  /** True where the API says nothing. */
  readonly ready: boolean;
  /** True where the API says nothing. */
  readonly serving: boolean;
  /** False where the API says nothing. */
  readonly terminating: boolean;
  /** The node that the endpoint runs on; `""` where it is not known. */
  readonly nodeName: string;
  /** The zone that it is in; `""` where it is not known. */
  readonly zone: string;
  /** `hints.forZones[].name`. */
  readonly zoneHints: readonly string[];
  /** `hints.forNodes[].name`. */
  readonly nodeHints: readonly string[];
}

/** One port of a slice: where endpoints listen for the service port of the same name. */
export interface SlicePort {
  readonly name: string;
  readonly protocol: Protocol;
  /** 1–65535. Ports without a number are dropped where the slice is read. */
  readonly port: number;
}

/** A part of a service's endpoints: discovery.k8s.io/v1 EndpointSlice, reduced to what planning needs. */
export interface EndpointSlice {
  readonly namespace: string;
  readonly name: string;
  /** Name of the service it belongs to (label `kubernetes.io/service-name`), in the same namespace. */
  readonly service: string;
  readonly family: IpFamily;
  readonly ports: readonly SlicePort[];
  readonly endpoints: readonly Endpoint[];
  /** Annotation `endpoints.kubernetes.io/last-change-trigger-time` in milliseconds, 0 where there is none. */
  readonly triggered: number;
}
