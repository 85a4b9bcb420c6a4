import os from 'node:os';

/** True where the host stores the low byte first. Netlink headers and most attributes are in host order (RFC 3549). */
export const littleEndianHost = os.endianness() === 'LE';
