import { expect } from 'chai';
import { readFileSync, readdirSync } from 'node:fs';
import { parse } from 'yaml';
import { recordings } from '../../../scripts/alerts/recordings.ts';
import { alerts, rulesFile, rulesPath } from '../../../scripts/alerts/rules-file.ts';
import { runbookIndex } from '../../../scripts/alerts/runbook-index.ts';
import { faults, knownSeries } from '../dashboards/promql.ts';

const names = [...new Set(alerts.map(({ name }) => name))];

describe('the rules for Prometheus', () => {
  it('stand in the chart as the code makes them (`make docs` rewrites them)', () => {
    expect(parse(readFileSync(rulesPath, 'utf8'))).to.deep.equal(parse(rulesFile()));
  });

  it('ask in PromQL for metrics and labels that the program has', () => {
    const known = new Map(knownSeries());
    for (const { record, expression } of recordings) {
      expect(faults(expression, known), record).to.deep.equal([]);
      known.set(record, ['cluster', 'job']);
    }
    for (const { name, expression } of alerts) expect(faults(expression, known), name).to.deep.equal([]);
  });

  it('have a name for each situation, and one severity of that name', () => {
    const kinds = alerts.map(({ name, severity }) => `${name} ${severity}`);
    expect(new Set(kinds).size).to.equal(kinds.length);
    for (const name of names) expect(name).to.match(/^KubeIpvs[A-Z][A-Za-z]+$/);
  });

  it('have a runbook for each alert, and no runbook is of an alert that is gone', () => {
    const pages = readdirSync('docs/runbooks').filter((page) => page !== 'README.md');
    expect(pages).to.have.members(names.map((name) => `${name}.md`));
    const parts = ['## Meaning', '## Impact', '## Diagnosis', '## Mitigation'];
    expect(readFileSync('docs/runbooks/README.md', 'utf8')).to.equal(runbookIndex());
    for (const page of pages) {
      const text = readFileSync(`docs/runbooks/${page}`, 'utf8');
      expect(text.startsWith(`# ${page.replace('.md', '')}\n`), page).to.equal(true);
      expect(text.match(/^## .*$/gm), page).to.deep.equal(parts);
    }
  });
});
