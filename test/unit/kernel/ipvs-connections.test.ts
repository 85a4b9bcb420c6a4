import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import {
  type IpvsConnection,
  parseConnection,
  readConnections,
} from '../../../lib/kernel/ipvs-connections.ts';

const headings = 'Pro FromIP   FPrt ToIP     TPrt DestIP   DPrt State       Expires PEName PEData';
const ipv4 = 'TCP C0A86F0A D431 0A60000A 0050 0AF40002 1F90 ESTABLISHED     894';
const ipv6 =
  'UDP fd00:0192:0000:0000:0000:0000:0000:0010 9C40 fd00:0010:0096:0000:0000:0000:0000:000a 0035 fd00:0010:0244:0000:0000:0000:0000:0002 0035 UDP              12';

/** All connections that a proc file system tells of. */
async function allIn(proc: string): Promise<readonly IpvsConnection[]> {
  const found: IpvsConnection[] = [];
  for await (const connection of readConnections(proc)) found.push(connection);
  return found;
}

describe('a line of /proc/net/ip_vs_conn', () => {
  it('tells a connection of IPv4', () => {
    expect(parseConnection(ipv4)).to.deep.equal({
      protocol: 'TCP',
      client: { address: '192.168.111.10', port: 54321 },
      virtualServer: { address: '10.96.0.10', port: 80 },
      endpoint: { address: '10.244.0.2', port: 8080 },
      state: 'ESTABLISHED',
      expires: 894,
      engine: '',
    });
  });

  it('tells a connection of IPv6', () => {
    expect(parseConnection(ipv6)).to.deep.include({
      client: { address: 'fd00:192::10', port: 40000 },
      virtualServer: { address: 'fd00:10:96::a', port: 53 },
      endpoint: { address: 'fd00:10:244::2', port: 53 },
    });
  });

  it('tells a persistence engine with what it remembers', () => {
    expect(parseConnection(`${ipv4} sip 1234@host`)).to.include({ engine: 'sip 1234@host' });
  });

  for (const line of [headings, '', 'TCP C0A86F0A D431', ipv4.replace('894', 'soon')]) {
    it(`is none where it is "${line.slice(0, 30)}"`, () => {
      expect(parseConnection(line)).to.equal(undefined);
    });
  }
});

describe('the connections that IPVS remembers', () => {
  let proc: string;

  before(() => {
    proc = mkdtempSync(join(tmpdir(), 'proc-'));
    mkdirSync(join(proc, 'net'));
  });

  after(() => {
    rmSync(proc, { recursive: true });
  });

  it('are read from proc, in order', async () => {
    writeFileSync(join(proc, 'net/ip_vs_conn'), `${[headings, ipv4, ipv6].join('\n')}\n`);
    const found = await allIn(proc);
    expect(found.map(({ protocol }) => protocol)).to.deep.equal(['TCP', 'UDP']);
  });

  it('cannot be read where IPVS is not loaded', async () => {
    rmSync(join(proc, 'net/ip_vs_conn'), { force: true });
    const outcome = await allIn(proc).catch((error: unknown) => error);
    expect(outcome).to.have.property('code', 'ENOENT');
  });
});
