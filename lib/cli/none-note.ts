import type { Context } from './context.ts';
import type { SelectionOptions } from './service-selection.ts';

/** Says on standard error that a listing for people is empty, so that nobody takes its headings for all that went wrong. */
export function tellNone(
  what: string,
  { namespace, name, selector }: SelectionOptions,
  { terminal }: Context,
): void {
  const of = name === undefined ? '' : ` of a Service ${name}`;
  const within = namespace === undefined ? '' : ` in namespace ${namespace}`;
  const labelled = selector === undefined ? '' : ` with the labels ${selector}`;
  terminal.err(`note: the kernel holds no ${what}${of}${within}${labelled}\n`);
}
