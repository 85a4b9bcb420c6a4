/** The labels of an object. */
export type Labels = Readonly<Record<string, string>>;

/** Whether an object with these labels is meant. */
export type LabelSelector = (labels: Labels) => boolean;

const key = String.raw`(?:[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?/)?[A-Za-z0-9](?:[\w.-]*[A-Za-z0-9])?`;
const value = String.raw`(?:[A-Za-z0-9](?:[\w.-]*[A-Za-z0-9])?)?`;
const presence = new RegExp(`^(!?)\\s*(${key})$`);
const equality = new RegExp(`^(${key})\\s*(==|=|!=)\\s*(${value})$`);
const membership = new RegExp(`^(${key})\\s+(in|notin)\\s*\\(\\s*(${value}(?:\\s*,\\s*${value})*)\\s*\\)$`);

/**
 * Reads a label selector as kubectl does: `a`, `!a`, `a=b`, `a==b`, `a!=b`, `a in (b, c)` and `a notin (b)`, several with commas
 * between. `!=` and `notin` choose objects without the label too; an empty text chooses every object.
 *
 * @returns the selector, or the first requirement that is none
 */
export function parseLabelSelector(
  text: string,
): { readonly selector: LabelSelector } | { readonly wrong: string } {
  const selectors: LabelSelector[] = [];
  for (const requirement of requirementsOf(text)) {
    const selector = presenceOf(requirement) ?? equalityOf(requirement) ?? membershipOf(requirement);
    if (selector === undefined) return { wrong: requirement };
    selectors.push(selector);
  }
  return { selector: (labels) => selectors.every((selects) => selects(labels)) };
}

/** What stands between the commas that are in no parentheses. */
function requirementsOf(text: string): string[] {
  return text.trim() === '' ? [] : text.split(/,(?![^()]*\))/).map((requirement) => requirement.trim());
}

function presenceOf(text: string): LabelSelector | undefined {
  const [, not, name] = presence.exec(text) ?? [];
  if (name === undefined) return undefined;
  return (labels) => Object.hasOwn(labels, name) === (not === '');
}

function equalityOf(text: string): LabelSelector | undefined {
  const [, name, operator, wanted] = equality.exec(text) ?? [];
  if (name === undefined) return undefined;
  return (labels) => (valueOf(labels, name) === wanted) === (operator !== '!=');
}

function membershipOf(text: string): LabelSelector | undefined {
  const [, name, operator, list] = membership.exec(text) ?? [];
  if (name === undefined || list === undefined) return undefined;
  const wanted: readonly (string | undefined)[] = list.split(',').map((one) => one.trim());
  return (labels) => {
    const own = valueOf(labels, name);
    return (own !== undefined && wanted.includes(own)) === (operator === 'in');
  };
}

function valueOf(labels: Labels, name: string): string | undefined {
  return Object.hasOwn(labels, name) ? labels[name] : undefined;
}
