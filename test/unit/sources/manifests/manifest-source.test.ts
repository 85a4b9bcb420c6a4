import {
  appendFile,
  chmod,
  mkdir,
  mkdtemp,
  rename,
  rm,
  symlink,
  truncate,
  utimes,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import { pino } from 'pino';
import { Catalog } from '../../../../lib/catalog/catalog.ts';
import { formatProblem } from '../../../../lib/model/problem.ts';
import { ManifestDirectoryError } from '../../../../lib/sources/manifests/manifest-directory.ts';
import {
  ManifestSource,
  type ManifestSourceOptions,
} from '../../../../lib/sources/manifests/manifest-source.ts';

const service = (name: string, port = 80): string =>
  `apiVersion: v1\nkind: Service\nmetadata: {name: ${name}}\nspec:\n  clusterIP: 10.0.0.${name.length}\n  ports:\n  - port: ${port}\n`;

const slice = (name: string, owner: string): string =>
  `apiVersion: discovery.k8s.io/v1\nkind: EndpointSlice\nmetadata:\n  name: ${name}\n  labels: {kubernetes.io/service-name: ${owner}}\naddressType: IPv4\nports: [{port: 80}]\nendpoints: [{addresses: [10.1.0.1]}]\n`;

/** Waits until a condition holds; the test's own time limit ends the wait. */
async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await sleep(2);
}

