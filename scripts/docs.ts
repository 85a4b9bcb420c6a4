/** Rewrites the pages that are made from the code. */
import { writeFileSync } from 'node:fs';
import { cliReference } from './cli-reference.ts';

writeFileSync('docs/reference/cli.md', cliReference());
console.log('docs/reference/cli.md');
