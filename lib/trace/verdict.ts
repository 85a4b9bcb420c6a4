import type { RealServer } from '../model/real-server.ts';
import type { VirtualServer } from '../model/virtual-server.ts';
import type { Doubt } from './doubt.ts';
import type { Fault } from './fault.ts';
import type { RulePlace, Step } from './step.ts';
import type { ConntrackFill } from './traced-tables.ts';

/** The source address that a packet arrives with. */
export type Source =
  | { readonly kind: 'kept'; readonly address: string }
  /** An address of the node on the interface that it leaves by. */
  | {
      readonly kind: 'masqueraded';
      /** Which one, where the node's routes are known. */
      readonly address?: string;
    };

/** A packet that goes no further, or of which that cannot be told. */
export type Ending =
  /** The sender is told: by a rule, with what that says, or by IPVS, whose virtual server has nobody to serve it. */
  | { readonly kind: 'refused'; readonly by: RulePlace; readonly with: string }
  | { readonly kind: 'refused'; readonly by: VirtualServer; readonly with: 'port-unreachable' }
  /** The sender is not told. */
  | { readonly kind: 'dropped'; readonly by: RulePlace }
  /** It is lost without a rule: the kernel does not send it on. */
  | { readonly kind: 'lost'; readonly why: Loss }
  | { readonly kind: 'undecided'; readonly fault: Fault };

/** Why a packet, or the answer to it, is lost where no rule is at fault. */
export type Loss =
  /** The kernel knows no way to an address. */
  | { readonly kind: 'no-route'; readonly to: string; readonly code: string }
  /** The kernel forwards nothing that comes in on an interface. */
  | { readonly kind: 'not-forwarded'; readonly setting: string }
  /** Conntrack takes no new connections. */
  | { readonly kind: 'conntrack-full'; readonly fill: ConntrackFill }
  /**
   * The endpoint answers somebody else than this node, who then gets an answer from an address that it did not ask: the
   * packet kept its source.
   */
  | {
      readonly kind: 'no-way-back';
      readonly source: string;
      /** The interface that both are behind; left out where the source is an address that every node has. */
      readonly interface?: string;
    };

/** A real server that may be chosen, and what becomes of the packet then. */
export interface Candidate {
  /** Its weight says how much it is asked beside the others, as far as the scheduler heeds weights. */
  readonly server: RealServer;
  /** That the packet arrives at: the real server's, or the one that was asked where the virtual server has every port. */
  readonly port: number;
  readonly steps: readonly Step[];
  readonly verdict: Ending | Delivered | Unanswered;
  /** Rules that could not be judged on the way. Left out where there are none. */
  readonly doubts?: readonly Doubt[];
}

/** It arrives. */
export interface Delivered {
  readonly kind: 'delivered';
  readonly source: Source;
  /** What the answer meets on its way back. Left out where that cannot be told. */
  readonly answer?: readonly Step[];
}

/** It arrives, and the answer to it is lost. */
export interface Unanswered {
  readonly kind: 'unanswered';
  readonly source: Source;
  readonly answer: readonly Step[];
  readonly ending: Ending;
}

/** What becomes of a packet. */
export type Verdict =
  | Ending
  /** IPVS gives it to one of some real servers. At least one; those of weight 0 are none. */
  | {
      readonly kind: 'balanced';
      /** Says by its flags and timeout whether a client stays with one of them. */
      readonly virtualServer: VirtualServer;
      /** Left out where every connection is scheduled by itself. */
      readonly persistence?: Persistence;
      readonly candidates: readonly Candidate[];
    }
  /** No service has it: it goes to whoever listens on the node itself. */
  | { readonly kind: 'node'; readonly source: Source }
  /** No service has it, nor is it for the node: it goes on to where the routes lead. */
  | { readonly kind: 'forwarded'; readonly source: Source };

/** How long clients stay with one real server. */
export interface Persistence {
  /** Without a new connection. */
  readonly seconds: number;
  /** Length of the prefix by which clients count as one. */
  readonly prefix: number;
}

/** What becomes of a packet, and all that it met until that was decided. */
export interface Trace {
  readonly steps: readonly Step[];
  readonly verdict: Verdict;
  /** Rules that could not be judged on the way to the verdict. Left out where there are none. */
  readonly doubts?: readonly Doubt[];
}
