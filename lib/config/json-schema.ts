import * as z from 'zod';
import { settings } from './configuration.ts';
import { fileKinds } from './configuration-file.ts';
import { settingPaths } from './file-fields.ts';
import type { FileSetting } from './file-fields.ts';
import { allFlags } from './flags.ts';
import { unusedFields } from './unused-fields.ts';

/** A schema of JSON Schema, draft 2020-12. */
export type JsonSchema = Readonly<Record<string, unknown>>;

/** A schema of an object that is being put together. */
interface ObjectSchema {
  readonly type: readonly ['object', 'null'];
  readonly additionalProperties: false;
  readonly properties: Record<string, unknown>;
  readonly [keyword: string]: unknown;
}

/** The JSON Schema of KubeIpvsConfiguration, made of the settings themselves. */
export function configurationJsonSchema(): JsonSchema {
  const schema = objectSchema();
  const own = z.toJSONSchema(settings, { io: 'input', unrepresentable: 'any' }).properties ?? {};
  for (const [setting, path] of Object.entries(settingPaths) as [FileSetting, string][]) {
    const description = allFlags.find(({ field }) => field === setting)?.help;
    place(schema, path.split('.'), { description, ...nullable(own[setting] as JsonSchema) });
  }
  for (const [path, reason] of unusedFields) {
    place(schema, path.split('.'), { description: `without effect: ${reason}` });
  }
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: 'KubeIpvsConfiguration',
    ...schema,
    type: 'object',
    required: ['apiVersion', 'kind'],
    properties: {
      apiVersion: { const: fileKinds.KubeIpvsConfiguration },
      kind: { const: 'KubeIpvsConfiguration' },
      ...schema.properties,
    },
  };
}

/** Nothing and an empty text stand for the default. */
function nullable({ type, enum: names, ...others }: JsonSchema): JsonSchema {
  const list = Array.isArray(names) ? { enum: [...(names as unknown[]), '', null] } : {};
  return { type: [type, 'null'], ...list, ...others };
}

function objectSchema(): ObjectSchema {
  return { type: ['object', 'null'], additionalProperties: false, properties: {} };
}

function place(
  { properties }: ObjectSchema,
  [name = '', ...within]: readonly string[],
  schema: JsonSchema,
): void {
  if (within.length === 0) {
    properties[name] = schema;
    return;
  }
  properties[name] ??= objectSchema();
  place(properties[name] as ObjectSchema, within, schema);
}
