/** Rewrites the pages that are made from the code. */
import { writeFileSync } from 'node:fs';
import { format } from 'prettier';
import { configurationJsonSchema } from '../lib/config/json-schema.ts';
import { annotationsReference } from './annotations-reference.ts';
import { chartReadme } from './chart/readme.ts';
import { chartSchema } from './chart/schema.ts';
import { chartFolder, chartValues } from './chart/values.ts';
import { cliReference } from './cli-reference.ts';
import { configurationReference } from './configuration-reference.ts';
import { metricsReference } from './metrics-reference.ts';

/** JSON as prettier wants it. */
function formatted(value: unknown): Promise<string> {
  return format(JSON.stringify(value), { parser: 'json', printWidth: 110 });
}

const values = chartValues();
const pages = {
  'docs/annotations.md': annotationsReference(),
  'docs/metrics.md': metricsReference(),
  'docs/reference/cli.md': cliReference(),
  'docs/reference/configuration.md': configurationReference(),
  'docs/reference/configuration.schema.json': await formatted(configurationJsonSchema()),
  [`${chartFolder}/README.md`]: chartReadme(values),
  [`${chartFolder}/values.schema.json`]: await formatted(chartSchema(values)),
};
for (const [page, text] of Object.entries(pages)) {
  writeFileSync(page, text);
  console.log(page);
}
