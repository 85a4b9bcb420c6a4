import type { Box, Case } from '../packets/conformance-boxes.ts';

/** A box that cases tick off. */
export function box(name: string, ...cases: readonly Case[]): Box {
  return { name, cases };
}

/** A box with a remark on what its cases leave open, or what is different here. */
export function told(one: Box, remark: string): Box {
  return { ...one, remark };
}
