import type { IpFamily } from '../model/family.ts';
import type { Protocol } from '../model/protocol.ts';

/** An address with a port. */
export interface FlowEnd {
  /** Canonical text. */
  readonly address: string;
  readonly port: number;
}

/** Packets between a client and a server that the kernel keeps track of as one, as far as it tells who was asked and who answers. */
export interface Flow {
  readonly protocol: Protocol;
  /** Where the client sends to: a virtual server, if it is one that was balanced. */
  readonly destination: FlowEnd;
  /** Where answers are expected from: the real server, or the destination itself where nothing was translated. */
  readonly server: FlowEnd;
}

/** Which flows to look at; an address or a port that is left out may be any. */
export interface FlowFilter {
  readonly family: IpFamily;
  readonly protocol: Protocol;
  /** Of the destination. */
  readonly address?: string | undefined;
  readonly port?: number | undefined;
}

/** The flows that the kernel keeps track of (nf_conntrack). They are nobody's property and come and go by themselves. */
export interface FlowTable {
  /**
   * Makes the kernel forget flows, so that their next packet is treated as the first one, by the rules and the virtual
   * servers of that moment. Reads the table once and lets the event loop turn while it removes.
   *
   * @param isStale asked of every flow that the filter lets pass
   * @returns how many flows were forgotten
   * @throws TableError where the flows cannot be read or removed; some may have been removed then
   */
  forget(filter: FlowFilter, isStale: (flow: Flow) => boolean): Promise<number>;
}
