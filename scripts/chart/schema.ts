import { fileKinds } from '../../lib/config/configuration-file.ts';
import { ownSettings, settingPaths } from '../../lib/config/file-fields.ts';
import { configurationJsonSchema } from '../../lib/config/json-schema.ts';
import type { ChartValue } from './values.ts';

/** A schema of JSON Schema, draft-07: what Helm reads. */
type Schema = Readonly<Record<string, unknown>>;

const text: Schema = { type: 'string' };
const flag: Schema = { type: 'boolean' };
const map: Schema = { type: 'object' };
const texts: Schema = { type: 'object', additionalProperties: { type: 'string' } };
const maps: Schema = { type: 'array', items: { type: 'object' } };
const probe: Schema = { type: ['object', 'null'] };
const port: Schema = { type: 'integer', minimum: 1, maximum: 65_535 };
const name: Schema = { type: 'string', maxLength: 63, pattern: '^([a-z0-9]([-a-z0-9.]*[a-z0-9])?)?$' };

/** A duration as Prometheus reads it, or nothing. */
const duration = '^([0-9]+(ms|s|m|h|d|w|y))*$';

const monitor: Readonly<Record<string, Schema>> = {
  enabled: flag,
  namespace: name,
  labels: texts,
  annotations: texts,
  interval: { type: 'string', pattern: duration },
  scrapeTimeout: { type: 'string', pattern: duration },
  scheme: { enum: ['http', 'https'] },
  tlsConfig: map,
  authorization: map,
  relabelings: maps,
  metricRelabelings: maps,
};

/** What may stand for each value of the chart but `config`, whose schema the program has. */
const forms: Readonly<Record<string, Schema>> = {
  // A URL, or a port behind it, would be taken for a part of the name.
  k8sServiceHost: { type: 'string', pattern: '^([A-Za-z0-9.-]*|[0-9A-Fa-f:.]+)$' },
  k8sServicePort: port,
  // A tag, a digest or a protocol in it would not be what it looks like.
  'image.repository': { type: 'string', pattern: '^([^\\s@/]+/)*[^\\s@/:]+$' },
  'image.tag': { type: 'string', pattern: '^([\\w][\\w.-]{0,127})?$' },
  'image.digest': { type: 'string', pattern: '^(sha256:[0-9a-f]{64})?$' },
  'image.pullPolicy': { enum: ['Always', 'IfNotPresent', 'Never'] },
  imagePullSecrets: {
    type: 'array',
    items: { type: 'object', additionalProperties: false, required: ['name'], properties: { name: text } },
  },
  nameOverride: name,
  fullnameOverride: name,
  commonLabels: texts,
  commonAnnotations: texts,
  'serviceAccount.create': flag,
  'serviceAccount.name': text,
  'serviceAccount.annotations': texts,
  'rbac.create': flag,
  mountProcSysNet: flag,
  'init.enabled': flag,
  'init.securityContext': map,
  'init.resources': map,
  securityContext: map,
  podSecurityContext: map,
  resources: map,
  startupProbe: probe,
  livenessProbe: probe,
  readinessProbe: probe,
  extraArgs: { type: 'array', items: { type: 'string', pattern: '^-' } },
  extraEnv: maps,
  extraVolumes: maps,
  extraVolumeMounts: maps,
  extraInitContainers: maps,
  extraContainers: maps,
  updateStrategy: {
    type: 'object',
    additionalProperties: false,
    properties: {
      type: { enum: ['RollingUpdate', 'OnDelete'] },
      rollingUpdate: {
        type: ['object', 'null'],
        additionalProperties: false,
        properties: {
          maxUnavailable: { type: ['integer', 'string'], pattern: '^(100|[1-9][0-9]?)%$', minimum: 1 },
        },
      },
    },
  },
  minReadySeconds: { type: 'integer', minimum: 0 },
  priorityClassName: text,
  nodeSelector: { type: 'object', additionalProperties: { type: ['string', 'null'] } },
  tolerations: maps,
  affinity: map,
  podAnnotations: texts,
  podLabels: texts,
  terminationGracePeriodSeconds: { type: 'integer', minimum: 0 },
  'monitoring.job': { type: 'string', minLength: 1, maxLength: 63 },
  'monitoring.port': { type: 'string', maxLength: 15 },
  'monitoring.scrapeAnnotations': flag,
  ...within('monitoring.podMonitor', monitor),
  ...within('monitoring.serviceMonitor', monitor),
  'prometheusRule.enabled': flag,
  'prometheusRule.namespace': name,
  'prometheusRule.labels': texts,
  'prometheusRule.annotations': texts,
  'prometheusRule.runbookUrl': { type: 'string', pattern: '^(https?://\\S+)?$' },
  'prometheusRule.rules': {
    type: 'object',
    additionalProperties: {
      type: ['object', 'null'],
      additionalProperties: false,
      properties: { enabled: flag, for: { type: 'string', pattern: duration }, labels: texts },
    },
  },
  'prometheusRule.extraRules': maps,
  'dashboards.enabled': flag,
  'dashboards.namespace': name,
  'dashboards.label': { type: 'string', minLength: 1 },
  'dashboards.labelValue': { type: 'string', maxLength: 63 },
  'dashboards.folder': text,
  'dashboards.annotations': texts,
};

