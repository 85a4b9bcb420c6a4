import type { Keyed } from './keyed.ts';
import type { VirtualServerId } from './virtual-server.ts';
import { wholeText } from './whole-text.ts';

/** How packets reach a real server (`IP_VS_CONN_F_*` forwarding methods, linux/ip_vs.h). */
export type Forwarding = 'masquerade' | 'local' | 'tunnel' | 'route' | 'bypass';

/** An IPVS real server: one endpoint behind one virtual server. */
export interface RealServer extends Keyed {
  readonly virtualServer: VirtualServerId & Keyed;
  /** Canonical text. */
  readonly address: string;
  readonly port: number;
  /** 0 takes no new connections: the server is draining. */
  readonly weight: number;
  readonly forwarding: Forwarding;
  /** Connections above which the server takes no new ones, 0 for no limit. */
  readonly upperThreshold: number;
  /** Connections below which a server over its limit takes new ones again, 0 for the kernel's own choice (3/4 of upper). */
  readonly lowerThreshold: number;
}

const arrow = ' -> ';

/** The key of a real server: that of its virtual server, ` -> `, address and port. */
export function realServerKey(virtualServerKey: string, address: string, port: number): string {
  return address.includes(':')
    ? wholeText(virtualServerKey, arrow, '[', address, ']:', port)
    : wholeText(virtualServerKey, arrow, address, ':', port);
}

/** The key of the virtual server of a real server, by the key of that. */
export function virtualServerOf(realServerKey: string): string {
  return realServerKey.slice(0, realServerKey.indexOf(arrow));
}
