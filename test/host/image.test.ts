import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import type { Software } from '../../scripts/image/sbom.ts';

/** The files of the image, which `make image-tree` puts there as the Dockerfile does. */
const tree = 'build/image';

/** What a program of the image prints, with nothing around it but the image. */
function inImage(...command: readonly string[]): string {
  return execFileSync('chroot', [tree, ...command], {
    encoding: 'utf8',
    env: { PATH: '/usr/sbin:/usr/bin' },
  });
}

/** Every file, as the image calls it. */
function files(): string[] {
  return readdirSync(tree, { recursive: true, withFileTypes: true })
    .filter((entry) => !entry.isDirectory())
    .map((entry) => join('/', entry.parentPath.slice(tree.length), entry.name));
}

describe('the files of the image', () => {
  it('run the program, its addon and Node of the version that it is tested on', () => {
    expect(inImage('kube-ipvs', '--version')).to.match(/^kube-ipvs \d+\.\d+\.\d+\n$/);
    expect(inImage('kube-ipvs', 'version')).to.contain(`node       ${process.versions.node}\n`);
    expect(inImage('node', '-p', 'process.version')).to.equal(`${process.version}\n`);
  });

  it('have iptables of both flavours, and no bare name that hides which', () => {
    for (const stem of ['iptables', 'ip6tables']) {
      expect(inImage(`${stem}-nft`, '--version')).to.match(/\(nf_tables\)/);
      expect(inImage(`${stem}-legacy`, '--version')).to.match(/\(legacy\)/);
      for (const program of [`${stem}-nft-restore`, `${stem}-nft-save`, `${stem}-legacy-restore`])
        expect(inImage(program, '--version')).to.match(/^ip6?tables/);
      expect(existsSync(join(tree, 'usr/sbin', stem))).to.equal(false);
    }
    const set = readdirSync(join(tree, 'usr/lib')).map((folder) =>
      join(tree, 'usr/lib', folder, 'xtables/libxt_set.so'),
    );
    expect(set.filter((file) => existsSync(file))).to.have.length(1);
  });

  it('have no shell, no package manager, no compiler, and nothing to compile', () => {
    const names = files().map((file) => file.split('/').at(-1));
    for (const program of [
      'sh',
      'bash',
      'dash',
      'busybox',
      'apt-get',
      'dpkg',
      'npm',
      'npx',
      'cc',
      'gcc',
      'python3',
      'perl',
    ])
      expect(names, program).not.to.include(program);
    expect(files().filter((file) => /\.(c|cc|cpp|h|gyp|ts)$/.test(file))).to.deep.equal([]);
  });

  it('have nothing of the repository but the program, its manifest and its licence', () => {
    const own = files().filter((file) => file.startsWith('/opt/') && !file.includes('/node_modules/'));
    expect(own.sort()).to.deep.equal(
      ['LICENSE', 'dist/kube-ipvs.mjs', 'package.json', 'sbom.cdx.json'].map(
        (file) => `/opt/kube-ipvs/${file}`,
      ),
    );
  });

  describe('have a list of their software that', () => {
    const read = (): Software =>
      JSON.parse(readFileSync(join(tree, 'opt/kube-ipvs/sbom.cdx.json'), 'utf8')) as Software;

    it('names every npm package that is shipped, with its version', () => {
      const { dependencies } = JSON.parse(readFileSync('package.json', 'utf8')) as { dependencies: object };
      const names = read().components.map(({ purl = '' }) => decodeURIComponent(purl));
      for (const dependency of Object.keys(dependencies)) {
        const manifest = readFileSync(join('node_modules', dependency, 'package.json'), 'utf8');
        const { name, version } = JSON.parse(manifest) as { name: string; version: string };
        expect(names).to.include(`pkg:npm/${name}@${version}`);
      }
      expect(names.filter((name) => name.startsWith('pkg:npm/mocha'))).to.deep.equal([]);
    });

    it('names Node and every Debian package, as scanners find them too', () => {
      const { bomFormat, components, metadata } = read();
      expect([bomFormat, metadata.component.name]).to.deep.equal(['CycloneDX', 'kube-ipvs']);
      const node = components.find(({ name }) => name === 'node');
      expect(node?.version).to.equal(process.versions.node);
      expect(node?.cpe).to.equal(`cpe:2.3:a:nodejs:node.js:${process.versions.node}:*:*:*:-:*:*:*`);
      const debian = components.filter(({ purl }) => purl?.startsWith('pkg:deb/debian/'));
      const found = readdirSync(join(tree, 'var/lib/dpkg/status.d'));
      expect(debian.map(({ name }) => name)).to.have.members(found);
      expect(found).to.include.members(['iptables', 'libc6', 'libstdc++6']);
      for (const { version } of debian) expect(version).to.match(/^\d/);
    });

    it('gives every component a name of its own', () => {
      const references = read().components.map((component) => component['bom-ref']);
      expect(new Set(references).size).to.equal(references.length);
    });
  });
});
