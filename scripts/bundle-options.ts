import type { BuildOptions } from 'esbuild';

/** Lets the packages in the bundle that are CommonJS load Node's own modules. */
const banner = `#!/usr/bin/env node
import { createRequire as createRequireOfBundle } from 'node:module';
const require = createRequireOfBundle(import.meta.url);`;

/** How a library is bundled: into one file that needs Node and the two native packages only. */
export const libraryOptions = {
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
} as const satisfies BuildOptions;

/** How a program is bundled: the same, to be run as it is. */
export const bundleOptions = { ...libraryOptions, banner: { js: banner } } as const satisfies BuildOptions;
