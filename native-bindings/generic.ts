import { text, u16, u32 } from './attribute-types.ts';
import { attributes } from './attributes.ts';
import type { ByteWriter, Frame } from './byte-writer.ts';
import type { Connection } from './connection.ts';
import { hasCode, malformed, NetlinkError } from './error.ts';
import type { Message } from './message.ts';

/** Bytes of `struct genlmsghdr`. */
export const genericHeader = 4;

/** GENL_ID_CTRL: the message type of the controller, which knows the other families (linux/genetlink.h). */
export const controllerType = 16;

/** CTRL_CMD_GETFAMILY. */
const getFamily = { command: 3, version: 1 } as const;

/** `CTRL_ATTR_*` (linux/genetlink.h). */
export const controllerAttributes = attributes({
  familyId: [1, u16],
  familyName: [2, text],
  version: [3, u32],
  headerSize: [4, u32],
  maximumAttribute: [5, u32],
});

/** Appends `struct genlmsghdr`. */
export function writeGenericHeader(writer: ByteWriter, command: number, version: number): void {
  const at = writer.reserve(genericHeader);
  writer.view.setUint8(at, command);
  writer.view.setUint8(at + 1, version);
}

/** The command of a generic message. Throws `malformed` where there is no `struct genlmsghdr`. */
export function genericCommand(frame: Frame, message: Message): number {
  if (message.end - message.payload < genericHeader) {
    throw malformed(
      `expected ${genericHeader} bytes of genlmsghdr, got ${message.end - message.payload}`,
      message.payload,
    );
  }
  return frame.view.getUint8(message.payload);
}

/** A family that the kernel registered, as the controller tells it. */
export interface GenericFamily {
  /** The message type that it got. */
  readonly id: number;
  readonly version: number;
}

/**
 * Asks the kernel for the number of a family by its name; a privileged caller makes the kernel load the module that
 * has it. Throws `family-missing` with `advice` where there is none.
 */
export function lookUpFamily(connection: Connection, name: string, advice: string): GenericFamily {
  try {
    const [family] = connection.request(
      {
        operation: `look up generic netlink family ${name}`,
        type: controllerType,
        write(writer) {
          writeGenericHeader(writer, getFamily.command, getFamily.version);
          controllerAttributes.encode(writer, { familyName: name });
        },
      },
      readFamily,
    );
    if (family !== undefined) return family;
  } catch (error) {
    if (!hasCode(error, 'ENOENT')) throw error;
  }
  throw new NetlinkError({
    code: 'family-missing',
    operation: `look up generic netlink family ${name}`,
    message: `expected a kernel with the family ${name}, got none of that name; ${advice}`,
  });
}

function readFamily(frame: Frame, message: Message): GenericFamily {
  genericCommand(frame, message);
  const values = controllerAttributes.decode(frame, message.payload + genericHeader, message.end);
  if (values.familyId === undefined)
    throw malformed('expected attribute familyId, got none', message.payload);
  return { id: values.familyId, version: values.version ?? 0 };
}
