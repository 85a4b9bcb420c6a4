import { splitRule } from '../kernel/iptables-rule.ts';
import type { Protocol } from '../model/protocol.ts';
import { readMatches } from './rule-matches.ts';
import { readTarget } from './rule-targets.ts';

/** Which end of a packet is meant. */
export type Side = 'src' | 'dst';

/** What a match asks for. */
export type Condition =
  | { readonly kind: 'address'; readonly side: Side; readonly cidr: string }
  | { readonly kind: 'protocol'; readonly protocol: Protocol }
  /** The interface that the packet came in on, or leaves by. A `+` at the end stands for anything. */
  | { readonly kind: 'interface'; readonly way: 'in' | 'out'; readonly pattern: string }
  /** The port is in one of some ranges, both ends among them. */
  | { readonly kind: 'port'; readonly side: Side; readonly ranges: readonly (readonly [number, number])[] }
  | { readonly kind: 'set'; readonly set: string; readonly sides: readonly Side[] }
  /** The address is one of the node. */
  | { readonly kind: 'local'; readonly side: Side }
  | { readonly kind: 'mark'; readonly value: number; readonly mask: number }
  /** The state of the connection that the packet belongs to: `NEW`, `ESTABLISHED`. */
  | { readonly kind: 'state'; readonly states: readonly string[] }
  /** The packet came in over a port of a bridge. */
  | { readonly kind: 'bridged' }
  /** Of some flags of TCP just these are set. */
  | { readonly kind: 'tcp-flags'; readonly mask: readonly string[]; readonly set: readonly string[] }
  /** No packet of a connection to a Service is such a one. */
  | { readonly kind: 'never' };

/** One match of a rule. */
export interface Match {
  /** As it is written, with the negation. */
  readonly text: string;
  readonly negated: boolean;
  readonly condition: Condition;
}

/** What a rule does with a packet that it matches. */
export type Target =
  /** Ends what the table does at this hook. */
  | { readonly kind: 'accept' }
  /** Ends the chain. */
  | { readonly kind: 'return' }
  | { readonly kind: 'drop' }
  | { readonly kind: 'reject'; readonly with: string }
  /** Clears bits of the firewall mark, then flips some. */
  | { readonly kind: 'mark'; readonly clear: number; readonly flip: number }
  | { readonly kind: 'masquerade' }
  /** Gives the packet another source, or another destination. */
  | {
      readonly kind: 'translate';
      readonly side: 'source' | 'destination';
      readonly address: string;
      readonly port?: number;
    }
  /** Keeps the connection from conntrack. */
  | { readonly kind: 'untrack' }
  /** Changes nothing of where the packet goes: it is logged, counted, or marked in its header. */
  | { readonly kind: 'note' }
  /** Goes on in a chain; with `goto` the way back does not lead here but to where this chain was entered from. */
  | { readonly kind: 'chain'; readonly chain: string; readonly goto?: true };

/** A rule that was read. Without a target it does nothing. */
export interface Rule {
  readonly matches: readonly Match[];
  readonly target?: Target;
}

/** The part of a rule that nothing here knows. */
export interface UnknownPart {
  readonly unknown: 'match' | 'target';
  /** As it is written. */
  readonly text: string;
}

/** A rule of which a part is not known. */
export interface HalfReadRule extends UnknownPart {
  /** What could be read: where one of these does not hold, the rule does not match. */
  readonly matches: readonly Match[];
  /** Left out where it does nothing, and where it is the target that is not known. */
  readonly target?: Target;
}

/**
 * Reads a rule in the notation of iptables-save. All that the rules of this project hold is known, and much of what
 * those of others do.
 */
export function readRule(text: string): Rule | HalfReadRule {
  const words = splitRule(text);
  const jump = words.findIndex((word) => word === '-j' || word === '-g');
  const { matches, unknown } = readMatches(jump < 0 ? words : words.slice(0, jump));
  if (jump < 0) return { ...unknown, matches };
  const [option = '', name = '', ...options] = words.slice(jump);
  const target = readTarget(option, name, options);
  if (unknown !== undefined) return { ...unknown, matches, ...(target && { target }) };
  if (target !== undefined) return { matches, target };
  return { unknown: 'target', text: words.slice(jump).join(' '), matches };
}
