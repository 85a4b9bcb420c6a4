import type { RealServer } from '../model/real-server.ts';
import type { RulePlace } from './step.ts';

/** Why it cannot be told what becomes of a packet: the tables hold what a trace does not know, or too little is known. */
export type Fault =
  /** A rule asks for something that a trace cannot judge: `--dport 80`. */
  | { readonly kind: 'unknown-match'; readonly place: RulePlace; readonly match: string }
  /** A rule does something that a trace does not know, or leads to a chain that does not exist: `-j TPROXY`. */
  | { readonly kind: 'unknown-target'; readonly place: RulePlace; readonly target: string }
  /** Chains lead in a circle. The kernel takes no such program. */
  | { readonly kind: 'endless-chain'; readonly place: RulePlace; readonly chain: string }
  /** A rule asks for a set that does not exist. */
  | { readonly kind: 'missing-set'; readonly place: RulePlace; readonly set: string }
  /** A rule asks for the interface that the packet came in on, and it was not given. */
  | { readonly kind: 'missing-interface'; readonly place: RulePlace; readonly match: string }
  /** A real server is reached by another way than by rewriting the destination. Nothing of ours is. */
  | { readonly kind: 'unknown-forwarding'; readonly server: RealServer };

/** Ends a trace that cannot go on. */
export class Undecidable extends Error {
  override readonly name = 'Undecidable';
  readonly code = 'undecidable';
  readonly fault: Fault;

  constructor(fault: Fault) {
    super(`expected rules and servers that a trace can follow, got ${fault.kind}`);
    this.fault = fault;
  }
}
