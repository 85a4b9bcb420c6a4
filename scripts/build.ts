/** Bundles the program into one file, `dist/kube-ipvs.mjs`, that needs Node and the two native packages only. */
import { chmod, readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const root = fileURLToPath(new URL('..', import.meta.url));
const target = `${root}dist/kube-ipvs.mjs`;
const { version } = JSON.parse(await readFile(`${root}package.json`, 'utf8')) as { readonly version: string };

/** Lets the packages in the bundle that are CommonJS load Node's own modules. */
const banner = `#!/usr/bin/env node
import { createRequire as createRequireOfBundle } from 'node:module';
const require = createRequireOfBundle(import.meta.url);`;

await build({
  entryPoints: [`${root}lib/cli/main.ts`],
  outfile: target,
  bundle: true,
  format: 'esm',
  platform: 'node',
  target: 'node22',
  external: ['ffi-napi', 'ref-napi'],
  mainFields: ['module', 'main'],
  banner: { js: banner },
  define: { embeddedVersion: JSON.stringify(version) },
  sourcemap: 'linked',
  sourcesContent: false,
  legalComments: 'linked',
  logLevel: 'warning',
});
await chmod(target, 0o755);
