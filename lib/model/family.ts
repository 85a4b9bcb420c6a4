/** An IP family, named as Kubernetes names it in `spec.ipFamilies`. */
export type IpFamily = 'IPv4' | 'IPv6';

/** Both families, in the order in which everything is programmed. */
export const ipFamilies: readonly IpFamily[] = ['IPv4', 'IPv6'];

/**
 * The family of an address or CIDR in canonical text (see `address.ts`). Anything with a colon is IPv6; the text is
 * not validated here.
 */
export function familyOf(address: string): IpFamily {
  return address.includes(':') ? 'IPv6' : 'IPv4';
}
