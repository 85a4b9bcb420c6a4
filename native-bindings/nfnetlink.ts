import type { ByteWriter, Frame } from './byte-writer.ts';
import { malformed } from './error.ts';
import type { Message } from './message.ts';

/** Subsystems of NETLINK_NETFILTER (`NFNL_SUBSYS_*`, linux/netfilter/nfnetlink.h). */
export const netfilterSubsystems = { conntrack: 1, conntrackExpectation: 2, ipset: 6 } as const;

/** Bytes of `struct nfgenmsg`. */
export const netfilterHeader = 4;

/** The message type of a subsystem's command. */
export function netfilterType(subsystem: number, command: number): number {
  return (subsystem << 8) | command;
}

/** The command in a message type. */
export function netfilterCommand(type: number): number {
  return type & 0xff;
}

/** Appends `struct nfgenmsg`: the address family, version 0 and the resource id, which is in network order. */
export function writeNetfilterHeader(writer: ByteWriter, family: number, resource = 0): void {
  const at = writer.reserve(netfilterHeader);
  writer.view.setUint8(at, family);
  writer.view.setUint16(at + 2, resource);
}

/** The address family of a message. Throws `malformed` where there is no `struct nfgenmsg`. */
export function netfilterFamily(frame: Frame, message: Message): number {
  if (message.end - message.payload < netfilterHeader) {
    throw malformed(
      `expected ${netfilterHeader} bytes of nfgenmsg, got ${message.end - message.payload}`,
      message.payload,
    );
  }
  return frame.view.getUint8(message.payload);
}
