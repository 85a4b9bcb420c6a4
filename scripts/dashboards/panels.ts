import type { Builder } from '@grafana/grafana-foundation-sdk/cog';
import {
  BigValueColorMode,
  BigValueGraphMode,
  GraphDrawStyle,
  GraphThresholdsStyleConfigBuilder,
  GraphThresholdsStyleMode,
  LegendDisplayMode,
  LegendPlacement,
  ReduceDataOptionsBuilder,
  SortOrder,
  StackingConfigBuilder,
  StackingMode,
  TableSortByFieldStateBuilder,
  TooltipDisplayMode,
  VizLegendOptionsBuilder,
  VizTooltipOptionsBuilder,
} from '@grafana/grafana-foundation-sdk/common';
import type {
  DynamicConfigValue,
  Panel,
  Threshold,
  ValueMapping,
} from '@grafana/grafana-foundation-sdk/dashboard';
import {
  MappingType,
  ThresholdsConfigBuilder,
  ThresholdsMode,
} from '@grafana/grafana-foundation-sdk/dashboard';
import { DataqueryBuilder, PromQueryFormat } from '@grafana/grafana-foundation-sdk/prometheus';
import { PanelBuilder as StatBuilder } from '@grafana/grafana-foundation-sdk/stat';
import { PanelBuilder as TableBuilder } from '@grafana/grafana-foundation-sdk/table';
import { PanelBuilder as TimeseriesBuilder } from '@grafana/grafana-foundation-sdk/timeseries';

/** Where every panel's data comes from: what the dashboard's first variable says. */
export const datasource = { type: 'prometheus', uid: '${datasource}' } as const;

/** An expression, and how a series of its result is called: `{{instance}}`. */
export type Query = readonly [expression: string, legend: string];

/** What every panel has. */
export interface PanelParts {
  readonly title: string;
  /** What it shows, and what is to be thought of it. */
  readonly description: string;
  /** As Grafana names it (`units` of the SDK). */
  readonly unit: string;
  /** Columns of the 24 that there are. */
  readonly width: number;
  readonly queries: readonly Query[];
  /** What it says where there is nothing to show, which is no fault: `no changes`. */
  readonly none?: string;
}

/** Values from which on a colour says that something is odd. */
export interface Limits {
  readonly odd?: number;
  readonly wrong?: number;
}

/** A panel with curves over time. */
export interface GraphParts extends PanelParts, Limits {
  /** The curves add up to something: they are drawn on top of each other. */
  readonly stacked?: boolean;
  /** What the axis ends with, where that is known. */
  readonly max?: number;
}

/** A panel with the newest number alone. */
export interface StatParts extends PanelParts, Limits {
  /** It is odd, or wrong, below the limits and not above. */
  readonly lowIsOdd?: boolean;
  /** It is 1 or 0, and that means yes, or no, which is wrong. */
  readonly isYesOrNo?: boolean;
}

/** Rows of the grid that graphs and tables, and numbers, are high. */
const heights = { graph: 8, stat: 4 } as const;

const colours = { good: 'green', odd: 'orange', wrong: 'red' } as const;

function target([expression, legend]: Query, index: number): DataqueryBuilder {
  return new DataqueryBuilder()
    .refId(String.fromCharCode('A'.charCodeAt(0) + index))
    .datasource(datasource)
    .expr(expression)
    .legendFormat(legend);
}

/** 1 as a good yes, 0 as a no that is wrong. */
function yesOrNo(): ValueMapping[] {
  const options = {
    '0': { text: 'no', color: colours.wrong, index: 0 },
    '1': { text: 'yes', color: colours.good, index: 1 },
  };
  return [{ type: MappingType.ValueToText, options }];
}

function thresholds(steps: Threshold[]): ThresholdsConfigBuilder {
  return new ThresholdsConfigBuilder().mode(ThresholdsMode.Absolute).steps(steps);
}

/** Steps of colour for numbers of which large ones are odd. */
function rising({ odd, wrong }: Limits): Threshold[] {
  return [
    { value: null, color: colours.good },
    ...(odd === undefined ? [] : [{ value: odd, color: colours.odd }]),
    ...(wrong === undefined ? [] : [{ value: wrong, color: colours.wrong }]),
  ];
}

/** The same where small ones are. */
function falling({ odd, wrong }: Limits): Threshold[] {
  return [
    { value: null, color: wrong === undefined ? colours.odd : colours.wrong },
    ...(wrong === undefined ? [] : [{ value: wrong, color: colours.odd }]),
    ...(odd === undefined ? [] : [{ value: odd, color: colours.good }]),
  ];
}

