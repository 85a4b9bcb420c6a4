import type { IpFamily } from './family.ts';
import type { Keyed } from './keyed.ts';

/** The iptables tables that are used. */
export type FirewallTable = 'nat' | 'filter' | 'mangle';

/** A chain of our own, with every rule of it in order. */
export interface FirewallChain {
  readonly table: FirewallTable;
  readonly name: string;
  /** As iptables-save writes them behind `-A CHAIN `. */
  readonly rules: readonly string[];
}

/** A rule that leads from a chain of the kernel's (or, shared with others, an existing chain) into one of ours. */
export interface FirewallJump {
  readonly table: FirewallTable;
  /** `INPUT`, `FORWARD`, `OUTPUT`, `PREROUTING` or `POSTROUTING`. */
  readonly hook: string;
  /** As iptables-save writes it behind `-A HOOK `. */
  readonly rule: string;
}

/**
 * Everything that one family's iptables hold for us, static for a given configuration: services come and go in sets,
 * never as rules. The key is the family.
 */
export interface FirewallProgram extends Keyed {
  readonly family: IpFamily;
  readonly chains: readonly FirewallChain[];
  /** In the order in which a packet must meet them within one hook. */
  readonly jumps: readonly FirewallJump[];
}
