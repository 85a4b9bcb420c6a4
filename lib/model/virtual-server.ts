import type { Keyed } from './keyed.ts';
import type { Protocol } from './protocol.ts';
import { wholeText } from './whole-text.ts';

/** What the kernel matches a packet on: an address, a port and a protocol. */
export interface VirtualServerId {
  readonly protocol: Protocol;
  /** Canonical text; its family is the virtual server's. */
  readonly address: string;
  readonly port: number;
}

/** Flags of a virtual server (`IP_VS_SVC_F_*`, linux/ip_vs.h). The kernel adds HASHED itself; it never shows here. */
export const virtualServerFlags = {
  persistent: 0x1,
  onePacket: 0x4,
  schedulerFlag1: 0x8,
  schedulerFlag2: 0x10,
  schedulerFlag3: 0x20,
} as const;

/** An IPVS virtual server. Those matched by firewall mark are foreign to this project and have no such value. */
export interface VirtualServer extends VirtualServerId, Keyed {
  /** The kernel's name of the scheduler: `rr`, `lc`, `mh`, … */
  readonly scheduler: string;
  /** Bits of `virtualServerFlags`. */
  readonly flags: number;
  /** Seconds that a persistence template lives; 0 without the persistent flag. */
  readonly timeout: number;
  /** Length of the client prefix that persistence groups by: 32 or 128 unless someone set it otherwise. */
  readonly persistencePrefix: number;
}

/** The key of a virtual server: `TCP 10.96.0.10:53`, `UDP [fd00::a]:53`. */
export function virtualServerKey(id: VirtualServerId): string {
  return id.address.includes(':')
    ? wholeText(id.protocol, ' [', id.address, ']:', id.port)
    : wholeText(id.protocol, ' ', id.address, ':', id.port);
}
