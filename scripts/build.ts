/**
 * Bundles the program into one file, `dist/kube-ipvs.mjs`, and the netlink library into another,
 * `dist/native-bindings.mjs`. They need Node and the two native packages only.
 */
import { chmod, readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { bundleOptions, libraryOptions } from './bundle-options.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const target = `${root}dist/kube-ipvs.mjs`;
const { version } = JSON.parse(await readFile(`${root}package.json`, 'utf8')) as { readonly version: string };

await build({
  ...libraryOptions,
  entryPoints: [`${root}native-bindings/index.ts`],
  outfile: `${root}dist/native-bindings.mjs`,
});
await build({
  ...bundleOptions,
  entryPoints: [`${root}lib/cli/main.ts`],
  outfile: target,
  define: { embeddedVersion: JSON.stringify(version) },
});
await chmod(target, 0o755);
