import type { Builder } from '@grafana/grafana-foundation-sdk/cog';
import type {
  AnnotationQuery,
  Dashboard,
  DashboardLink,
  Panel,
  VariableModel,
} from '@grafana/grafana-foundation-sdk/dashboard';
import {
  AnnotationQueryBuilder,
  DashboardBuilder,
  DashboardCursorSync,
  DashboardLinkBuilder,
  DashboardLinkType,
  DatasourceVariableBuilder,
  QueryVariableBuilder,
  RowBuilder,
  VariableRefresh,
  VariableSort,
} from '@grafana/grafana-foundation-sdk/dashboard';
import { datasource } from './panels.ts';
import { job, series } from './queries.ts';

/** A dashboard in Grafana's classic model, which every Grafana imports and the sidecar of its chart reads. */
// eslint-disable-next-line @typescript-eslint/no-deprecated -- the newer model is for an API of Grafana 12 and later alone.
export type Board = Dashboard;

/** A headline and the panels below it, from left to right; those of one line fill the grid's 24 columns. */
export interface Row {
  readonly title: string;
  readonly panels: readonly Builder<Panel>[];
}

/** What one dashboard is made of. */
export interface BoardParts {
  /** The last part of its uid and of its file's name. */
  readonly name: string;
  readonly title: string;
  readonly description: string;
  /** Variables beside those that every dashboard has: data source, job and cluster. */
  readonly variables?: readonly Builder<VariableModel>[];
  /** What is marked in every graph, beside the alerts that fire. */
  readonly marks?: readonly Builder<AnnotationQuery>[];
  /** Whose alerts are marked: matchers that an alert may meet. */
  readonly alertsOf: string;
  readonly rows: readonly Row[];
}

/** By this tag every dashboard finds the others. */
const tag = 'kube-ipvs';

/** What the name of a label may be: every value that there is, until somebody picks some. */
export function labelVariable(name: string, label: string, query: string): QueryVariableBuilder {
  return (
    new QueryVariableBuilder(name)
      .label(label)
      .datasource(datasource)
      .query(query)
      .refresh(VariableRefresh.OnTimeRangeChanged)
      .sort(VariableSort.AlphabeticalAsc)
      .multi(true)
      .includeAll(true)
      // Matches series without that label too, as where Prometheus knows of one cluster only.
      .allValue('.*')
      .current({ selected: true, text: ['All'], value: ['$__all'] })
  );
}

function commonVariables(): Builder<VariableModel>[] {
  return [
    new DatasourceVariableBuilder('datasource').label('Data source').type('prometheus'),
    new QueryVariableBuilder('job')
      .label('Job')
      .datasource(datasource)
      .query('label_values(kube_ipvs_build_info, job)')
      .refresh(VariableRefresh.OnTimeRangeChanged)
      .sort(VariableSort.AlphabeticalAsc)
      .current({ selected: true, text: job, value: job }),
    labelVariable('cluster', 'Cluster', 'label_values(kube_ipvs_build_info{job="$job"}, cluster)'),
  ];
}

/** Something that happened, as a line through every graph. */
export function mark(name: string, colour: string, expression: string): AnnotationQueryBuilder {
  return new AnnotationQueryBuilder()
    .name(name)
    .datasource(datasource)
    .enable(true)
    .iconColor(colour)
    .expr(expression)
    .tagKeys('instance');
}

/** For as long as one fires. */
function firing(matchers: string): AnnotationQueryBuilder {
  const alerts = series('ALERTS', 'alertname=~"KubeIpvs.*", alertstate="firing"', matchers);
  return mark('Alerts', 'red', alerts)
    .titleFormat('{{alertname}}')
    .textFormat('{{severity}} {{instance}} {{table}}{{resource}}')
    .step('60s');
}

/** A link to each of the other dashboards, which shows what this one does. */
function toTheOthers(): Builder<DashboardLink> {
  return new DashboardLinkBuilder(tag)
    .type(DashboardLinkType.Dashboards)
    .tags([tag])
    .includeVars(true)
    .keepTime(true);
}

/** What stands beside the variables, not in a menu. */
function inSight<Part extends { placement?: unknown }>(builder: Builder<Part>): Builder<Part> {
  const part = builder.build();
  delete part.placement;
  return { build: () => part };
}

/** A dashboard, every panel of which has a number and a place. */
export function board(parts: BoardParts): Board {
  const { name, title, description, variables = [], marks = [], alertsOf, rows } = parts;
  // eslint-disable-next-line @typescript-eslint/no-deprecated -- as above.
  const builder = new DashboardBuilder(`kube-ipvs / ${title}`)
    .uid(`kube-ipvs-${name}`)
    .description(description)
    .tags([tag, 'kubernetes', 'ipvs'])
    .timezone('browser')
    .readonly()
    .refresh('30s')
    .time({ from: 'now-1h', to: 'now' })
    .tooltip(DashboardCursorSync.Crosshair)
    .variables([...commonVariables(), ...variables])
    .annotations([firing(alertsOf), ...marks].map(inSight))
    .link(inSight(toTheOthers()));
  for (const row of rows) {
    builder.withRow(new RowBuilder(row.title));
    for (const panel of row.panels) builder.withPanel(panel);
  }
  return numbered(builder.build());
}

/** Gives panels the numbers by which links and alerts of Grafana know them. */
function numbered(dashboard: Board): Board {
  const panels = (dashboard.panels ?? []).map((panel, index) => ({ ...panel, id: index + 1 }));
  return { ...dashboard, panels };
}
