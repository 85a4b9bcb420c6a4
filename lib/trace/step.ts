import type { RealServer } from '../model/real-server.ts';
import type { VirtualServer } from '../model/virtual-server.ts';
import type { RouteFound } from './routes.ts';
import type { Match, Target } from './rule.ts';
import type { RuleTable } from './rule-book.ts';

/** The places of the kernel at which rules are asked. */
export type Hook = 'PREROUTING' | 'INPUT' | 'FORWARD' | 'OUTPUT' | 'POSTROUTING';

/** A rule and where it stands. */
export interface RulePlace {
  readonly table: RuleTable;
  /** A chain or a hook. Where the rules of others are not known, a hook has only those that lead to chains of ours. */
  readonly chain: string;
  /** From 1, among the rules that are known of the chain; one more than these is the policy of a hook. */
  readonly number: number;
  /** As iptables-save writes it behind `-A CHAIN `; of a policy `-P FORWARD DROP`. */
  readonly rule: string;
}

/** What one match of a rule said of the packet. */
export interface Test {
  readonly match: Match;
  /** With the negation, where there is one. */
  readonly holds: boolean;
  /** Of a match against a set. */
  readonly lookup?: SetLookup;
}

/** A look into a set. */
export interface SetLookup {
  readonly set: string;
  /** What the packet was looked up by: `10.96.0.10,tcp:80`. Left out where the set cannot hold such a packet. */
  readonly asked?: string;
  /** The element that was found. Left out where there is none. */
  readonly found?: string;
}

/** Something that a packet met on its way. */
export type Step =
  /** A rule was asked. Its matches were judged in order up to the first that does not hold. */
  | {
      readonly kind: 'rule';
      readonly hook: Hook;
      readonly place: RulePlace;
      readonly tests: readonly Test[];
      readonly matched: boolean;
      /** What a rule that matched does. Left out where it does nothing, and where it did not match. */
      readonly target?: Target;
    }
  /** It was decided whether the packet is for the node itself. */
  | {
      readonly kind: 'route';
      readonly destination: string;
      readonly local: boolean;
      /** Whether it is local because it is bound to kube-ipvs0. */
      readonly bound: boolean;
      /** The way that it goes on, where it is for another machine and routes are known. */
      readonly route?: RouteFound;
    }
  /** IPVS looked for a virtual server. */
  | {
      readonly kind: 'virtual-server';
      readonly hook: 'INPUT' | 'OUTPUT';
      /** Of the virtual server that was looked for. */
      readonly key: string;
      /** Left out where there is none. */
      readonly server?: VirtualServer;
      /** All that it has, those of weight 0 included. */
      readonly realServers: readonly RealServer[];
    }
  /** IPVS gave the packet the destination of a real server. */
  | {
      readonly kind: 'real-server';
      readonly server: RealServer;
      /** Whether its address is one of the node itself. */
      readonly local: boolean;
      /** Whether conntrack sees the connection (sysctl `net/ipv4/vs/conntrack`); without, it cannot be masqueraded. */
      readonly tracked: boolean;
      /** The way to it, where that is known. */
      readonly route?: RouteFound;
    };
