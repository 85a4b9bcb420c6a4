import { text, u32 } from './attribute-types.ts';
import { attributes } from './attributes.ts';
import { littleEndianHost as host } from './byte-order.ts';
import type { Frame } from './byte-writer.ts';
import { errnoName, malformed, NetlinkError } from './error.ts';
import { controlTypes, type Message, messageFlags, messageHeader } from './message.ts';

/** `enum nlmsgerr_attrs` (linux/netlink.h). */
export const acknowledgementAttributes = attributes({
  message: [1, text],
  offset: [2, u32],
  missingType: [5, u32],
  missingNest: [6, u32],
});

/** Turns the errno of a family's own into its name; `undefined` leaves it to the platform. */
export type ErrnoNames = (errno: number) => string | undefined;

/**
 * The outcome that an NLMSG_ERROR or NLMSG_DONE message tells: `undefined` for success. Throws `malformed` where there
 * is no room for an errno.
 */
export function readOutcome(
  frame: Frame,
  message: Message,
  operation: string,
  names?: ErrnoNames,
): NetlinkError | undefined {
  if (message.end - message.payload < 4) {
    // Kernels before 4.13 end a dump without an errno.
    if (message.type === controlTypes.done) return undefined;
    throw malformed(`expected an errno of 4 bytes, got ${message.end - message.payload}`, message.payload);
  }
  const errno = -frame.view.getInt32(message.payload, host);
  if (errno === 0) return undefined;
  const said = readExtended(frame, message);
  return new NetlinkError({
    code: names?.(errno) ?? errnoName(errno),
    operation,
    errno,
    kernelText: said.message ?? missingText(said.missingType),
    offset: said.offset,
    sequence: message.sequence,
  });
}

function missingText(type: number | undefined): string | undefined {
  return type === undefined ? undefined : `attribute ${type} is missing`;
}

/** The attributes behind the errno. Those that cannot be read are left out: the errno matters more. */
function readExtended(frame: Frame, message: Message): ReturnType<typeof acknowledgementAttributes.decode> {
  if ((message.flags & messageFlags.extended) === 0) return {};
  try {
    return acknowledgementAttributes.decode(frame, extendedStart(frame, message), message.end);
  } catch {
    return {};
  }
}

/** Behind the errno stands the header of the request and, unless it is capped, the rest of the request too. */
function extendedStart(frame: Frame, message: Message): number {
  const request = message.payload + 4;
  if (message.type === controlTypes.done) return request;
  if (request + messageHeader > message.end) return message.end;
  if ((message.flags & messageFlags.capped) !== 0) return request + messageHeader;
  return request + ((frame.view.getUint32(request, host) + 3) & ~3);
}
