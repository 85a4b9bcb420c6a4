import { familyOf, type IpFamily } from '../model/family.ts';
import type { Place } from './http-listener.ts';

/** The CIDR of every address of a family, and the host that listens at all of these. */
const whole = {
  IPv4: { cidr: '0.0.0.0/0', host: '0.0.0.0' },
  IPv6: { cidr: '::/0', host: '::' },
} as const;

/** Where node ports are served. */
export interface NodePortPlaces {
  /** `nodePortAddresses` in canonical text. */
  readonly cidrs: readonly string[];
  /** The node's addresses within them. */
  readonly addresses: readonly string[];
  /** The families that the node has. */
  readonly families: readonly IpFamily[];
}

/** The hosts to listen at for whoever may reach the node ports: one of all addresses, or those that are chosen. */
export function listeningHosts({ cidrs, addresses, families }: NodePortPlaces): Place['host'][] {
  const isWhole = (family: IpFamily): boolean => cidrs.includes(whole[family].cidr);
  if (families.every(isWhole)) return [undefined];
  return families.flatMap((family) =>
    isWhole(family) ? [whole[family].host] : addresses.filter((address) => familyOf(address) === family),
  );
}
