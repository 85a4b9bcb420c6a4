import type { Protocol } from '../model/protocol.ts';

/** Where a packet comes from. Addresses are canonical text, of the family of the packet's destination. */
export type Origin =
  /** A program on the node itself. Where it picks no source, the kernel does: the address that it asks, if that is local. */
  | { readonly by: 'node'; readonly source?: string }
  /** A pod of this node or another machine. */
  | {
      readonly by: 'interface';
      readonly source: string;
      /** That it comes in on: `cni0`, `eth0`. May be left out where no rule asks for it. */
      readonly interface?: string;
      /** Whether it comes over a port of a bridge whose packets go through iptables (`bridge-nf-call-iptables`). */
      readonly bridged?: boolean;
    };

/** The first packet of a connection, or of a flow of datagrams. */
export interface Packet {
  readonly from: Origin;
  readonly protocol: Protocol;
  /** Left out, or 0, it is one that nothing asks for. */
  readonly sourcePort?: number;
  /** Canonical text. */
  readonly destination: string;
  readonly port: number;
}
