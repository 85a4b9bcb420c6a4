import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { relative } from 'node:path';
import { expect } from 'chai';
import { conformancePage, conformanceParts, conformancePath, testsOf } from '../../../scripts/conformance.ts';

interface Listed {
  readonly file: string;
  readonly title: string;
}

/** Every test that there is, none of them run. */
function allTests(): readonly Listed[] {
  const globs = ['unit/**', 'packets', 'kernel'].map((folder) => `test/${folder}/*.test.ts`);
  const output = execFileSync('mocha', ['--dry-run', '--reporter', 'json', ...globs], {
    encoding: 'utf8',
    maxBuffer: 64 << 20,
  });
  const { tests } = JSON.parse(output) as { tests: { file: string; fullTitle: string }[] };
  return tests.map(({ file, fullTitle }) => ({ file: relative(process.cwd(), file), title: fullTitle }));
}

/** The lines of a page with the last cell of each row left out, and blanks and rules as short as can be. */
function withoutResults(page: string): string[] {
  return page.split('\n').map((line) =>
    line
      .replace(/\|[^|]*\|$/, '|')
      .replace(/ +/g, ' ')
      .replace(/-{3,}/g, '---'),
  );
}

const boxes = Object.values(conformanceParts)
  .flat()
  .flatMap((list) => list.boxes);
const cases = boxes.flatMap((box) => box.cases);

describe('the page of conformance', function () {
  let tests: readonly Listed[];

  before(() => {
    tests = allTests();
  });

  it('names tests that exist', () => {
    const missing = cases.filter((one) => testsOf(one, tests).length === 0);
    expect(missing).to.deep.equal([]);
  });

  it('says of every box what proves it, or why nothing does', () => {
    const empty = boxes.filter((box) => box.cases.length === 0 && box.remark === undefined);
    expect(empty).to.deep.equal([]);
  });

  it('has a box for every test that was written for one', () => {
    const named = new Set(cases.flatMap((one) => testsOf(one, tests)));
    const left = tests.filter(({ file }) => file.startsWith('test/packets/conformance-'));
    expect(left.filter((test) => !named.has(test))).to.deep.equal([]);
  });

  it('is the page in the documentation, whatever the results there (`make test` rewrites it)', async () => {
    const page = readFileSync(conformancePath, 'utf8');
    expect(withoutResults(page)).to.deep.equal(withoutResults(await conformancePage([])));
  });
});
