import { readFile, writeFile } from 'node:fs/promises';
import { expect } from 'chai';
import { Sysctls } from '../../lib/kernel/sysctls.ts';

const conntrack = 'net/ipv4/vs/conntrack';
const unknown = 'net/ipv4/vs/no_such_setting';

describe('kernel settings on a real kernel', () => {
  const table = new Sysctls({ keys: [conntrack, 'net/ipv4/ip_forward', unknown] });
  let found = '';

  before(async () => {
    found = await readFile(`/proc/sys/${conntrack}`, 'utf8');
  });

  after(async () => {
    await writeFile(`/proc/sys/${conntrack}`, found);
  });

  it('are read, those that the kernel lacks left out', async () => {
    const read = await table.read();
    expect([...read.keys()]).to.deep.equal([conntrack, 'net/ipv4/ip_forward']);
    expect(read.get(conntrack)?.value).to.match(/^[01]$/);
  });

  it('have the value that was written', async () => {
    for (const value of ['1', '0', '1']) {
      const after = { key: conntrack, value };
      expect((await table.apply([{ key: conntrack, before: undefined, after }])).size).to.equal(0);
      expect((await table.read()).get(conntrack)).to.deep.equal(after);
    }
  });

  it('are raised and never lowered where a greater number will do', async () => {
    const key = 'net/netfilter/nf_conntrack_udp_timeout_stream';
    const own = new Sysctls({ keys: [key] });
    const before = (await own.read()).get(key)!;
    try {
      for (const [value, left] of [
        ['200', '200'],
        ['100', '200'],
        ['300', '300'],
      ] as const) {
        await own.apply([{ key, before: undefined, after: { key, value, atLeast: true } }]);
        expect((await own.read()).get(key)?.value).to.equal(left);
      }
    } finally {
      await own.apply([{ key, before: undefined, after: before }]);
    }
  });

  it('are refused where the kernel lacks them or does not take the value', async () => {
    const missing = { key: unknown, value: '1' };
    const wrong = { key: conntrack, value: 'yes' };
    const refusals = await table.apply(
      [missing, wrong].map((after) => ({ key: after.key, before: undefined, after })),
    );
    expect(refusals.get(unknown)?.code).to.equal('ENOENT');
    expect(refusals.get(conntrack)?.code).to.equal('EINVAL');
  });
});
