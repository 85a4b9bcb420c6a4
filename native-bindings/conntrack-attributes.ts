import { address, u16be, u32, u32be, u8 } from './attribute-types.ts';
import { attributes, nested, type ValuesOf } from './attributes.ts';

/** Commands (`enum cntl_msg_types`, linux/netfilter/nfnetlink_conntrack.h). */
export const conntrackCommands = { NEW: 0, GET: 1, DELETE: 2 } as const;

/** Bits of an entry's status (`enum ip_conntrack_status`, linux/netfilter/nf_conntrack_common.h). */
export const conntrackStatus = {
  expected: 0x1,
  seenReply: 0x2,
  assured: 0x4,
  confirmed: 0x8,
  sourceNat: 0x10,
  destinationNat: 0x20,
  dying: 0x200,
  template: 0x800,
  offload: 0x4000,
} as const;

/** Parts of a tuple that a filter compares (`CTA_FILTER_F_*`, net/netfilter/nf_conntrack_netlink.c). */
export const conntrackFilterFlags = {
  source: 0x1,
  destination: 0x2,
  protocol: 0x8,
  sourcePort: 0x10,
  destinationPort: 0x20,
} as const;

/** `enum ctattr_ip`. */
const tupleAddresses = attributes({
  source4: [1, address],
  destination4: [2, address],
  source6: [3, address],
  destination6: [4, address],
});

/** `enum ctattr_l4proto`. */
const tupleProtocol = attributes({
  number: [1, u8],
  sourcePort: [2, u16be],
  destinationPort: [3, u16be],
});

/** One direction of an entry (`enum ctattr_tuple`). */
export const conntrackTupleAttributes = attributes({
  addresses: [1, nested(tupleAddresses)],
  protocol: [2, nested(tupleProtocol)],
});

/** `enum ctattr_filter`: which parts of the tuples of a dump request are to be compared. */
const filterAttributes = attributes({ original: [1, u32], reply: [2, u32] });

/** What an entry consists of, and what a request names it by (`enum ctattr_type`). */
export const conntrackAttributes = attributes({
  original: [1, nested(conntrackTupleAttributes)],
  reply: [2, nested(conntrackTupleAttributes)],
  status: [3, u32be],
  timeout: [7, u32be],
  mark: [8, u32be],
  id: [12, u32be],
  zone: [18, u16be],
  filter: [25, nested(filterAttributes)],
});

/** Values of `conntrackAttributes`. */
export type ConntrackValues = ValuesOf<typeof conntrackAttributes>;

/** Values of `conntrackTupleAttributes`. */
export type ConntrackTupleValues = ValuesOf<typeof conntrackTupleAttributes>;
