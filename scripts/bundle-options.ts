import type { BuildOptions, Plugin } from 'esbuild';

/**
 * What stands before everything else in a program. V8 is told to keep its young generation at 1 MB and to collect when
 * the heap has grown by a fifth: left alone it takes three times what lives (docs/decisions/bundle.md). These flags work
 * only where they are set before the heap has grown. Packages that are CommonJS are let load Node's own modules.
 */
const banner = `#!/usr/bin/env node
import { createRequire as createRequireOfBundle } from 'node:module';
import { setFlagsFromString as setFlagOfV8 } from 'node:v8';
setFlagOfV8('--semi-space-growth-factor=1');
setFlagOfV8('--heap-growing-percent=20');
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

/**
 * Has Node's own modules handed over as objects. Imported by a statement each gets a face of an ES module, for which every
 * property is read, and `node:http` loads the whole of fetch for one of its properties: a sixth of the time until the
 * program begins, and 2 MB.
 */
const builtinsAsObjects: Plugin = {
  name: 'built-in modules as objects',
  setup(bundling) {
    bundling.onResolve({ filter: /^node:/ }, ({ path, kind }) =>
      kind === 'import-statement' ? { path, namespace: 'built-in' } : undefined,
    );
    bundling.onLoad({ filter: /^/, namespace: 'built-in' }, ({ path }) => ({
      contents: `module.exports = process.getBuiltinModule(${JSON.stringify(path)});`,
    }));
  },
};

/**
 * How a program is bundled: the same, to be run as it is. White space and comments go, for the source text is resident
 * as long as the process lives; names stay, so that stack traces can be read.
 */
export const bundleOptions = {
  ...libraryOptions,
  minifyWhitespace: true,
  minifySyntax: true,
  lineLimit: 120,
  banner: { js: banner },
  plugins: [builtinsAsObjects],
} satisfies BuildOptions;
