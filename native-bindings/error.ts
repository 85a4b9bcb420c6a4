import os from 'node:os';
import util from 'node:util';

/** Everything that is known about a failure. */
export interface NetlinkFailure {
  /** Symbolic errno (`EEXIST`) or one of `ownCodes`. */
  readonly code: string;
  /** What was tried, in words: `add real server`. */
  readonly operation: string;
  /** What was expected, what came and what to do. Put together from the errno where it is left out. */
  readonly message?: string;
  readonly errno?: number;
  readonly kernelText?: string | undefined;
  readonly offset?: number | undefined;
  readonly sequence?: number | undefined;
  readonly cause?: unknown;
}

/** The codes of failures that are no errno of the kernel's, with their meaning. */
export const ownCodes = {
  'addon-missing': 'the native addon cannot be loaded on this machine',
  'family-missing': 'the kernel does not know this generic netlink family',
  'invalid-argument': 'a value cannot be put into a message',
  malformed: 'the bytes are no valid message',
  truncated: 'a message is longer than the bytes that arrived',
  'reply-lost': 'a request was sent and its reply is not there',
  overrun: 'the kernel dropped replies or notifications because the receive buffer was full',
  'dump-interrupted': 'the table kept changing while it was read',
} as const;

/** Two names of one number: the one that the kernel's sources use is kept. */
const aliases = new Set(['EWOULDBLOCK', 'ENOTSUP', 'EDEADLOCK']);

const errnoNames: ReadonlyMap<number, string> = new Map(
  Object.entries(os.constants.errno)
    .filter(([name]) => !aliases.has(name))
    .map(([name, number]) => [number, name]),
);

/** The symbolic name of an errno of this platform: 17 → `EEXIST`; `E4099` where the platform has no name for it. */
export function errnoName(errno: number): string {
  return errnoNames.get(errno) ?? `E${errno}`;
}

/**
 * A failed netlink operation. `code` is what programs decide on (see `isNotFound` and its like); the message is for
 * people.
 */
export class NetlinkError extends Error {
  override readonly name = 'NetlinkError';
  /** Symbolic errno (`EEXIST`) or one of `ownCodes`. */
  readonly code: string;
  /** The errno as a positive number, 0 where the failure is no errno. */
  readonly errno: number;
  /** What was tried, in words. */
  readonly operation: string;
  /** The message without the operation in front. */
  readonly detail: string;
  /** The kernel's extended acknowledgement (NLMSGERR_ATTR_MSG), `undefined` where it gave none. */
  readonly kernelText: string | undefined;
  /** Where in the message the fault lies, in bytes from its header. */
  readonly offset: number | undefined;
  /** Sequence number of the request. */
  readonly sequence: number | undefined;

  constructor(failure: NetlinkFailure) {
    const detail = detailOf(failure);
    super(
      `${failure.operation}: ${detail}`,
      failure.cause === undefined ? undefined : { cause: failure.cause },
    );
    this.code = failure.code;
    this.errno = failure.errno ?? 0;
    this.operation = failure.operation;
    this.detail = detail;
    this.kernelText = failure.kernelText;
    this.offset = failure.offset;
    this.sequence = failure.sequence;
  }
}

/** `ESRCH (no such process); the kernel says: Unknown service`. */
function detailOf(failure: NetlinkFailure): string {
  const meaning = util.getSystemErrorMap().get(-(failure.errno ?? 0))?.[1];
  const what = failure.message ?? (meaning === undefined ? failure.code : `${failure.code} (${meaning})`);
  const kernel = failure.kernelText === undefined ? '' : `; the kernel says: ${failure.kernelText}`;
  return `${what}${kernel}`;
}

/** The error of a system call that set errno. */
export function systemError(operation: string, errno: number): NetlinkError {
  return new NetlinkError({ code: errnoName(errno), operation, errno });
}

/** The error of bytes that are no valid message. `offset` counts from the first byte of what was decoded. */
export function malformed(message: string, offset: number): NetlinkError {
  return new NetlinkError({ code: 'malformed', operation: 'decode message', message, offset });
}

/** The error of a value that cannot be put into a message. */
export function invalidArgument(message: string): NetlinkError {
  return new NetlinkError({ code: 'invalid-argument', operation: 'encode message', message });
}

/** True if the error is a `NetlinkError` with one of the codes. */
export function hasCode(error: unknown, ...codes: readonly string[]): boolean {
  return error instanceof NetlinkError && codes.includes(error.code);
}

/** The thing that was named is not there. */
export function isNotFound(error: unknown): boolean {
  return hasCode(error, 'ENOENT', 'ESRCH', 'ENODEV', 'EADDRNOTAVAIL', 'ENXIO');
}

/** The thing that should be made is there already. */
export function isAlreadyExists(error: unknown): boolean {
  return hasCode(error, 'EEXIST');
}

/** The caller lacks a capability (CAP_NET_ADMIN in the user namespace of the network namespace). */
export function isPermissionDenied(error: unknown): boolean {
  return hasCode(error, 'EPERM', 'EACCES');
}

/** It is not known what the kernel did: its state has to be read before the next decision. */
export function isOutcomeUnknown(error: unknown): boolean {
  return hasCode(error, 'overrun', 'reply-lost', 'truncated', 'malformed', 'dump-interrupted');
}
