import { createRequire } from 'node:module';

/** Put here by the build; absent where the sources run as they are. */
declare const embeddedVersion: string | undefined;

/** The version of this program, from `package.json`. */
export function programVersion(): string {
  if (typeof embeddedVersion === 'string') return embeddedVersion;
  const manifest = createRequire(import.meta.url)('../../package.json') as { readonly version: string };
  return manifest.version;
}