/** Curves over time, with the newest value of each in the legend. */
export function graph(parts: GraphParts): Builder<Panel> {
  const { title, description, unit, width, queries, stacked = false, max, odd, wrong } = parts;
  const builder = new TimeseriesBuilder()
    .title(title)
    .description(description)
    .datasource(datasource)
    .unit(unit)
    .min(0)
    .span(width)
    .height(heights.graph)
    .drawStyle(GraphDrawStyle.Line)
    .fillOpacity(stacked ? 40 : 8)
    .legend(
      new VizLegendOptionsBuilder()
        .displayMode(LegendDisplayMode.Table)
        .placement(LegendPlacement.Bottom)
        .showLegend(true)
        .calcs(['lastNotNull', 'max'])
        .sortBy('Max')
        .sortDesc(true),
    )
    .tooltip(new VizTooltipOptionsBuilder().mode(TooltipDisplayMode.Multi).sort(SortOrder.Descending))
    .targets(queries.map((query, index) => target(query, index).range()));
  if (parts.none !== undefined) builder.noValue(parts.none);
  if (max !== undefined) builder.max(max);
  if (stacked) builder.stacking(new StackingConfigBuilder().mode(StackingMode.Normal).group('A'));
  if (odd !== undefined || wrong !== undefined)
    builder
      .thresholds(thresholds(rising({ ...parts })))
      .thresholdsStyle(new GraphThresholdsStyleConfigBuilder().mode(GraphThresholdsStyleMode.Dashed));
  return builder;
}

/** One number, or one for each series, coloured by its limits. */
export function stat(parts: StatParts): Builder<Panel> {
  const { title, description, unit, width, queries, lowIsOdd = false, isYesOrNo = false } = parts;
  const builder = new StatBuilder()
    .title(title)
    .description(description)
    .datasource(datasource)
    .unit(unit)
    .span(width)
    .height(heights.stat)
    .colorMode(BigValueColorMode.Value)
    .graphMode(BigValueGraphMode.None)
    .reduceOptions(new ReduceDataOptionsBuilder().calcs(['lastNotNull']).values(false))
    .thresholds(thresholds(lowIsOdd ? falling(parts) : rising(parts)))
    .targets(queries.map((query, index) => target(query, index).instant()));
  if (parts.none !== undefined) builder.noValue(parts.none);
  if (isYesOrNo) builder.mappings(yesOrNo());
  return builder;
}

/** A column of a table: its name, and what its cells have otherwise than the table. */
export interface Column {
  readonly name: string;
  readonly unit?: string;
  /** From which value on a cell is red. */
  readonly wrong?: number;
  /** Its values are 1 or 0, and that means yes, or no, which is wrong. */
  readonly isYesOrNo?: boolean;
  /** Where a click on a cell leads, and what for. */
  readonly link?: { readonly title: string; readonly url: string };
}

/** What makes the cells of a column other than the table's. */
function cellsOf({ unit, wrong, isYesOrNo = false, link }: Column): DynamicConfigValue[] {
  const isColoured = wrong !== undefined || isYesOrNo;
  return [
    ...(unit === undefined ? [] : [{ id: 'unit', value: unit }]),
    ...(wrong === undefined
      ? []
      : [{ id: 'thresholds', value: { mode: ThresholdsMode.Absolute, steps: rising({ wrong }) } }]),
    ...(isYesOrNo ? [{ id: 'mappings', value: yesOrNo() }] : []),
    ...(isColoured ? [{ id: 'custom.cellOptions', value: { type: 'color-text' } }] : []),
    ...(link === undefined ? [] : [{ id: 'links', value: [link] }]),
  ];
}

/** A table of what several expressions say of the same things: results whose labels do not contradict each other are one line. */
export interface TableParts extends PanelParts {
  /** Columns from left to right, by label or, for the value of the n-th query, `Value #A`, `Value #B`, …; no others are shown. */
  readonly columns: Readonly<Record<string, Column>>;
  /** The name of the column that it is sorted by, largest first. */
  readonly sortedBy?: string;
}

/** A table, a line for each series. */
export function table(parts: TableParts): Builder<Panel> {
  const { title, description, unit, width, queries, columns, sortedBy } = parts;
  const builder = new TableBuilder()
    .title(title)
    .description(description)
    .datasource(datasource)
    .unit(unit)
    .span(width)
    .height(heights.graph)
    .filterable(true)
    .targets(queries.map((query, index) => target(query, index).instant().format(PromQueryFormat.Table)))
    .withTransformation({ id: 'merge', options: {} })
    .withTransformation({ id: 'filterFieldsByName', options: { include: { names: Object.keys(columns) } } })
    .withTransformation({
      id: 'organize',
      options: {
        excludeByName: {},
        indexByName: Object.fromEntries(Object.keys(columns).map((name, index) => [name, index])),
        renameByName: Object.fromEntries(Object.entries(columns).map(([from, { name }]) => [from, name])),
      },
    });
  if (parts.none !== undefined) builder.noValue(parts.none);
  for (const column of Object.values(columns)) {
    const cells = cellsOf(column);
    if (cells.length > 0) builder.overrideByName(column.name, cells);
  }
  if (sortedBy !== undefined)
    builder.sortBy([new TableSortByFieldStateBuilder().displayName(sortedBy).desc(true)]);
  return builder;
}
