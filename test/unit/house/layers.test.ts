import { expect } from 'chai';
import { ESLint } from 'eslint';

/** What `make lint` says of the imports of a file with this text, were it in the tree. */
async function importErrors(filePath: string, text: string): Promise<string[]> {
  const eslint = new ESLint({
    // Typed rules need the file on disk; the layer rule does not.
    overrideConfig: { files: ['**/*.ts'], languageOptions: { parserOptions: { projectService: false } } },
    ruleFilter: ({ ruleId }) => ruleId === 'no-restricted-imports',
  });
  const [result] = await eslint.lintText(text, { filePath });
  return (result?.messages ?? []).map((message) => message.message);
}

describe('the layers of the house', function () {
  it('refuse an import from lib/kernel in lib/planner', async () => {
    const errors = await importErrors('lib/planner/probe.ts', `import '../kernel/table.ts';`);
    expect(errors).to.have.length(1);
    expect(errors[0]).to.contain('lib/planner may import from: lib/model');
  });

  it('refuse an import from Kubernetes code in native-bindings', async () => {
    expect(
      await importErrors('native-bindings/probe.ts', `import '../lib/model/service.ts';`),
    ).to.have.length(1);
  });

  it('refuse an import of test code in shipped code', async () => {
    expect(await importErrors('lib/kernel/probe.ts', `import '../../test/lab/cluster.ts';`)).to.have.length(
      1,
    );
  });

  it('allow an import that points downward', async () => {
    expect(
      await importErrors(
        'lib/reconciler/probe.ts',
        `import '../kernel/table.ts'; import '../model/plan.ts'; import './ledger.ts';`,
      ),
    ).to.deep.equal([]);
  });
});
