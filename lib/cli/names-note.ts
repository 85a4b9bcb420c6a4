import type { Context } from './context.ts';

/**
 * Tells a person who looks at a listing on a terminal what told the names in it. Documents have that in their field `names`.
 * @param from see `NamedSelection`
 */
export function tellNames(from: string | null, { terminal }: Context): void {
  if (terminal.screen === undefined) return;
  terminal.err(
    from === null
      ? 'note: names are not known: no kube-ipvs answers here, and no flag says what else tells them\n'
      : `note: names are those of ${from}\n`,
  );
}
