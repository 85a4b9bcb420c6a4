import { addressText, writeAddress } from './address.ts';
import {
  type AttributeType,
  bytes,
  inNetworkOrder,
  nestedBit,
  networkOrderBit,
  text,
  u16be,
  u32,
  u32be,
  u8,
} from './attribute-types.ts';
import { attributes, forEachAttribute, list, nested, type ValuesOf } from './attributes.ts';
import { littleEndianHost as host } from './byte-order.ts';
import { malformed } from './error.ts';

/** Protocol of the requests (`IPSET_PROTOCOL_MIN`): what kernels since 2.6.39 speak, newer ones besides their own. */
export const ipsetProtocol = 6;

/** Commands (`enum ipset_cmd`, linux/netfilter/ipset/ip_set.h). */
export const ipsetCommands = {
  PROTOCOL: 1,
  CREATE: 2,
  DESTROY: 3,
  FLUSH: 4,
  RENAME: 5,
  SWAP: 6,
  LIST: 7,
  SAVE: 8,
  ADD: 9,
  DEL: 10,
  TEST: 11,
  HEADER: 12,
  TYPE: 13,
} as const;

/** `IPSET_FLAG_LIST_HEADER`: list without elements. */
export const listHeaderFlag = 4;

/** Bytes of `struct nlattr`. */
const attributeHeader = 4;

/** `IPSET_ATTR_IPADDR_IPV4` and `IPSET_ATTR_IPADDR_IPV6`. */
const ipv4Id = 1;
const ipv6Id = 2;

/** An address: one attribute inside another, whose number tells the family. */
const setAddress: AttributeType<string> = {
  name: 'address of a set',
  minimum: attributeHeader + 4,
  maximum: attributeHeader + 16,
  idBits: nestedBit,
  write(writer, value) {
    const start = writer.reserve(attributeHeader);
    writeAddress(writer, value);
    const length = writer.length - start;
    writer.view.setUint16(start, length, host);
    writer.view.setUint16(
      start + 2,
      (length === attributeHeader + 4 ? ipv4Id : ipv6Id) | networkOrderBit,
      host,
    );
  },
  read(frame, start, end) {
    const found: string[] = [];
    forEachAttribute(frame, start, end, (_id, from, to) => found.push(addressText(frame.bytes, from, to)));
    return found[0] ?? missingAddress(start);
  },
};

function missingAddress(offset: number): never {
  throw malformed('expected an address inside the attribute, got nothing', offset);
}

const netOrder16 = inNetworkOrder(u16be);
const netOrder32 = inNetworkOrder(u32be);

/** One element of a set. */
export const ipsetElementAttributes = attributes({
  address: [1, setAddress],
  port: [4, netOrder16],
  protocol: [7, u8],
  address2: [20, setAddress],
  prefix2: [21, u8],
});

/** What describes a whole set: at its making, and in front of its elements in a list. */
export const ipsetHeaderAttributes = attributes({
  firstPort: [4, netOrder16],
  lastPort: [5, netOrder16],
  hashSize: [18, netOrder32],
  maximumElements: [19, netOrder32],
  elements: [24, netOrder32],
  references: [25, netOrder32],
  memorySize: [26, netOrder32],
});

/** The attributes of every command but ADD and DEL, and of every reply. */
export const ipsetCommandAttributes = attributes({
  protocol: [1, u8],
  name: [2, text],
  /** In SWAP and RENAME the other name. */
  type: [3, text],
  revision: [4, u8],
  family: [5, u8],
  flags: [6, netOrder32],
  header: [7, nested(ipsetHeaderAttributes)],
  elements: [8, list(nested(ipsetElementAttributes), 7)],
  lowestRevision: [10, u8],
});

/** One element of ADD and DEL, as it stands in a message. */
export const ipsetElementItem = attributes({ element: [7, nested(ipsetElementAttributes)] });

/** ADD and DEL of many elements, each of them an `ipsetElementItem`. The kernel insists on a line number with them. */
export const ipsetBulkAttributes = attributes({
  protocol: [1, u8],
  name: [2, text],
  line: [9, u32],
  items: [8, { ...bytes(), idBits: nestedBit }],
});

/** Values of `ipsetElementAttributes`. */
export type IpsetElementValues = ValuesOf<typeof ipsetElementAttributes>;

/** Values of `ipsetCommandAttributes`. */
export type IpsetCommandValues = ValuesOf<typeof ipsetCommandAttributes>;
