/** The offset basis and the prime of 32-bit FNV-1a. */
const offsetBasis = 0x811c9dc5;
const prime = 0x01000193;

/**
 * FNV-1a of a text, by its UTF-16 units, as a signed 32-bit number.
 * @param begin the hash of what stands before it; that of nothing unless told
 */
export function fnv1a(text: string, begin = offsetBasis): number {
  let value = begin;
  for (let index = 0; index < text.length; index += 1) {
    value = Math.imul(value ^ text.charCodeAt(index), prime);
  }
  return value;
}
