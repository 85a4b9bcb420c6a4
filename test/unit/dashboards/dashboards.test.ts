import * as units from '@grafana/grafana-foundation-sdk/units';
import { expect } from 'chai';
import { readFileSync, readdirSync } from 'node:fs';
import { recordings } from '../../../scripts/alerts/recordings.ts';
import { dashboards } from '../../../scripts/dashboards/dashboards.ts';
import type { ClassicDashboard, ClassicPanel } from './classic-model.ts';
import { classicDashboard } from './classic-model.ts';
import { faults, knownSeries, parsed, withoutVariables } from './promql.ts';

const folder = 'charts/kube-ipvs/dashboards';
const files = Object.entries(dashboards());

/** A dashboard as it stands in its file; one that Grafana could not read fails here, by its field. */
function read(path: string): ClassicDashboard {
  return classicDashboard.parse(JSON.parse(readFileSync(path, 'utf8')));
}

function panelsOf(dashboard: ClassicDashboard): ClassicPanel[] {
  return dashboard.panels.filter((panel) => panel.type !== 'row');
}

/** Cells of the grid that a panel takes. */
function cells({ gridPos: { x, y, w, h } }: ClassicDashboard['panels'][number]): string[] {
  return Array.from({ length: w * h }, (_, cell) => `${x + (cell % w)}/${y + Math.floor(cell / w)}`);
}

function repeated(values: readonly (string | number)[]): (string | number)[] {
  return values.filter((value, index) => values.indexOf(value) !== index);
}

describe('the dashboards', () => {
  it('stand in the chart as the code makes them (`make docs` rewrites them), and no others', () => {
    expect(readdirSync(folder).map((name) => `${folder}/${name}`)).to.have.members(
      files.map(([path]) => path),
    );
    for (const [path, dashboard] of files)
      expect(JSON.parse(readFileSync(path, 'utf8'))).to.deep.equal(JSON.parse(JSON.stringify(dashboard)));
  });

  it('have uids and titles of their own', () => {
    const all = files.map(([path]) => read(path));
    expect(repeated(all.map(({ uid }) => uid))).to.deep.equal([]);
    expect(repeated(all.map(({ title }) => title))).to.deep.equal([]);
  });

  for (const [path] of files) {
    describe(path, () => {
      let dashboard: ClassicDashboard;

      before(() => {
        dashboard = read(path);
      });

      it('numbers every panel once and gives each a title of its own', () => {
        expect(repeated(dashboard.panels.map(({ id }) => id))).to.deep.equal([]);
        expect(repeated(dashboard.panels.map(({ title }) => title))).to.deep.equal([]);
      });

      it('has no two panels in one place, none beyond the edge, and no hole in a line', () => {
        const taken = dashboard.panels.flatMap(cells);
        expect(repeated(taken)).to.deep.equal([]);
        expect(dashboard.panels.filter(({ gridPos: { x, w } }) => x + w > 24)).to.deep.equal([]);
        const lines = new Set(taken.map((cell) => cell.split('/')[1]));
        expect(taken).to.have.length(24 * lines.size);
      });

      it('gives every panel a unit that Grafana knows', () => {
        const known = new Set(Object.values(units).map(String));
        const used = panelsOf(dashboard).flatMap(({ fieldConfig: { defaults, overrides } }) => [
          defaults.unit,
          ...overrides.flatMap(({ properties }) =>
            properties.filter(({ id }) => id === 'unit').map(({ value }) => String(value)),
          ),
        ]);
        expect(used.filter((unit) => !known.has(unit))).to.deep.equal([]);
      });

      it('asks in PromQL for metrics and labels that the program has', () => {
        const recorded = recordings.map(({ record }) => [record, ['job', 'cluster']] as const);
        const known = new Map([...knownSeries(), ...recorded]);
        for (const { title, targets } of panelsOf(dashboard))
          for (const { expr } of targets) expect(faults(expr, known), `${title}: ${expr}`).to.deep.equal([]);
      });

      it('marks alerts and what else happened by what there is', () => {
        const names = dashboard.annotations.list.map(({ name }) => name);
        expect(names).to.include('Alerts');
        expect(repeated(names)).to.deep.equal([]);
        for (const { name, expr } of dashboard.annotations.list)
          expect(faults(expr, knownSeries()), `${name}: ${expr}`).to.deep.equal([]);
      });

      it('leads to dashboards that there are', () => {
        const uids = files.map(([file]) => read(file).uid);
        const text = JSON.stringify(dashboard);
        for (const [, uid] of text.matchAll(/"\/d\/([a-z-]+)\?/g)) expect(uids).to.include(uid);
      });

      it('asks for the job and the cluster that are picked, wherever it asks', () => {
        for (const { title, targets } of panelsOf(dashboard))
          for (const { expr } of targets)
            for (const { metric, labels } of parsed(withoutVariables(expr)).selectors.filter(
              ({ metric }) => metric !== 'ALERTS',
            ))
              expect(labels, `${title}: ${metric}`).to.include.members(['job', 'cluster']);
      });

      it('has every variable that it uses, and uses every one that it has', () => {
        const text =
          JSON.stringify([dashboard.panels, dashboard.annotations]) +
          dashboard.templating.list.map(({ query }) => query).join();
        const used = [...text.matchAll(/\$\{?([a-z]+)\b/g)].map(([, name]) => name);
        expect([...new Set(used)]).to.have.members(dashboard.templating.list.map(({ name }) => name));
      });
    });
  }
});
