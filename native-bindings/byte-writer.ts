import { invalidArgument } from './error.ts';

/** Bytes together with a view on the same bytes. */
export interface Frame {
  readonly bytes: Buffer;
  readonly view: DataView;
}

/** A frame around a buffer. The bytes are shared, not copied. */
export function frameOf(bytes: Uint8Array): Frame {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return { bytes: buffer, view: new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength) };
}

/** More than any netlink message may hold; a writer that gets here has been left running. */
const largestWriter = 1 << 28;

/**
 * A growing buffer that messages are written into, one behind the other. Reuse it through `clear`. `bytes` and `view` are
 * others once it has grown: take them behind the call that makes room, not before.
 */
export class ByteWriter implements Frame {
  bytes: Buffer;
  view: DataView;
  /** Bytes written so far. Setting it lower takes back what was written since. */
  length = 0;

  /** @param capacity first size in bytes; it doubles whenever it is used up */
  constructor(capacity = 4096) {
    this.bytes = Buffer.alloc(capacity);
    this.view = viewOf(this.bytes);
  }

  /** Takes `size` more bytes, sets them to zero and gives the offset of the first. */
  reserve(size: number): number {
    const start = this.extend(size);
    // Headers have a handful of bytes: a loop is several times faster than a call of `fill`.
    if (size <= 64) for (let at = start; at < this.length; at += 1) this.bytes[at] = 0;
    else this.bytes.fill(0, start, this.length);
    return start;
  }

  /** Takes `size` more bytes and gives the offset of the first. What is in them is left from before: overwrite all. */
  extend(size: number): number {
    const start = this.length;
    const end = start + size;
    if (end > this.bytes.length) this.#grow(end);
    this.length = end;
    return start;
  }

  /** Writes zeros up to the next multiple of four (NLMSG_ALIGNTO, NLA_ALIGNTO). */
  align(): void {
    while ((this.length & 3) !== 0) this.bytes[this.extend(1)] = 0;
  }

  /** Forgets what was written and keeps the memory. */
  clear(): void {
    this.length = 0;
  }

  /** A copy of what was written. */
  copy(): Buffer {
    return Buffer.from(this.bytes.subarray(0, this.length));
  }

  #grow(needed: number): void {
    if (needed > largestWriter) {
      throw invalidArgument(
        `expected at most ${largestWriter} bytes of messages, got ${needed}; send them in parts`,
      );
    }
    const larger = Buffer.alloc(Math.max(needed, this.bytes.length * 2));
    this.bytes.copy(larger, 0, 0, this.length);
    this.bytes = larger;
    this.view = viewOf(larger);
  }
}

function viewOf(bytes: Buffer): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