function within(path: string, schemas: Readonly<Record<string, Schema>>): Record<string, Schema> {
  return Object.fromEntries(Object.entries(schemas).map(([key, schema]) => [`${path}.${key}`, schema]));
}

/**
 * The values.schema.json of the chart. Strict: a name that is no value of the chart is refused.
 *
 * @param values those of values.yaml. Throws where it has others than are known here.
 */
export function chartSchema(values: readonly ChartValue[]): Schema {
  const schema = group();
  for (const { path, description } of values) {
    place(schema, path.split('.'), { description, ...formOf(path) });
  }
  const unused = Object.keys(forms).filter((path) => !values.some((value) => value.path === path));
  if (unused.length > 0) throw new Error(`values.yaml: expected ${unused.join(', ')}, got none`);
  return {
    $schema: 'http://json-schema.org/draft-07/schema#',
    title: 'Values of the chart kube-ipvs',
    ...schema,
    properties: {
      global: { description: 'what Helm hands to every chart', type: 'object' },
      ...schema.properties,
    },
    definitions: {
      KubeIpvsConfiguration: ownConfiguration(),
      KubeProxyConfiguration: kubeProxyConfiguration(),
    },
  };
}

function formOf(path: string): Schema {
  const form = path === 'config' ? configuration : forms[path];
  if (form === undefined)
    throw new Error(`values.yaml: ${path}: expected a form of it in scripts/chart/schema.ts, got none`);
  return form;
}

interface Group {
  readonly type: 'object';
  readonly additionalProperties: false;
  readonly properties: Record<string, unknown>;
}

function group(): Group {
  return { type: 'object', additionalProperties: false, properties: {} };
}

function place({ properties }: Group, [key = '', ...deeper]: readonly string[], schema: Schema): void {
  if (deeper.length === 0) {
    properties[key] = schema;
    return;
  }
  properties[key] ??= group();
  place(properties[key] as Group, deeper, schema);
}

/** One kind is tried, the one that the value names, so that a message tells of one field and not of each kind. */
const configuration: Schema = {
  type: ['object', 'string', 'null'],
  if: { type: 'object', required: ['kind'], properties: { kind: { const: 'KubeProxyConfiguration' } } },
  then: { $ref: '#/definitions/KubeProxyConfiguration' },
  else: {
    if: { type: 'object', minProperties: 1 },
    then: { $ref: '#/definitions/KubeIpvsConfiguration' },
  },
};

/** A duration as `parseDuration` reads it, or nothing. */
export const durationPattern = '^\\s*(0|(([0-9]+\\.?[0-9]*|\\.[0-9]+)(ns|us|µs|μs|ms|s|m|h))+)?\\s*$';

/** The program's own schema. Helm knows no format, so what a duration looks like is told in full. */
function ownConfiguration(): Schema {
  const schema = Object.entries(configurationJsonSchema()).filter(([keyword]) => keyword !== '$schema');
  return mapSchemas(Object.fromEntries(schema), (one) =>
    one['format'] === 'go-duration' ? { ...one, pattern: durationPattern } : one,
  );
}

/** The same for kube-proxy's kind: fields that only kube-ipvs has are unknown there, and unknown ones are no error. */
function kubeProxyConfiguration(): Schema {
  const own = ownConfiguration();
  const properties = { ...(own['properties'] as Record<string, Schema>) };
  for (const setting of ownSettings) remove(properties, settingPaths[setting].split('.'));
  properties['apiVersion'] = { const: fileKinds.KubeProxyConfiguration };
  properties['kind'] = { const: 'KubeProxyConfiguration' };
  const loose = mapSchemas({ ...own, properties }, (one) =>
    one['additionalProperties'] === false ? { ...one, additionalProperties: true } : one,
  );
  return { ...loose, title: 'KubeProxyConfiguration' };
}

function remove(properties: Record<string, Schema>, [key = '', ...deeper]: readonly string[]): void {
  if (deeper.length === 0) {
    // eslint-disable-next-line @typescript-eslint/no-dynamic-delete -- a JSON object that this module has made
    delete properties[key];
    return;
  }
  const nested = { ...(properties[key]?.['properties'] as Record<string, Schema>) };
  remove(nested, deeper);
  properties[key] = { ...properties[key], properties: nested };
}

/** Applies a change to a schema and to each schema of its properties, the inner ones first. */
function mapSchemas(schema: Schema, change: (schema: Schema) => Schema): Schema {
  const properties = schema['properties'] as Record<string, Schema> | undefined;
  if (properties === undefined) return change(schema);
  const mapped = Object.entries(properties).map(([key, one]) => [key, mapSchemas(one, change)]);
  return change({ ...schema, properties: Object.fromEntries(mapped) as Schema });
}
