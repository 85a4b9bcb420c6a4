import { expect } from 'chai';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { SchedulerIndex, type SchedulerVerdict } from '../../../lib/cli/scheduler-index.ts';

const loaded = [
  'ip_vs_rr 16384 2 - Live 0x0000000000000000',
  'ip_vs 200704 4 ip_vs_rr, Live 0x0000000000000000',
].join('\n');
const builtIn = ['kernel/net/netfilter/ipvs/ip_vs_lc.ko', 'kernel/net/ipv4/tunnel4.ko'].join('\n');
const loadable = [
  'kernel/net/netfilter/ipvs/ip_vs_mh.ko.zst: kernel/net/netfilter/ipvs/ip_vs.ko.zst',
  'updates/ip_vs_fo.ko:',
  'kernel/net/netfilter/ipvs/ip_vs_lblcr.ko.xz: kernel/net/netfilter/ipvs/ip_vs.ko.xz',
].join('\n');
const everything = {
  'proc/modules': `${loaded}\n`,
  'modules/modules.builtin': `${builtIn}\n`,
  'modules/modules.dep': `${loadable}\n`,
};

describe('the index of schedulers', () => {
  let root: string;

  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'schedulers-'));
  });

  afterEach(() => rm(root, { recursive: true }));

  async function verdicts(
    files: Readonly<Record<string, string>>,
    names: readonly string[],
    inUse: readonly string[] = [],
  ): Promise<SchedulerVerdict[]> {
    for (const [name, text] of Object.entries(files)) {
      await mkdir(dirname(join(root, name)), { recursive: true });
      await writeFile(join(root, name), text);
    }
    const places = { proc: join(root, 'proc'), sys: join(root, 'sys'), modules: join(root, 'modules') };
    const index = await SchedulerIndex.read(inUse, places);
    return names.map((name) => index.verdict(name));
  }

  it('has those of loaded modules, of built-in ones and of those that can be loaded, compressed or not', async () => {
    const names = ['rr', 'lc', 'mh', 'fo', 'lblcr'];
    expect(await verdicts(everything, names)).to.deep.equal(names.map(() => 'there'));
  });

  it('misses what is in no list, though another one begins or ends like it', async () => {
    expect(await verdicts(everything, ['twos', 'lblc', 'r', 'wrr'])).to.deep.equal(
      Array.from({ length: 4 }, () => 'missing'),
    );
  });

  it('counts those that virtual servers have', async () => {
    expect(await verdicts(everything, ['twos'], ['twos'])).to.deep.equal(['there']);
  });

  for (const file of ['modules/modules.builtin', 'modules/modules.dep'] as const) {
    it(`does not know of others without ${file}`, async () => {
      const rest = Object.fromEntries(Object.entries(everything).filter(([name]) => name !== file));
      expect(await verdicts(rest, ['rr', 'twos'])).to.deep.equal(['there', 'unknown']);
    });
  }

  it('misses what could be loaded where the kernel loads no more modules', async () => {
    const files = { ...everything, 'proc/sys/kernel/modules_disabled': '1\n' };
    expect(await verdicts(files, ['mh', 'rr', 'lc'])).to.deep.equal(['missing', 'there', 'there']);
  });
});
