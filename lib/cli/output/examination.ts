import { type Examination, type Finding, type Outcome, severities } from '../../doctor/examine.ts';
import type { Severity } from '../../doctor/finding.ts';
import { counted } from '../../doctor/mend.ts';
import { type Document, document } from './document.ts';

/** What was examined. */
export interface ExaminedFacts {
  readonly node: string;
  readonly kernel: string;
  readonly version: string;
  /** Where the configuration was read. */
  readonly configuration: string;
}

const headings: Readonly<Record<Severity, string>> = { error: 'ERROR', warning: 'WARNING', info: 'INFO' };

const nouns: Readonly<Record<Severity, string>> = { error: 'error', warning: 'warning', info: 'note' };

/**
 * Writes an examination for people: the worst first, then what could not be examined, then what is well.
 * @param about what each check reads, by its name, where that is to be told too
 */
export function formatExamination(
  facts: ExaminedFacts,
  examination: Examination,
  about: ReadonlyMap<string, string> = new Map(),
): string {
  const { findings, outcomes } = examination;
  const rowsOf = (wanted: Outcome['state']): SectionRow[] =>
    outcomes
      .filter(({ state }) => state === wanted)
      .map(({ check, told }) => [check, told, about.get(check)] as const);
  const blocks = [
    headOf(facts),
    ...findings.map((finding) => findingLines(finding, about.get(finding.check))),
    section('NOT EXAMINED', rowsOf('not-examined')),
    section('WELL', rowsOf('well')),
    [summaryOf(examination)],
  ];
  return `${blocks
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.join('\n'))
    .join('\n\n')}\n`;
}

function headOf({ node, kernel, version, configuration }: ExaminedFacts): string[] {
  return [
    `Node ${node}, kernel ${kernel}, kube-ipvs ${version}`,
    `Read from the kernel and the API or manifests; configuration: ${configuration}`,
  ];
}

function findingLines(
  { severity, name, check, evidence, meaning, mend }: Finding,
  about: string | undefined,
): string[] {
  return [
    `${headings[severity].padEnd(8)} ${name}  (${check})`,
    ...labelled('about', about === undefined ? [] : [about]),
    ...labelled('found', evidence),
    ...labelled('means', [meaning]),
    ...labelled('mend', mend),
  ];
}

function labelled(label: string, lines: readonly string[]): string[] {
  return lines.map((line, index) => `  ${(index === 0 ? `${label}:` : '').padEnd(7)}${line}`);
}

/** A check, what it saw or why it could not be made, and what it reads where that is told. */
type SectionRow = readonly [name: string, text: string, about: string | undefined];

function section(heading: string, rows: readonly SectionRow[]): string[] {
  if (rows.length === 0) return [];
  const width = Math.max(...rows.map(([name]) => name.length));
  const lines = rows.flatMap(([name, text, about]) => [
    `  ${name.padEnd(width)}  ${text}`,
    ...(about === undefined ? [] : [`  ${' '.repeat(width)}  ${about}`]),
  ]);
  return [heading, ...lines];
}

/** `1 error, 0 warnings, 2 notes; 14 of 17 checks are well, 1 could not be made`. */
function summaryOf({ findings, outcomes }: Examination): string {
  const counts = severities.map((severity) => {
    return counted(findings.filter((one) => one.severity === severity).length, nouns[severity]);
  });
  const [well = 0, left = 0] = ['well', 'not-examined'].map(
    (state) => outcomes.filter((one) => one.state === state).length,
  );
  const undone = left === 0 ? '' : `, ${left} could not be made`;
  return `${counts.join(', ')}; ${well} of ${counted(outcomes.length, 'check')} found nothing${undone}`;
}

/** An examination for machines. */
export function examinationDocument(facts: ExaminedFacts, { findings, outcomes }: Examination): Document {
  const summary = Object.fromEntries(
    severities.map((severity) => [severity, findings.filter((one) => one.severity === severity).length]),
  );
  const checks = outcomes.map(({ check, state, told }) => ({ name: check, state, told }));
  return document('NodeExamination', { ...facts, summary, findings, checks });
}
