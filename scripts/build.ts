/**
 * Bundles the program into one file, `dist/kube-ipvs.mjs`, and the netlink library into another,
 * `dist/native-bindings.mjs`. They need Node and the two native packages only.
 */
import { chmod, readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { build, type BuildOptions } from 'esbuild';

const root = fileURLToPath(new URL('..', import.meta.url));
const target = `${root}dist/kube-ipvs.mjs`;
const { version } = JSON.parse(await readFile(`${root}package.json`, 'utf8')) as { readonly version: string };

/** Lets the packages in the bundle that are CommonJS load Node's own modules. */
const banner = `#!/usr/bin/env node
import { createRequire as createRequireOfBundle } from 'node:module';
const require = createRequireOfBundle(import.meta.url);`;

const shared: BuildOptions = {
  bundle: true,
  format: 'esm',
  platform: 'node',
  target: 'node22',
  external: ['ffi-napi', 'ref-napi'],
  mainFields: ['module', 'main'],
  sourcemap: 'linked',
  sourcesContent: false,
  legalComments: 'linked',
  logLevel: 'warning',
};
await build({
  ...shared,
  entryPoints: [`${root}native-bindings/index.ts`],
  outfile: `${root}dist/native-bindings.mjs`,
});
await build({
  ...shared,
  entryPoints: [`${root}lib/cli/main.ts`],
  outfile: target,
  banner: { js: banner },
  define: { embeddedVersion: JSON.stringify(version) },
});
await chmod(target, 0o755);
