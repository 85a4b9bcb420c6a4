import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { expect } from 'chai';
import sinon from 'sinon';
import { canSetConntrackLimits, hostFamilies } from '../../../lib/cli/host.ts';
import { setOomScore } from '../../../lib/cli/oom-score.ts';

describe('a host', () => {
  let proc = '';

  function write(path: string, text: string): string {
    const file = join(proc, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
    return file;
  }

  beforeEach(() => {
    proc = mkdtempSync(join(tmpdir(), 'proc-'));
  });

  afterEach(() => {
    rmSync(proc, { recursive: true });
  });

  it('has IPv4 alone where the kernel shows no addresses of IPv6', async () => {
    expect(await hostFamilies(proc)).to.deep.equal(['IPv4']);
    write('net/if_inet6', '');
    expect(await hostFamilies(proc)).to.deep.equal(['IPv4', 'IPv6']);
  });

  it('has its limits of connection tracking set where that can be done, or is not known yet', async () => {
    expect(await canSetConntrackLimits(proc)).to.equal(true);
    write('sys/net/netfilter/nf_conntrack_max', '65536\n');
    expect(await canSetConntrackLimits(proc)).to.equal(true);
  });

  it('has its limits of connection tracking left alone where they cannot be written', async () => {
    write('sys/net/netfilter', '');
    const mounted = join(proc, 'mounted');
    expect(await canSetConntrackLimits(proc, mounted)).to.equal(false);
    write('mounted/net/netfilter/nf_conntrack_max', '65536\n');
    expect(await canSetConntrackLimits(proc, mounted)).to.equal(true);
  });

  it('is told how readily to end the process, and it is no matter where it does not listen', async () => {
    const debug = sinon.fake();
    const file = write('self/oom_score_adj', '0\n');
    await setOomScore(-999, { debug }, file);
    expect(readFileSync(file, 'utf8')).to.match(/^-999/);
    expect(debug.called).to.equal(false);
    await setOomScore(-999, { debug }, join(proc, 'nothing'));
    expect(debug.calledOnce).to.equal(true);
  });
});
