import { z } from 'zod';

/** The classic model of a dashboard (Grafana's kinds/dashboard), as far as ours go: nothing else may be in it. */

const dataSource = z.strictObject({ type: z.literal('prometheus'), uid: z.literal('${datasource}') });

const place = z.strictObject({
  x: z.int().min(0).max(23),
  y: z.int().min(0),
  w: z.int().min(1).max(24),
  h: z.int().min(1),
});

const target = z.strictObject({
  refId: z.string().regex(/^[A-Z]$/),
  datasource: dataSource,
  expr: z.string().min(1),
  legendFormat: z.string(),
  instant: z.boolean().optional(),
  range: z.boolean().optional(),
  format: z.enum(['time_series', 'table', 'heatmap']).optional(),
});

const step = z.strictObject({ value: z.number().nullable(), color: z.string() });

const mapping = z.strictObject({
  type: z.literal('value'),
  options: z.record(
    z.string(),
    z.strictObject({ text: z.string(), color: z.string(), index: z.int().min(0) }),
  ),
});

const fieldConfig = z.strictObject({
  defaults: z.strictObject({
    unit: z.string(),
    min: z.number().optional(),
    max: z.number().optional(),
    noValue: z.string().min(1).optional(),
    mappings: z.array(mapping).optional(),
    thresholds: z.strictObject({ mode: z.literal('absolute'), steps: z.array(step).min(1) }).optional(),
    custom: z.record(z.string(), z.unknown()).optional(),
  }),
  overrides: z.array(
    z.strictObject({
      matcher: z.strictObject({ id: z.literal('byName'), options: z.string() }),
      properties: z.array(z.strictObject({ id: z.string(), value: z.unknown() })),
    }),
  ),
});

const panel = z.strictObject({
  type: z.enum(['timeseries', 'stat', 'table']),
  id: z.int().positive(),
  title: z.string().min(1),
  description: z.string().min(20),
  transparent: z.literal(false),
  repeatDirection: z.enum(['h', 'v']),
  datasource: dataSource,
  gridPos: place,
  targets: z.array(target).min(1),
  transformations: z.array(z.strictObject({ id: z.string(), options: z.object({}).loose() })).optional(),
  options: z.record(z.string(), z.unknown()),
  fieldConfig,
});

const row = z.strictObject({
  type: z.literal('row'),
  id: z.int().positive(),
  title: z.string().min(1),
  collapsed: z.literal(false),
  panels: z.tuple([]),
  gridPos: place,
});

const variable = z.strictObject({
  type: z.enum(['datasource', 'query']),
  name: z.string().regex(/^\w+$/),
  label: z.string().min(1),
  skipUrlSync: z.literal(false),
  query: z.string(),
  datasource: dataSource.optional(),
  current: z
    .strictObject({
      selected: z.boolean(),
      text: z.union([z.string(), z.array(z.string())]),
      value: z.union([z.string(), z.array(z.string())]),
    })
    .optional(),
  multi: z.boolean(),
  allowCustomValue: z.boolean(),
  refresh: z.int().min(0).max(2).optional(),
  sort: z.int().min(0).max(8).optional(),
  includeAll: z.boolean(),
  allValue: z.string().optional(),
  regex: z.string().optional(),
  options: z.tuple([]).optional(),
  auto: z.literal(false),
  auto_min: z.string(),
  auto_count: z.int(),
});

const annotation = z.strictObject({
  name: z.string().min(1),
  datasource: dataSource,
  enable: z.literal(true),
  iconColor: z.string(),
  expr: z.string().min(1),
  tagKeys: z.string(),
  titleFormat: z.string().min(1),
  textFormat: z.string().optional(),
  step: z.string().optional(),
  useValueForTime: z.boolean().optional(),
  hide: z.literal(false),
  builtIn: z.literal(0),
});

const link = z.strictObject({
  title: z.string(),
  type: z.literal('dashboards'),
  icon: z.string(),
  tooltip: z.string(),
  tags: z.array(z.string()).min(1),
  asDropdown: z.boolean(),
  targetBlank: z.boolean(),
  includeVars: z.literal(true),
  keepTime: z.literal(true),
});

/** A whole dashboard. Without `id`: Grafana gives one when it imports it. */
export const classicDashboard = z.strictObject({
  uid: z.string().regex(/^[a-z-]{8,40}$/),
  title: z.string().min(1),
  description: z.string().min(20),
  tags: z.array(z.string()),
  timezone: z.literal('browser'),
  editable: z.literal(false),
  graphTooltip: z.int().min(0).max(2),
  time: z.strictObject({ from: z.string(), to: z.literal('now') }),
  fiscalYearStartMonth: z.literal(0),
  refresh: z.string(),
  schemaVersion: z.int().min(36),
  panels: z.array(z.discriminatedUnion('type', [row, panel])),
  templating: z.strictObject({ list: z.array(variable) }),
  annotations: z.strictObject({ list: z.array(annotation).min(1) }),
  links: z.array(link),
});

/** A dashboard as it stands in its file. */
export type ClassicDashboard = z.infer<typeof classicDashboard>;
/** A panel of one that shows something. */
export type ClassicPanel = z.infer<typeof panel>;
