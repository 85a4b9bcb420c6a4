import type { Protocol } from './protocol.ts';

/** What has gone through a virtual or real server since it was made, as IPVS counts it: in from clients, out back to them. */
export interface Traffic {
  readonly connections: number;
  readonly inPackets: number;
  readonly outPackets: number;
  readonly inBytes: number;
  readonly outBytes: number;
}

/** A real server with what goes through it. */
export interface EndpointTraffic extends Traffic {
  /** Canonical text. */
  readonly address: string;
  readonly port: number;
  /** 0 takes no new connections. */
  readonly weight: number;
  /** Connections that it has now: established ones. */
  readonly active: number;
  /** Those that begin or end, and flows of UDP. */
  readonly inactive: number;
}

/** A virtual server that a service asks for, with what goes through it. */
export interface ServiceTraffic extends Traffic {
  readonly namespace: string;
  readonly name: string;
  readonly protocol: Protocol;
  /** Canonical text. */
  readonly address: string;
  readonly port: number;
  readonly endpoints: readonly EndpointTraffic[];
}

/** How much is told of services: nothing, their virtual servers, or the real servers behind these as well. */
export const serviceMetricsLevels = ['off', 'service', 'endpoint'] as const;

/** One of them. */
export type ServiceMetricsLevel = (typeof serviceMetricsLevels)[number];