describe('ManifestSource', () => {
  const settleTime = 60;
  let directory: string;
  let catalog: Catalog;
  let lines: { level: number; msg: string }[];
  let source: ManifestSource;

  const file = (name: string): string => join(directory, name);
  const served = (): string[] =>
    [...catalog.keys()]
      .map((key) => `${key.slice(8)}:${catalog.get(key)?.service.ports[0]?.port ?? 0}`)
      .sort();
  const serving = (...services: string[]): Promise<void> =>
    until(() => JSON.stringify(served()) === JSON.stringify(services));
  const problems = (): string[] => source.problems().map(formatProblem);

  function create(options: Partial<ManifestSourceOptions> = {}): ManifestSource {
    const write = (line: string): void => {
      lines.push(JSON.parse(line) as { level: number; msg: string });
    };
    const log = pino({ base: null }, { write });
    return new ManifestSource({
      directory,
      catalog,
      log,
      debounceTime: 2,
      settleTime,
      pollTime: 20,
      ...options,
    });
  }

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'kube-ipvs-manifests-'));
    catalog = new Catalog();
    lines = [];
    source = create();
  });

  afterEach(async () => {
    await source.stop();
    await rm(directory, { recursive: true, force: true });
  });

  it('has everything in the catalog when it has started', async () => {
    await writeFile(file('b.yml'), `${service('one')}---\n${slice('one-1', 'one')}`);
    await writeFile(file('a.json'), '{"apiVersion":"v1","kind":"List","items":[]}');
    expect(catalog.synced).to.equal(false);
    await source.start();
    expect(catalog.synced).to.equal(true);
    expect(served()).to.deep.equal(['one:80']);
    expect(catalog.get('default/one')?.slices.map(({ name }) => name)).to.deep.equal(['one-1']);
    expect(source.problems()).to.deep.equal([]);
  });

  it('is synced with nothing where there is nothing', async () => {
    await source.start();
    expect(catalog.synced).to.equal(true);
    expect(served()).to.deep.equal([]);
  });

  it('refuses to start without its directory', async () => {
    source = create({ directory: file('missing') });
    const error: unknown = await source.start().catch((reason: unknown) => reason);
    expect(error).to.be.instanceOf(ManifestDirectoryError);
    expect(error).to.include({
      code: 'KUBE_IPVS_MANIFEST_DIRECTORY',
      message: `${file('missing')}: expected a readable directory of manifests, got ENOENT; create it or name another`,
    });
    expect(catalog.synced).to.equal(false);
  });

  it('refuses to start on a file', async () => {
    await writeFile(file('a.yaml'), service('one'));
    source = create({ directory: file('a.yaml') });
    const error: unknown = await source.start().catch((reason: unknown) => reason);
    expect(error).to.have.property('message').that.includes('got ENOTDIR');
  });

  it('passes over hidden files, backups, other endings and directories', async () => {
    await writeFile(file('a.yaml'), service('a'));
    for (const name of ['.hidden.yaml', '.a.yaml.swp', 'a.yaml~', '#a.yaml#', 'a.yaml.bak', 'notes.txt']) {
      await writeFile(file(name), service('other'));
    }
    await mkdir(file('deeper.yaml'));
    await writeFile(join(file('deeper.yaml'), 'b.yaml'), service('other'));
    await source.start();
    expect(served()).to.deep.equal(['a:80']);
  });

  it('tells once of every kind that it passes over', async () => {
    const foreign = 'apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: x}\n';
    await writeFile(file('a.yaml'), `${foreign}---\n${foreign}---\n${service('a')}`);
    await writeFile(file('b.yaml'), foreign);
    await source.start();
    expect(
      lines.filter(({ msg }) => msg.includes('Deployment')).map(({ level, msg }) => `${level} ${msg}`),
    ).to.deep.equal(['30 objects of kind Deployment are passed over']);
  });

  it('follows changes without waiting for its turn', async () => {
    source = create({ pollTime: 600_000 });
    await writeFile(file('a.yaml'), service('one'));
    await source.start();
    await writeFile(file('b.yaml'), service('three'));
    await serving('one:80', 'three:80');
    await writeFile(file('a.yaml'), service('one', 81));
    await serving('one:81', 'three:80');
    await rm(file('b.yaml'));
    await serving('one:81');
  });

  it('follows changes that nobody tells of, such as those of a file that is linked to from elsewhere', async () => {
    const elsewhere = await mkdtemp(join(tmpdir(), 'kube-ipvs-elsewhere-'));
    await writeFile(join(elsewhere, 'one'), service('one'));
    await symlink(join(elsewhere, 'one'), file('a.yaml'));
    await source.start();
    await writeFile(join(elsewhere, 'one'), service('one', 81));
    await serving('one:81');
    await rm(elsewhere, { recursive: true });
    await serving();
  });

  it('follows a file that is renamed over another', async () => {
    await writeFile(file('a.yaml'), service('one'));
    await source.start();
    await writeFile(file('.a.yaml.new'), service('one', 81));
    await rename(file('.a.yaml.new'), file('a.yaml'));
    await serving('one:81');
  });

  it('follows the symbolic links of a mounted ConfigMap', async () => {
    await mkdir(file('..v1'));
    await writeFile(join(file('..v1'), 'a.yaml'), service('one'));
    await symlink('..v1', file('..data'));
    await symlink('..data/a.yaml', file('a.yaml'));
    await source.start();
    expect(served()).to.deep.equal(['one:80']);
    await mkdir(file('..v2'));
    await writeFile(join(file('..v2'), 'a.yaml'), service('one', 81));
    await symlink('..v2', file('..data_tmp'));
    await rename(file('..data_tmp'), file('..data'));
    await rm(file('..v1'), { recursive: true });
    await serving('one:81');
  });

  it('never lets go of anything while a file is truncated and written again, piece by piece', async () => {
    const text = `${service('one')}---\n${service('three')}---\n${service('seven77')}`;
    await writeFile(file('a.yaml'), text);
    await utimes(file('a.yaml'), 0, 0);
    source = create({ settleTime: 60_000 });
    await source.start();
    catalog.takeChanged();
    for (let round = 0; round < 3; round++) {
      await truncate(file('a.yaml'));
      for (let from = 0; from < text.length; from += 25) {
        await appendFile(file('a.yaml'), text.slice(from, from + 25));
        await sleep(1);
      }
    }
    await writeFile(file('z.yaml'), `${service('zz')}...\n`);
    await serving('one:80', 'seven77:80', 'three:80', 'zz:80');
    expect([...catalog.takeChanged()]).to.deep.equal(['default/zz']);
    expect(lines.filter(({ level }) => level >= 40)).to.deep.equal([]);
  });

  it('keeps serving what an emptied or broken file held, and tells of it once, and when it is over', async () => {
    await writeFile(file('a.yaml'), service('one'));
    await source.start();
    for (const text of ['', `${service('one')}  - `]) {
      lines.length = 0;
      await writeFile(file('a.yaml'), text);
      await until(() => source.problems().length === 1);
      expect(served()).to.deep.equal(['one:80']);
      const [problem] = problems();
      await sleep(3 * settleTime);
      expect(lines.map(({ level, msg }) => `${level} ${msg}`)).to.deep.equal([`50 ${problem ?? ''}`]);
      await writeFile(file('a.yaml'), service('one'));
      await until(() => source.problems().length === 0);
      expect(lines.at(-1)).to.include({ level: 30, msg: `no longer a problem: ${problem ?? ''}` });
    }
  });

  it('warns of endpoints outside any service until these come, and withdraws slices', async () => {
    await writeFile(file('a.yaml'), slice('one-1', 'one'));
    await source.start();
    expect(lines.map(({ level }) => level)).to.deep.equal([40]);
    await writeFile(file('b.yaml'), service('one'));
    await serving('one:80');
    expect(catalog.get('default/one')?.slices.map(({ name }) => name)).to.deep.equal(['one-1']);
    await until(() => source.problems().length === 0);
    await rm(file('a.yaml'));
    await until(() => catalog.get('default/one')?.slices.length === 0);
    expect(served()).to.deep.equal(['one:80']);
  });

  it('serves everything else beside a file that is no manifest', async () => {
    await writeFile(file('a.yaml'), Buffer.from([0xff, 0xfe, 0x00]));
    await writeFile(file('b.yaml'), 'a: b: c\n');
    await writeFile(file('c.yaml'), service('one', 70000));
    await writeFile(file('d.yaml'), service('four'));
    await source.start();
    expect(served()).to.deep.equal(['four:80']);
    expect(problems()).to.deep.equal([
      'a.yaml: expected text in UTF-8, got other bytes; save it as UTF-8; until then the last good version of what it held is served',
      'b.yaml:1: expected YAML, got a fault: Nested mappings are not allowed in compact mappings; correct it; until then the last good version of what the file held is served',
      'c.yaml:7: Service default/one: spec.ports[0].port: expected a whole number from 1 to 65535, got 70000; write a number in this range',
    ]);
  });

  it('keeps what it had of a file that became too large or unreadable', async () => {
    await writeFile(file('a.yaml'), service('one'));
    await writeFile(file('loop.yaml'), service('four'));
    await source.start();
    await truncate(file('a.yaml'), 64 * 1024 * 1024 + 1);
    await rm(file('loop.yaml'));
    await symlink('loop.yaml', file('loop.yaml'));
    await until(() => source.problems().length === 2);
    expect(served()).to.deep.equal(['four:80', 'one:80']);
    expect(problems()).to.deep.equal([
      'a.yaml: expected a file of at most 67108864 bytes, got 67108865 bytes; split it into several; until then the last good version of what it held is served',
      'loop.yaml: expected a readable file, got ELOOP; make it readable or remove it; until then the last good version of what it held is served',
    ]);
  });

  it('keeps everything when the directory vanishes, and goes on when it is back', async () => {
    await writeFile(file('a.yaml'), service('one'));
    await source.start();
    await rename(directory, `${directory}-away`);
    await until(() => source.problems().length === 1);
    await sleep(2 * settleTime);
    expect(served()).to.deep.equal(['one:80']);
    expect(problems()).to.deep.equal([
      `${directory}: expected a readable directory of manifests, got ENOENT; restore it; until then everything that was read from it is served`,
    ]);
    await rename(`${directory}-away`, directory);
    await until(() => source.problems().length === 0);
    await writeFile(file('b.yaml'), service('three'));
    await serving('one:80', 'three:80');
  });

  it('watches the directory that took the place of the one before', async () => {
    await source.start();
    await rm(directory, { recursive: true });
    await mkdir(directory);
    await chmod(directory, 0o755);
    await writeFile(file('a.yaml'), service('one'));
    await serving('one:80');
  });

  it('leaves the catalog as it is when it stops', async () => {
    await writeFile(file('a.yaml'), service('one'));
    await source.start();
    await source.stop();
    await rm(file('a.yaml'));
    await sleep(3 * settleTime);
    expect(served()).to.deep.equal(['one:80']);
  });
});
