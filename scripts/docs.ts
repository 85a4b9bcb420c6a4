/** Rewrites the pages that are made from the code. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { format } from 'prettier';
import { configurationJsonSchema } from '../lib/config/json-schema.ts';
import { rulesFile, rulesPath } from './alerts/rules-file.ts';
import { runbookIndex } from './alerts/runbook-index.ts';
import { annotationsReference } from './annotations-reference.ts';
import { chartReadme } from './chart/readme.ts';
import { chartSchema } from './chart/schema.ts';
import { chartFolder, chartValues } from './chart/values.ts';
import { cliReference } from './cli-reference.ts';
import { configurationReference } from './configuration-reference.ts';
import { dashboards } from './dashboards/dashboards.ts';
import { doctorReference } from './doctor-reference.ts';
import { metricsReference } from './metrics-reference.ts';

/** JSON as prettier wants it. */
function formatted(value: unknown): Promise<string> {
  return format(JSON.stringify(value), { parser: 'json', printWidth: 110 });
}

const values = chartValues();
const boards = Object.entries(dashboards()).map(
  async ([path, dashboard]) => [path, await formatted(dashboard)] as const,
);
const pages = {
  'docs/annotations.md': annotationsReference(),
  'docs/metrics.md': metricsReference(),
  'docs/runbooks/README.md': runbookIndex(),
  'docs/reference/cli.md': cliReference(),
  'docs/reference/configuration.md': configurationReference(),
  'docs/reference/doctor.md': doctorReference(),
  'docs/reference/configuration.schema.json': await formatted(configurationJsonSchema()),
  [`${chartFolder}/README.md`]: chartReadme(values),
  [`${chartFolder}/values.schema.json`]: await formatted(chartSchema(values)),
  ...Object.fromEntries(await Promise.all(boards)),
  [rulesPath]: await format(rulesFile(), { parser: 'yaml', singleQuote: true, printWidth: 110 }),
};
for (const [page, text] of Object.entries(pages)) {
  mkdirSync(dirname(page), { recursive: true });
  writeFileSync(page, text);
  console.log(page);
}
