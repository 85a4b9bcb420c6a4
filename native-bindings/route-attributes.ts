import { address, bytes, ignored, text, u32 } from './attribute-types.ts';
import { attributes, nested, type ValuesOf } from './attributes.ts';

// rtnetlink (linux/rtnetlink.h): links (linux/if_link.h) and interface addresses (linux/if_addr.h).

/** `RTM_*`. */
export const routeTypes = {
  NEWLINK: 16,
  DELLINK: 17,
  GETLINK: 18,
  NEWADDR: 20,
  DELADDR: 21,
  GETADDR: 22,
  NEWROUTE: 24,
  DELROUTE: 25,
  GETROUTE: 26,
} as const;

/** `RTNLGRP_*`: multicast groups of notifications. */
export const routeGroups = { link: 1, ipv4Address: 5, ipv4Route: 7, ipv6Address: 9, ipv6Route: 11 } as const;

/** `IFF_*` (linux/if.h), those that a link is set up with. */
export const linkFlags = { up: 0x1, noArp: 0x80 } as const;

/** `IFA_F_*` (linux/if_addr.h). */
export const addressFlags = { noDuplicateDetection: 0x02, tentative: 0x40, permanent: 0x80 } as const;

/** `RT_SCOPE_*`. */
export const addressScopes = { global: 0, site: 200, link: 253, host: 254 } as const;

/** `IFLA_INFO_*`. `data` belongs to the kind and is not looked into. */
export const linkInfoAttributes = attributes({
  kind: [1, text],
  data: [2, ignored],
});

/** `IFLA_*`, as far as they are used. */
export const linkAttributes = attributes({
  address: [1, bytes(0, 32)],
  name: [3, text],
  mtu: [4, u32],
  parent: [5, u32],
  master: [10, u32],
  info: [18, nested(linkInfoAttributes)],
});

/**
 * `IFA_*`. `local` is the address itself and `address` that of the peer, which for anything but point-to-point is the
 * same; IPv6 has `address` alone unless there is a peer.
 */
export const interfaceAddressAttributes = attributes({
  address: [1, address],
  local: [2, address],
  label: [3, text],
  broadcast: [4, address],
  cacheInfo: [6, bytes(16, 16)],
  flags: [8, u32],
});

/** What a message says of a link besides its fixed part. */
export type LinkValues = ValuesOf<typeof linkAttributes>;

/** What a message says of an interface address besides its fixed part. */
export type InterfaceAddressValues = ValuesOf<typeof interfaceAddressAttributes>;
