import { execFileSync } from 'node:child_process';
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

/** A piece of software as CycloneDX lists it. */
export interface Component {
  readonly type: 'application' | 'library' | 'container';
  readonly 'bom-ref': string;
  readonly name: string;
  readonly version: string;
  readonly purl?: string;
  /** The name by which databases of vulnerabilities know what no package manager has installed. */
  readonly cpe?: string;
}

/** A list of software, CycloneDX 1.5. */
export interface Software {
  readonly bomFormat: 'CycloneDX';
  readonly specVersion: string;
  /** Of the list. */
  readonly version: number;
  readonly metadata: { readonly component: Component };
  readonly components: readonly Component[];
  readonly dependencies: readonly object[];
}

/**
 * The software of an image: the npm packages that the program is made of, Node, and the Debian packages whose control files
 * the image has. The same files make the same list: it says nothing of when it was made.
 *
 * @param root the file tree of the image
 */
export function softwareOf(root: string): Software {
  const npm = JSON.parse(
    execFileSync('npm', ['sbom', '--omit=dev', '--sbom-format=cyclonedx', '--package-lock-only'], {
      encoding: 'utf8',
      maxBuffer: 64 << 20,
    }),
  ) as Software;
  const { version } = JSON.parse(readFileSync('package.json', 'utf8')) as { version: string };
  const node: Component = { ...component('application', 'node', process.versions.node), ...nodeNames() };
  return {
    bomFormat: npm.bomFormat,
    specVersion: npm.specVersion,
    version: 1,
    metadata: { component: component('container', 'kube-ipvs', version) },
    components: [...npm.components, node, ...debianPackages(root)],
    dependencies: npm.dependencies,
  };
}

function nodeNames(): Pick<Component, 'purl' | 'cpe'> {
  const { node } = process.versions;
  return {
    purl: `pkg:generic/node@${node}?arch=${process.arch}`,
    cpe: `cpe:2.3:a:nodejs:node.js:${node}:*:*:*:-:*:*:*`,
  };
}

function debianPackages(root: string): Component[] {
  const folder = join(root, 'var/lib/dpkg/status.d');
  return readdirSync(folder).map((name) => {
    const control = readFileSync(join(folder, name), 'utf8');
    const field = (title: string): string => new RegExp(`^${title}: (.*)$`, 'm').exec(control)?.[1] ?? '';
    const version = field('Version');
    const purl = `pkg:deb/debian/${name}@${encodeURIComponent(version)}?arch=${field('Architecture')}`;
    return { ...component('library', name, version), purl };
  });
}

function component(type: Component['type'], name: string, version: string): Component {
  return { type, 'bom-ref': `${name}@${version}`, name, version };
}
