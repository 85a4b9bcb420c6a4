import type { Keyed } from './keyed.ts';

/** An address bound to kube-ipvs0 so that the node judges packets for it local. Always a /32 or a /128. */
export interface BoundAddress extends Keyed {
  /** Canonical text. The key is the same text. */
  readonly address: string;
}
