/** Stands for a line that cannot be read: too long, or no UTF-8. */
export const unreadable = Symbol('a line that cannot be read');

/** A line without its end, or what stands for it. */
export type Line = string | typeof unreadable;

const newline = 0x0a;

/** Longest line: etcd keeps objects of 1.5 MB, which JSON makes a few times as long. */
const longestLine = 32 * 1024 * 1024;

/**
 * Cuts a stream of bytes into lines as they arrive. Only bytes are cut, so no character is ever torn; a line is decoded
 * when it is whole. What is held is at most one line.
 */
export class JsonLines {
  readonly #longest: number;
  readonly #decoder = new TextDecoder('utf-8', { fatal: true });
  #parts: Uint8Array[] = [];
  #length = 0;

  /** @param longest longest line, in bytes; longer ones are passed over without being held */
  constructor(longest = longestLine) {
    this.#longest = longest;
  }

  /** Whether the stream, if it ended here, would end within a line. */
  get unfinished(): boolean {
    return this.#length > 0;
  }

  /** The lines that end in this chunk. Empty ones are left out. */
  *push(chunk: Uint8Array): IterableIterator<Line> {
    let start = 0;
    for (let end = chunk.indexOf(newline); end !== -1; end = chunk.indexOf(newline, start)) {
      this.#hold(chunk.subarray(start, end));
      start = end + 1;
      if (this.#length > 0) yield this.#take();
    }
    this.#hold(chunk.subarray(start));
  }

  #hold(part: Uint8Array): void {
    if (part.length === 0) return;
    this.#length += part.length;
    if (this.#length > this.#longest) this.#parts = [];
    else this.#parts.push(part);
  }

  #take(): Line {
    const parts = this.#parts;
    const tooLong = this.#length > this.#longest;
    this.#parts = [];
    this.#length = 0;
    if (tooLong) return unreadable;
    const whole = parts.length === 1 ? parts[0] : Buffer.concat(parts);
    try {
      return this.#decoder.decode(whole);
    } catch {
      return unreadable;
    }
  }
}
