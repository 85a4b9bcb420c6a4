import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { cliReference } from '../../../scripts/cli-reference.ts';

describe('the reference pages', () => {
  it('are what the program says today (`make docs` rewrites them)', () => {
    expect(readFileSync('docs/reference/cli.md', 'utf8')).to.equal(cliReference());
  });

  it('show every flag of `run`', () => {
    expect(cliReference()).to.match(/## kube-ipvs run\n[^]*--manifests <directory>[^]*--ipvs-sync-period/);
  });
});
