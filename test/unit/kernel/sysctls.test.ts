import { mkdir, mkdtemp, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { expect } from 'chai';
import { Sysctls } from '../../../lib/kernel/sysctls.ts';

const conntrack = 'net/ipv4/vs/conntrack';

describe('kernel settings', () => {
  let root = '';
  const file = (key: string): string => join(root, key);

  async function put(key: string, value: string): Promise<void> {
    await mkdir(dirname(file(key)), { recursive: true });
    await writeFile(file(key), value);
  }

  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'sysctls-'));
  });

  afterEach(async () => {
    await rm(root, { recursive: true });
  });

  it('are read without the white space around them', async () => {
    await put(conntrack, '1\n');
    const table = new Sysctls({ keys: [conntrack], root });
    expect([...(await table.read()).values()]).to.deep.equal([{ key: conntrack, value: '1' }]);
  });

  it('read as absent where the kernel does not have them', async () => {
    const table = new Sysctls({ keys: [conntrack], root });
    expect((await table.read()).size).to.equal(0);
  });

  it('are written when they differ', async () => {
    await put(conntrack, '0\n');
    const table = new Sysctls({ keys: [conntrack], root });
    const after = { key: conntrack, value: '1' };
    expect((await table.apply([{ key: conntrack, before: undefined, after }])).size).to.equal(0);
    expect(await readFile(file(conntrack), 'utf8')).to.match(/^1/);
  });

  it('are not written when they are right already, whatever was believed', async () => {
    await put(conntrack, '1\n');
    await utimes(file(conntrack), 1, 1);
    const table = new Sysctls({ keys: [conntrack], root });
    const after = { key: conntrack, value: '1' };
    const before = { key: conntrack, value: '0' };
    expect((await table.apply([{ key: conntrack, before, after }])).size).to.equal(0);
    expect((await stat(file(conntrack))).mtimeMs).to.equal(1000);
  });

  it('are only ever raised where a greater number will do', async () => {
    const key = 'net/netfilter/nf_conntrack_max';
    const table = new Sysctls({ keys: [key], root });
    const after = { key, value: '131072', atLeast: true } as const;
    for (const [found, left] of [
      ['65536', '131072'],
      ['131072', '131072'],
      ['1048576', '1048576'],
    ] as const) {
      await put(key, `${found}\n`);
      const held = (await table.read()).get(key)!;
      expect(table.equals(held, after), found).to.equal(found === left);
      expect((await table.apply([{ key, before: held, after }])).size).to.equal(0);
      expect((await readFile(file(key), 'utf8')).trim(), found).to.equal(left);
    }
  });

  it('are refused with ENOENT where the kernel does not have them, and none is made', async () => {
    const table = new Sysctls({ keys: [conntrack], root });
    const after = { key: conntrack, value: '1' };
    const refusal = (await table.apply([{ key: conntrack, before: undefined, after }])).get(conntrack);
    expect(refusal?.code).to.equal('ENOENT');
    expect(refusal?.message).to.contain('load the module');
    expect((await table.read()).size).to.equal(0);
  });

  it('do not keep each other from being written', async () => {
    await put('b', '0');
    const table = new Sysctls({ keys: ['a', 'b'], root });
    const refusals = await table.apply(
      ['a', 'b'].map((key) => ({ key, before: undefined, after: { key, value: '1' } })),
    );
    expect([...refusals.keys()]).to.deep.equal(['a']);
    expect(await readFile(file('b'), 'utf8')).to.equal('1');
  });

  it('stay as they are when they are removed', async () => {
    await put(conntrack, '1');
    const table = new Sysctls({ keys: [conntrack], root });
    const before = { key: conntrack, value: '1' };
    expect((await table.apply([{ key: conntrack, before, after: undefined }])).size).to.equal(0);
    expect(await readFile(file(conntrack), 'utf8')).to.equal('1');
  });

  it('cannot be read where there is a directory in place of a value', async () => {
    await mkdir(file(conntrack), { recursive: true });
    const table = new Sysctls({ keys: [conntrack], root });
    const error = await table.read().catch((reason: unknown) => reason);
    expect(error).to.include({ name: 'TableError', code: 'EISDIR' });
  });

  it('are equal whatever white space parts their numbers', () => {
    const table = new Sysctls({ keys: [], root });
    const range = (value: string) => ({ key: 'net/ipv4/ip_local_port_range', value });
    expect(table.equals(range('32768\t60999'), range('32768 60999'))).to.equal(true);
    expect(table.equals(range('32768 60999'), range('32768 61000'))).to.equal(false);
  });
});
