import { cp, mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { parse } from 'yaml';
import { chartFolder } from '../../scripts/chart/values.ts';
import { Helm } from '../kube/helm.ts';
import { at, type KubernetesObject, one, rendered, server, template } from './chart-template.ts';

interface Rule {
  readonly alert?: string;
  readonly record?: string;
  readonly expr: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
}

interface Group {
  readonly name: string;
  readonly rules: readonly Rule[];
}

const rulesFile = 'alerts/kube-ipvs.rules.yaml';

/** Rules of which it is known what becomes of them. */
const rules = `groups:
  - name: one
    interval: 1m
    rules:
      - record: instance:a:rate5m
        expr: rate(a{job="kube-proxy"}[5m])
      - alert: First
        expr: up{job="kube-proxy"} == 0
        for: 15m
        labels: { severity: warning, team: network }
        annotations:
          description: 'Of {{ $labels.instance }} {{ printf "%.1f" $value }} is left.'
  - name: two
    rules:
      - alert: Second
        expr: 'vector(1)'
`;

const dashboard = JSON.stringify(
  { title: 'Node', panels: [{ legend: '{{instance}}', text: 'a\nb "c"' }] },
  null,
  2,
);

describe('the alerts and dashboards of the chart', () => {
  let helm: Helm;
  let folder: string;

  before(async () => {
    helm = await Helm.open();
    folder = await mkdtemp(join(tmpdir(), 'chart-'));
    await cp(chartFolder, folder, { recursive: true });
    await writeFile(join(folder, rulesFile), rules);
    await rm(join(folder, 'dashboards'), { recursive: true, force: true });
    await mkdir(join(folder, 'dashboards'));
    await writeFile(join(folder, 'dashboards/kube-ipvs-node.json'), `${dashboard}\n`);
  });

  after(async () => {
    await helm.close();
    await rm(folder, { recursive: true });
  });

  /** What is rendered of the chart with the rules and the dashboard above. */
  function render(...values: readonly string[]): Promise<readonly KubernetesObject[]> {
    return rendered(helm, [...server, ...values.flatMap((value) => ['--set', value])], folder);
  }

  function groupsOf(objects: readonly KubernetesObject[]): readonly Group[] {
    return at(one(objects, 'PrometheusRule'), 'spec', 'groups') as readonly Group[];
  }

  it('are not there unless they are asked for', async () => {
    const objects = await render();
    expect(objects.map(({ kind }) => kind)).not.to.include('PrometheusRule');
    expect(objects.filter(({ kind }) => kind === 'ConfigMap')).to.have.length(1);
  });

  describe('as a PrometheusRule', () => {
    it('are the rules of the file, templates and all', async () => {
      const objects = await render('prometheusRule.enabled=true');
      expect(groupsOf(objects)).to.deep.equal((parse(rules) as { groups: Group[] }).groups);
    });

    it('are left out, wait and are labelled one by one as the values say', async () => {
      const [first, ...others] = groupsOf(
        await render(
          'prometheusRule.enabled=true',
          'prometheusRule.rules.Second.enabled=false',
          'prometheusRule.rules.First.for=1h,prometheusRule.rules.First.labels.severity=page',
        ),
      );
      expect(others, 'a group without rules').to.deep.equal([]);
      expect(first?.rules.find(({ alert }) => alert === 'First')).to.deep.include({
        for: '1h',
        labels: { severity: 'page', team: 'network' },
      });
    });

    it('lead to their runbooks where it is said where these are', async () => {
      const groups = groupsOf(
        await render('prometheusRule.enabled=true', 'prometheusRule.runbookUrl=https://example.org/a/'),
      );
      const pages = groups.flatMap((group) => group.rules.map((rule) => rule.annotations?.['runbook_url']));
      expect(pages).to.deep.equal([
        undefined,
        'https://example.org/a/First.md',
        'https://example.org/a/Second.md',
      ]);
    });

    it('look at the scrape job that the monitors name', async () => {
      const [group] = groupsOf(await render('prometheusRule.enabled=true', 'monitoring.job=kube-ipvs'));
      expect(group?.rules.map(({ expr }) => expr)).to.deep.equal([
        'rate(a{job="kube-ipvs"}[5m])',
        'up{job="kube-ipvs"} == 0',
      ]);
    });

    it('are followed by rules of the values', async () => {
      const extra = 'prometheusRule.extraRules[0].alert=Own,prometheusRule.extraRules[0].expr=vector(1)';
      const groups = groupsOf(await render('prometheusRule.enabled=true', extra));
      expect(groups.at(-1)).to.deep.equal({
        name: 'kube-ipvs.extra',
        rules: [{ alert: 'Own', expr: 'vector(1)' }],
      });
    });

    it('are refused a change of an alert that there is none of', async () => {
      const args = [...server, '--set', 'prometheusRule.rules.Third.enabled=false'];
      const { code, stderr } = await template(helm, args, '', folder);
      expect(stderr).to.contain(
        'prometheusRule.rules: expected names of alerts, got Third; there are First, Second',
      );
      expect(code).to.equal(1);
    });
  });

  describe('as ConfigMaps', () => {
    it('are labelled for the sidecar of Grafana, and whole', async () => {
      const values = [
        'dashboards.enabled=true',
        'dashboards.namespace=monitoring',
        'dashboards.folder=Network',
      ];
      const map = (await render(...values)).find(
        ({ metadata }) => metadata.name === 'kube-ipvs-dashboard-node',
      );
      expect(map).to.deep.nested.include({
        kind: 'ConfigMap',
        'metadata.namespace': 'monitoring',
        'metadata.labels.grafana_dashboard': '1',
        'metadata.annotations': { grafana_folder: 'Network' },
        data: { 'kube-ipvs-node.json': dashboard },
      });
    });

    it('may be labelled for another', async () => {
      const label = String.raw`dashboards.label=example\.org/dashboard,dashboards.labelValue=yes`;
      const map = (await render('dashboards.enabled=true', label)).find(
        ({ metadata }) => metadata.name === 'kube-ipvs-dashboard-node',
      );
      expect(map?.metadata.labels).to.include({ 'example.org/dashboard': 'yes' });
      expect(map?.metadata.labels).not.to.have.property('grafana_dashboard');
    });
  });

  describe('as they are shipped', () => {
    it('are rendered whole', async () => {
      const values = 'prometheusRule.enabled=true,dashboards.enabled=true';
      const objects = await rendered(helm, [...server, '--set', values]);
      const { groups } = parse(readFileSync(join(chartFolder, rulesFile), 'utf8')) as { groups: Group[] };
      expect(groups.flatMap((group) => group.rules)).not.to.deep.equal([]);
      expect(groupsOf(objects)).to.deep.equal(groups);
      const shipped = (await readdir(chartFolder)).includes('dashboards')
        ? await readdir(join(chartFolder, 'dashboards'))
        : [];
      const maps = objects.filter(({ metadata }) => metadata.name.includes('-dashboard-'));
      expect(maps.flatMap((map) => Object.keys(at(map, 'data') as object))).to.have.members(shipped);
    });
  });
});
