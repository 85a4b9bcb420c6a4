import { writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';

/** What became of one test. */
export interface TestResult {
  /** From the repository's directory. */
  readonly file: string;
  /** The titles of the suites around it and its own, with a blank between them. */
  readonly title: string;
  readonly passed: boolean;
}

function resultsOf(suite: Mocha.Suite): TestResult[] {
  const own = suite.tests.map((test) => ({
    file: relative(process.cwd(), test.file ?? ''),
    title: test.fullTitle(),
    // One that never began, because a hook before it failed, has no state.
    passed: test.state === 'passed',
  }));
  return [...own, ...suite.suites.flatMap(resultsOf)];
}

/** For a run of mocha with a folder in TEST_RESULTS: leaves a file there that says what became of every test of the run. */
export const mochaHooks = {
  afterAll(this: Mocha.Context): void {
    const folder = process.env['TEST_RESULTS'];
    if (folder === undefined) return;
    let suite = this.test?.parent;
    while (suite?.parent !== undefined) suite = suite.parent;
    if (suite === undefined) return;
    writeFileSync(join(folder, `${crypto.randomUUID()}.json`), JSON.stringify(resultsOf(suite)));
  },
};
