import type { Logger } from 'pino';
import { Catalog } from '../catalog/catalog.ts';
import type { Configuration } from '../config/configuration.ts';
import { ConfigurationError } from '../config/configuration-error.ts';
import { flagOf } from '../config/flags.ts';
import { ManifestSource } from '../sources/manifests/manifest-source.ts';

/**
 * The directory that services come from.
 *
 * @throws ConfigurationError where none is configured
 */
export function manifestDirectory({ manifests }: Pick<Configuration, 'manifests'>): string {
  if (manifests !== undefined) return manifests;
  throw new ConfigurationError([
    {
      where: flagOf('manifests'),
      expected: 'a directory with Services and EndpointSlices',
      got: 'nothing',
      hint: 'name it: --manifests /etc/kube-ipvs/manifests',
      severity: 'error',
    },
  ]);
}

/** Reads a directory of manifests once. */
export async function readManifests(directory: string, log: Logger): Promise<Catalog> {
  const catalog = new Catalog();
  const source = new ManifestSource({ directory, catalog, log });
  await source.start();
  await source.stop();
  return catalog;
}
