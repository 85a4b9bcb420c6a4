import type { IpFamily } from '../model/family.ts';
import type { Protocol } from '../model/protocol.ts';

/** A packet at one point of its way, with what rules may ask of it. */
export interface Flight {
  readonly family: IpFamily;
  readonly protocol: Protocol;
  readonly source: string;
  readonly sourcePort: number;
  readonly destination: string;
  readonly port: number;
  /** The firewall mark. */
  readonly mark: number;
  /** That it came in on; `""` where it was sent from here, `undefined` where it is not known. */
  readonly inInterface: string | undefined;
  /** That it leaves by; `""` where it is for the node itself, `undefined` where it is not known. */
  readonly outInterface: string | undefined;
  readonly bridged: boolean;
  /** The state of its connection, as conntrack tells it where it sees that. */
  readonly state: 'NEW' | 'ESTABLISHED' | 'INVALID';
  /** Whether conntrack sees its connection, without which no rule of the nat table is asked. */
  readonly tracked: boolean;
  readonly masqueraded: boolean;
}
