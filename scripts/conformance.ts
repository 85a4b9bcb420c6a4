/** The page that compares the tests with the checklists of Kubernetes and kube-proxy. */
import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { format } from 'prettier';
import type { Box, Case, Checklist } from '../test/packets/conformance-boxes.ts';
import { packetChecklists } from '../test/packets/conformance-boxes.ts';
import type { TestResult } from '../test/result-hooks.ts';
import { unitChecklists } from '../test/unit/conformance-boxes.ts';
import { painChecklists } from '../test/unit/pain-boxes.ts';
import { programChecklists } from '../test/unit/program-boxes.ts';
import { trafficChecklists } from '../test/unit/traffic-boxes.ts';

/** The page itself, from the repository's directory. */
export const conformancePath = 'docs/conformance.md';

const head = `# Conformance

What Kubernetes and kube-proxy check of a service proxy, under their names, and the tests here that check the same.
\`make test\` makes this page from its results. The first part is proved with real packets in a booted kernel, over the
protocols and families that are named; the second are tables of cases that need no kernel. Then comes what kube-proxy does in
IPVS mode, line by line, and what its users suffer from, each with whatever shows it: cases, a kernel's tables or packets.
`;

/** Every part of the page, by its title. */
export const conformanceParts: Readonly<Record<string, readonly Checklist[]>> = {
  'With packets': packetChecklists,
  'Tables of cases': unitChecklists,
  'What kube-proxy does with traffic': trafficChecklists,
  'What kube-proxy does besides': programChecklists,
  'What its users suffer from': painChecklists,
};

/** Everything that mocha's runs have left in a folder. */
export function readResults(folder: string): TestResult[] {
  return readdirSync(folder).flatMap(
    (name) => JSON.parse(readFileSync(join(folder, name), 'utf8')) as TestResult[],
  );
}

/** The tests that a case stands for, of all that there are. */
export function testsOf<Test extends Pick<TestResult, 'file' | 'title'>>(
  { file, title }: Case,
  tests: readonly Test[],
): Test[] {
  return tests.filter((test) => test.file === `test/${file}` && test.title.includes(title));
}

/** The page, in Markdown, by what became of the tests. */
export function conformancePage(results: readonly TestResult[]): Promise<string> {
  const text = [
    head,
    ...Object.entries(conformanceParts).flatMap(([title, lists]) => part(title, lists, results)),
  ].join('\n');
  return format(text, { parser: 'markdown', printWidth: 110, proseWrap: 'preserve' });
}

/** Writes the page by the results in a folder. */
export async function writeConformance(folder: string): Promise<void> {
  writeFileSync(conformancePath, await conformancePage(readResults(folder)));
}

function part(title: string, lists: readonly Checklist[], results: readonly TestResult[]): string[] {
  return [`## ${title}\n`, ...lists.flatMap((list) => section(list, results))];
}

function section({ title, boxes }: Checklist, results: readonly TestResult[]): string[] {
  return [
    `### ${title}\n`,
    '| Box | Over | Cases | Result |',
    '| --- | --- | --- | --- |',
    ...boxes.map((box) => row(box, results)),
    '',
  ];
}

function row(box: Box, results: readonly TestResult[]): string {
  const names = box.cases.map(({ file, title }) => [`\`${file}\``, title].filter(Boolean).join(': '));
  const remark = box.remark === undefined ? [] : [`_${box.remark}_`];
  const cells = [box.name, box.over ?? '', [...names, ...remark].join('<br>'), resultOf(box, results)];
  return `| ${cells.join(' | ')} |`;
}

/** `passed: 6`; what has no cases has no result. */
function resultOf({ cases }: Box, results: readonly TestResult[]): string {
  if (cases.length === 0) return '–';
  const tests = new Set(cases.flatMap((one) => testsOf(one, results)));
  const failed = [...tests].filter(({ passed }) => !passed).length;
  if (cases.some((one) => testsOf(one, results).length === 0)) return '**not run**';
  return failed === 0 ? `passed: ${tests.size}` : `**failed: ${failed} of ${tests.size}**`;
}
