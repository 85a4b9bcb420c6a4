import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { configurationJsonSchema } from '../../../lib/config/json-schema.ts';
import { annotationsReference } from '../../../scripts/annotations-reference.ts';
import { chartReadme } from '../../../scripts/chart/readme.ts';
import { chartSchema } from '../../../scripts/chart/schema.ts';
import { chartFolder, chartValues } from '../../../scripts/chart/values.ts';
import { cliReference } from '../../../scripts/cli-reference.ts';
import { configurationReference } from '../../../scripts/configuration-reference.ts';
import { doctorReference } from '../../../scripts/doctor-reference.ts';
import { metricsReference } from '../../../scripts/metrics-reference.ts';

describe('the reference pages', () => {
  it('are what the program says today (`make docs` rewrites them)', () => {
    expect(readFileSync('docs/reference/cli.md', 'utf8')).to.equal(cliReference());
    expect(readFileSync('docs/annotations.md', 'utf8')).to.equal(annotationsReference());
    expect(readFileSync('docs/reference/configuration.md', 'utf8')).to.equal(configurationReference());
    expect(readFileSync('docs/reference/doctor.md', 'utf8')).to.equal(doctorReference());
    expect(readFileSync('docs/metrics.md', 'utf8')).to.equal(metricsReference());
    const schema: unknown = JSON.parse(readFileSync('docs/reference/configuration.schema.json', 'utf8'));
    expect(schema).to.deep.equal(JSON.parse(JSON.stringify(configurationJsonSchema())));
  });

  it('of the chart are what its values are', () => {
    const values = chartValues();
    expect(readFileSync(`${chartFolder}/README.md`, 'utf8')).to.equal(chartReadme(values));
    const schema: unknown = JSON.parse(readFileSync(`${chartFolder}/values.schema.json`, 'utf8'));
    expect(schema).to.deep.equal(JSON.parse(JSON.stringify(chartSchema(values))));
  });

  it('show every flag of `run`', () => {
    expect(cliReference()).to.match(/## kube-ipvs run\n[^]*--manifests <directory>[^]*--ipvs-sync-period/);
  });
});
