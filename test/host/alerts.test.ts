import { expect } from 'chai';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { stringify } from 'yaml';
import type { Alert } from '../../scripts/alerts/rule.ts';
import { runbook } from '../../scripts/alerts/rule.ts';
import { alerts, rulesPath } from '../../scripts/alerts/rules-file.ts';
import { promtool } from '../prometheus/programs.ts';
import type { ExpectedAlert, Situation } from '../prometheus/situations.ts';
import { healthy, situations } from '../prometheus/situations.ts';

const names = [...new Set(alerts.map(({ name }) => name))];

/** The rule that makes an alert of a situation. */
function ruleOf({ name, severity }: ExpectedAlert): Alert {
  const rule = alerts.find((one) => one.name === name && one.severity === severity);
  if (rule === undefined) throw new Error(`there is no alert ${name} of the severity ${severity}`);
  return rule;
}

/** What Prometheus makes of a template for an alert. */
function filledIn(template: string, { labels, value = '' }: ExpectedAlert): string {
  return template
    .replaceAll(/\{\{ \$labels\.(\w+) \}\}/g, (_, label: string) => labels[label] ?? '')
    .replaceAll(/\{\{[^}]*\$value[^}]*\}\}/g, value);
}

function told(alert: ExpectedAlert): object {
  const { summary, description } = ruleOf(alert);
  return {
    exp_labels: { severity: alert.severity, ...alert.labels },
    exp_annotations: { summary, description: filledIn(description, alert), runbook_url: runbook(alert.name) },
  };
}

/** That of all alerts exactly one fires at a minute, or none. */
function checksAt(minute: number, alert?: ExpectedAlert): object[] {
  return names.map((alertname) => ({
    eval_time: `${minute}m`,
    alertname,
    exp_alerts: alert?.name === alertname ? [told(alert)] : [],
  }));
}

/** A test of promtool's. */
function unitTest(name: string, changes: Situation['changes'], checks: readonly object[]): object {
  const series = Object.entries({ ...healthy, ...changes });
  return {
    ...{ name, interval: '1m', alert_rule_test: checks },
    input_series: series.map(([series, values]) => ({ series, values })),
  };
}

/** A situation as one: nothing fires before it, nothing at first, and then its alert. */
function playing({ title, changes, alert, silent, fires }: Situation): object {
  return unitTest(title, changes, [...checksAt(59), ...checksAt(silent), ...checksAt(fires, alert)]);
}

describe('the alerts', function () {
  this.timeout(120_000);
  let folder: string;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'alerts-'));
  });

  after(async () => {
    await rm(folder, { recursive: true });
  });

  /** Has promtool run tests; what it finds wrong, or nothing. */
  async function failures(...tests: readonly object[]): Promise<string> {
    const path = join(folder, 'tests.yaml');
    const file = {
      rule_files: [resolve(rulesPath)],
      evaluation_interval: '1m',
      // Left alone, promtool evaluates groups in another order each time.
      group_eval_order: ['kube-ipvs.recordings', 'kube-ipvs.alerts'],
      tests,
    };
    await writeFile(path, stringify(file));
    const { code, told } = await promtool('test', 'rules', path);
    return code === 0 ? '' : told;
  }

  it('are rules that Prometheus takes', async () => {
    const { code, told } = await promtool('check', 'rules', rulesPath);
    expect(code, told).to.equal(0);
  });

  it('are silent for eight hours on a node that is well', async () => {
    const hours = [1, 2, 4, 6, 8].flatMap((hour) => checksAt(60 * hour - 1));
    expect(await failures(unitTest('well', {}, hours))).to.equal('');
  });

  it('each fire in their situation after their time, alone and in words that say where, and in no other', async () => {
    const provoked = situations.flatMap(({ alert }) => (alert === undefined ? [] : [ruleOf(alert)]));
    expect(new Set(provoked)).to.deep.equal(new Set(alerts));
    expect(await failures(...situations.map(playing))).to.equal('');
  });

  it('would be missed here where one fires too early, or not at all', async () => {
    const [down] = situations as [Situation];
    expect(await failures(playing({ ...down, silent: 65 }))).to.include('KubeIpvsDown');
    expect(await failures(playing({ ...down, fires: 64 }))).to.include('KubeIpvsDown');
  });
});
