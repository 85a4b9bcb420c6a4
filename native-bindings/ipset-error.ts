import { NetlinkError } from './error.ts';

/** Names and meanings of the codes of every set type (`enum ipset_errno`, linux/netfilter/ipset/ip_set.h). */
const commonCodes: Readonly<Record<number, readonly [name: string, meaning: string]>> = {
  4097: ['IPSET_ERR_PROTOCOL', 'the kernel does not understand the request'],
  4098: ['IPSET_ERR_FIND_TYPE', 'the kernel does not have this set type in this revision and family'],
  4099: ['IPSET_ERR_MAX_SETS', 'there can be no more sets'],
  4100: ['IPSET_ERR_BUSY', 'the set is in use by a rule or by another set'],
  4101: ['IPSET_ERR_EXIST_SETNAME2', 'a set of the new name exists already'],
  4102: ['IPSET_ERR_TYPE_MISMATCH', 'the two sets differ in type or family'],
  4103: ['IPSET_ERR_EXIST', 'the element is in the set already, or is not in it to be deleted'],
  4104: ['IPSET_ERR_INVALID_CIDR', 'the prefix length cannot be put into this set type'],
  4105: ['IPSET_ERR_INVALID_NETMASK', 'the netmask is not valid'],
  4106: ['IPSET_ERR_INVALID_FAMILY', 'the family does not fit the set type'],
  4107: ['IPSET_ERR_TIMEOUT', 'the set was made without time-outs'],
  4108: ['IPSET_ERR_REFERENCED', 'a rule refers to the set'],
  4109: ['IPSET_ERR_IPADDR_IPV4', 'the address is no IPv4 address, as the set asks for'],
  4110: ['IPSET_ERR_IPADDR_IPV6', 'the address is no IPv6 address, as the set asks for'],
  4111: ['IPSET_ERR_COUNTER', 'the set was made without counters'],
  4112: ['IPSET_ERR_COMMENT', 'the set was made without comments'],
  4113: ['IPSET_ERR_INVALID_MARKMASK', 'the mark mask is not valid'],
  4114: ['IPSET_ERR_SKBINFO', 'the set was made without skbinfo'],
};

/** The codes of hash sets (linux/netfilter/ipset/ip_set_hash.h). */
const hashCodes: typeof commonCodes = {
  4352: ['IPSET_ERR_HASH_FULL', 'the set is full: it holds as many elements as its maxelem allows'],
  4353: ['IPSET_ERR_HASH_ELEM', 'the element is null, which this set type cannot hold'],
  4354: ['IPSET_ERR_INVALID_PROTO', 'the protocol is not valid in this set type'],
  4355: ['IPSET_ERR_MISSING_PROTO', 'the protocol is missing'],
  4356: ['IPSET_ERR_HASH_RANGE_UNSUPPORTED', 'ranges cannot be put into this set type'],
  4357: ['IPSET_ERR_HASH_RANGE', 'the range is not valid'],
};

/** The codes of bitmap sets (linux/netfilter/ipset/ip_set_bitmap.h); they have the same numbers. */
const bitmapCodes: typeof commonCodes = {
  4352: ['IPSET_ERR_BITMAP_RANGE', 'the element is outside of the range that the set was made with'],
  4353: ['IPSET_ERR_BITMAP_RANGE_SIZE', 'the range is larger than the set type allows'],
};

/**
 * A refusal by the kernel's ip sets with the name of its code and its meaning in words. Other errors are given back as
 * they are.
 *
 * @param bitmap whether the set is of a bitmap type: hash and bitmap types use the same numbers for different things
 */
export function explainIpset(error: NetlinkError, bitmap: boolean): NetlinkError {
  const explained = commonCodes[error.errno] ?? (bitmap ? bitmapCodes : hashCodes)[error.errno];
  if (explained === undefined) return error;
  const [code, meaning] = explained;
  return new NetlinkError({
    code,
    operation: error.operation,
    message: `${code} (${meaning})`,
    errno: error.errno,
    kernelText: error.kernelText,
    offset: error.offset,
    sequence: error.sequence,
  });
}
