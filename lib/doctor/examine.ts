import type { ExaminedNode } from './examined-node.ts';
import type { Check, Found, Judgement, Severity } from './finding.ts';

/** A finding with all that is to be told of it. */
export interface Finding extends Found {
  readonly check: string;
  readonly severity: Severity;
  readonly meaning: string;
}

/** What became of a check. */
export interface Outcome {
  readonly check: string;
  readonly state: 'well' | 'found' | 'not-examined';
  /** What was seen, or why it could not be. */
  readonly told: string;
}

/** Everything that checks found on a node. */
export interface Examination {
  /** The worst first; among equals in the order of the checks. */
  readonly findings: readonly Finding[];
  readonly outcomes: readonly Outcome[];
}

/** Which findings are looked for, by the names of checks or of findings; all where `only` is empty. */
export interface Choice {
  readonly only: readonly string[];
  readonly skip: readonly string[];
}

/** The worst first. */
export const severities: readonly Severity[] = ['error', 'warning', 'info'];

/** The names that a choice may have: of checks and of what they find. */
export function namesOf(checks: readonly Check[]): readonly string[] {
  return checks.flatMap((check) => [check.name, ...Object.keys(check.kinds)]);
}

/** Makes the chosen checks of a node, at the same time. One that cannot be made keeps none of the others from it. */
export async function examine(
  node: ExaminedNode,
  checks: readonly Check[],
  choice: Choice,
): Promise<Examination> {
  const chosen = checks.filter((check) => kindsChosen(check, choice).length > 0);
  const results = await Promise.all(chosen.map((check) => make(check, node, choice)));
  const findings = results.flatMap(({ findings: found }) => found);
  return {
    findings: severities.flatMap((severity) => findings.filter((finding) => finding.severity === severity)),
    outcomes: results.map(({ outcome }) => outcome),
  };
}

interface Result {
  readonly findings: readonly Finding[];
  readonly outcome: Outcome;
}

async function make(check: Check, node: ExaminedNode, choice: Choice): Promise<Result> {
  try {
    return resultOf(check, await check.judge(node), kindsChosen(check, choice));
  } catch (error) {
    const told = error instanceof Error ? error.message : String(error);
    return { findings: [], outcome: { check: check.name, state: 'not-examined', told } };
  }
}

function resultOf(check: Check, { found, seen }: Judgement, chosen: readonly string[]): Result {
  const findings = merged(found)
    .filter(({ name }) => chosen.includes(name))
    .map((one): Finding => ({ ...one, check: check.name, ...kindOf(check, one.name) }));
  const state = findings.length === 0 ? 'well' : 'found';
  return { findings, outcome: { check: check.name, state, told: seen } };
}

/** One finding of each name, with all that was found of it. */
function merged(found: readonly Found[]): readonly Found[] {
  const byName = Map.groupBy(found, ({ name }) => name);
  return [...byName].map(([name, all]) => ({
    name,
    evidence: all.flatMap(({ evidence }) => evidence),
    mend: [...new Set(all.flatMap(({ mend }) => mend))],
  }));
}

function kindOf(check: Check, name: string): Check['kinds'][string] {
  const kind = check.kinds[name];
  if (kind === undefined) throw new Error(`expected a finding that ${check.name} declares, got ${name}`);
  return kind;
}

/** The findings of a check that are looked for. */
function kindsChosen(check: Check, { only, skip }: Choice): readonly string[] {
  const named = (names: readonly string[], kind: string): boolean =>
    names.includes(check.name) || names.includes(kind);
  return Object.keys(check.kinds).filter(
    (kind) => (only.length === 0 || named(only, kind)) && !named(skip, kind),
  );
}
