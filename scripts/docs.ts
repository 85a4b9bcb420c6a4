/** Rewrites the pages that are made from the code. */
import { writeFileSync } from 'node:fs';
import { format } from 'prettier';
import { configurationJsonSchema } from '../lib/config/json-schema.ts';
import { annotationsReference } from './annotations-reference.ts';
import { cliReference } from './cli-reference.ts';
import { configurationReference } from './configuration-reference.ts';
import { metricsReference } from './metrics-reference.ts';

const pages = {
  'docs/annotations.md': annotationsReference(),
  'docs/metrics.md': metricsReference(),
  'docs/reference/cli.md': cliReference(),
  'docs/reference/configuration.md': configurationReference(),
  'docs/reference/configuration.schema.json': await format(JSON.stringify(configurationJsonSchema()), {
    parser: 'json',
    printWidth: 110,
  }),
};
for (const [page, text] of Object.entries(pages)) {
  writeFileSync(page, text);
  console.log(page);
}
